// Sending: each waiting file encrypted for its recipient, in a message of its own. What the network can't take now
// waits; what has left doesn't leave twice.

import { chiffrer, choisirCertificat, compresser, verifierListes } from "./cms.mjs";
import { MessageRefuse, Refus, ReseauIndisponible } from "./erreurs.mjs";
import { changerFactures } from "./lots.mjs";
import { ajouter, avancer } from "./magasin.mjs";
import { composer, envoyer } from "./messagerie.mjs";

export async function transmettre(poste) {
  const attente = poste.magasin.donnees.fichiers.filter((f) => f.statut === "a_transmettre");
  if (attente.length === 0) {
    poste.montrer("information", "Aucun fichier n'attend d'être transmis");
    return { messages: [] };
  }
  const annuaire = await poste.services.appeler("annuaire.certificats", {});
  verifierListes(annuaire, poste.horloge.instant, (texte) => poste.montrer("alerte", texte));
  const messages = [];
  for (const fichier of attente) messages.push(await transmettreUn(poste, fichier, annuaire));
  return { messages };
}

async function transmettreUn(poste, fichier, annuaire) {
  const rendre = (statut, detail, sujet = "") => {
    poste.montrer(statut === "accepte" ? "information" : "erreur", `Fichier ${fichier.numero} ${statut} : ${detail}`);
    return { sujet, destinataire: fichier.adresse, fichier: fichier.numero, statut, detail };
  };
  let message;
  try {
    message = preparer(poste, fichier, annuaire);
  } catch (erreur) {
    if (erreur instanceof Refus) return rendre("reporte", erreur.message);
    throw erreur;
  }
  try {
    const reponse = await envoyer(poste.environnement.smtp, message);
    prendreActe(poste, fichier, message);
    return rendre("accepte", `remis au réseau pour ${fichier.adresse} (${reponse})`, message.sujet);
  } catch (erreur) {
    if (erreur instanceof ReseauIndisponible) return rendre("reporte", erreur.message, message.sujet);
    if (erreur instanceof MessageRefuse) return rendre("refuse", erreur.message, message.sujet);
    throw erreur;
  }
}

// The compostage is never used twice: its counter moves on even when the sending then fails.
function preparer(poste, fichier, annuaire) {
  const alerter = (texte) => poste.montrer("alerte", texte);
  const certificat = choisirCertificat(annuaire, fichier.adresse, poste.horloge.instant, alerter);
  const rang = poste.magasin.modifier((d) => avancer(d, "message")) % 100_000;
  const compression = poste.parametrage.compression;
  const clair = Buffer.from(fichier.contenu, "base64");
  const contenu = compression ? compresser(clair) : clair;
  return composer({
    de: poste.environnement.smtp.adresse,
    fichier,
    compostage: `${poste.horloge.compact}${String(rang).padStart(5, "0")}`,
    date: poste.horloge.entete,
    description: `FACTURE/SV/${compression ? "ZK" : "K"}`,
    piece: poste.faute === "en-clair" ? contenu : chiffrer(contenu, certificat),
  });
}

function prendreActe(poste, fichier, message) {
  poste.magasin.modifier((d) => {
    d.fichiers.find((f) => f.id === fichier.id).statut = "transmis";
    ajouter(d, "messages", { sujet: message.sujet, fichier: fichier.id, numero: fichier.numero });
    for (const lot of d.lots.filter((l) => fichier.lots.includes(l.id))) {
      lot.statut = "transmis";
      changerFactures(d, lot, "transmise");
    }
  });
}
