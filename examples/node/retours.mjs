// What comes back by POP3: ARL (translated by the services), RSP, service messages, ART, non-delivery reports; each
// held against what was sent. A message leaves the mailbox once the workstation has kept what it says.

import { Refus } from "./erreurs.mjs";
import { euros } from "./horloge.mjs";
import { changerFactures } from "./lots.mjs";
import { lireMessage, relever } from "./messagerie.mjs";
import { lireRsp } from "./noemie.mjs";
import { champ, tous } from "./services.mjs";

const TYPES_ARL = { F: "FSE", D: "DRE" };
const TYPES_RSP = { F: "FSE", B: "FSE", D: "DRE", "": "FSE" };
const SERVICES = {
  "SERVICE/REJET-SMTP": "Message de service, rejet SMTP",
  "SERVICE/REJET-FICHIER": "Message de service, rejet de fichier",
  "SERVICE/REJET-CHIFFREMENT": "Message de service, rejet de chiffrement",
  "SERVICE/AR_P": "Accusé de réception de l'opérateur de messagerie",
};
const NON_REMISES_ALERTE = 2;
const ACCUSE_OPERATEUR = "SERVICE/AR_P";

export async function releverRetours(poste) {
  const retours = [];
  await relever(poste.environnement.pop3, async (uid, texte) => {
    if (poste.magasin.donnees.releves.includes(uid)) return; // already kept: only its deletion had failed
    const message = lireMessage(texte);
    retours.push(...(await traiter(poste, message)));
    compterNonRemises(poste, message);
    poste.magasin.modifier((d) => d.releves.push(uid));
  });
  if (retours.length === 0) poste.montrer("information", "Aucun retour dans la boîte aux lettres");
  return { retours };
}

async function traiter(poste, { entetes, parties }) {
  const sujet = entetes.subject ?? "";
  if (estNonRemise(entetes)) return nonRemise(poste, parties);
  for (const { entetes: e, octets } of parties) {
    const description = (e["content-description"] ?? "").toUpperCase();
    if (description.startsWith("ARL/")) return traiterArl(poste, octets);
    if (description.startsWith("RSP/")) return traiterRsp(poste, octets);
    if (description in SERVICES) return traiterService(poste, description, sujet, octets);
    if (description === "ART" || description.startsWith("ART/")) return traiterArt(poste, octets);
  }
  return inconnu(poste, `message non reconnu, sujet « ${sujet.slice(0, 200)} »`);
}

// --- ARL: opaque, translated by the services (group 15) -----------------------------------------------------
async function traiterArl(poste, octets) {
  let groupes;
  try {
    ({ groupes } = await poste.services.appeler("ssv.traduire_arl", { fichier: octets.toString("base64") }));
  } catch (erreur) {
    if (erreur instanceof Refus) return inconnu(poste, `fichier d'ARL illisible : ${erreur.message}`, erreur.codeRetour);
    throw erreur;
  }
  return tous(groupes, 15).map((g) => acquitter(poste, g));
}

function acquitter(poste, g) {
  const [reference, dateLot, type] = [champ(g, 1), champ(g, 2), TYPES_ARL[champ(g, 3)]];
  const [positif, code, libelle] = [champ(g, 5) === "P", champ(g, 6), champ(g, 7)];
  const facture = /^0*$/.test(champ(g, 8)) ? "" : champ(g, 8);
  return poste.magasin.modifier((d) => {
    const lot = d.lots.findLast(
      (l) => l.reference === reference && l.type === type && l.jour.replaceAll("-", "") === dateLot,
    );
    const verdict = positif ? "acquitté" : `rejeté : ${code} ${libelle}${facture ? `, facture ${facture}` : ""}`;
    if (!lot) {
      poste.montrer("alerte", `ARL du lot ${reference}, inconnu de ce poste`);
      return retour("ARL", `lot ${reference} inconnu de ce poste`, { lot: reference, positif, code, rapproche: false });
    }
    Object.assign(lot, positif ? { statut: "acquitte" } : { statut: "rejete", codeRejet: code, factureEnCause: facture });
    changerFactures(d, lot, positif ? "acquittee" : "lot_rejete");
    poste.montrer(positif ? "information" : "erreur", `Lot ${reference} de ${type} ${verdict}`);
    return retour("ARL", `lot ${reference} ${verdict}`, { lot: reference, facture, positif, code });
  });
}

// --- RSP: payments and rejects --------------------------------------------------------------------------------
function traiterRsp(poste, octets) {
  let reglees;
  try {
    reglees = lireRsp(octets);
  } catch (erreur) {
    if (erreur instanceof RangeError) return inconnu(poste, `RSP : ${erreur.message}`);
    throw erreur;
  }
  return reglees.map((r) => regler(poste, r));
}

function regler(poste, r) {
  const montant = r.parts.reduce((total, p) => total + p.montant, 0);
  const differe = r.parts.some((p) => p.etat === "D");
  const rejete = r.parts.some((p) => p.etat === "R") || r.rejets.length > 0;
  const positif = differe ? null : !rejete;
  const motif = r.rejets.map((x) => `${x.code} ${x.libelle}`).join(" ; ");
  const sort = differe ? "règlement différé" : rejete ? `rejetée : ${motif}` : `payée ${euros(montant)}`;
  return poste.magasin.modifier((d) => {
    const type = TYPES_RSP[r.type];
    const facture = d.factures.find((f) => f.numero === r.numero && f.type === type && f.statut !== "supprimee");
    if (facture && !differe) {
      Object.assign(facture, rejete ? { statut: "rejetee", motifRejet: motif } : { statut: "payee" });
      if (!rejete) facture.montantPaye = montant;
    }
    const resume = `facture ${r.numero} ${sort}${facture ? "" : ", inconnue de ce poste"}`;
    poste.montrer(positif && facture ? "information" : "alerte", `RSP : ${resume}`);
    const code = r.rejets[0]?.code ?? "";
    return retour("RSP", resume, {
      ...{ lot: r.lot, facture: r.numero, positif, code, montant, rapproche: Boolean(facture) },
    });
  });
}

// --- the rest ------------------------------------------------------------------------------------------------
// The Subject ends with that of the message sent, by which it is found again.
function traiterService(poste, description, sujet, octets) {
  const origine = sujet.split("/").slice(2).join("/");
  const connu = poste.magasin.donnees.messages.find((m) => m.sujet === origine);
  const libelle = SERVICES[description];
  const aPropos = connu ? `du message ${origine} (fichier ${connu.numero})` : `d'un message inconnu, ${origine}`;
  poste.montrer("alerte", `${libelle}, à propos ${aPropos} : ${enLigne(octets)}`);
  return [
    retour("SERVICE", `${libelle} : ${enLigne(octets)}`, {
      positif: description === ACCUSE_OPERATEUR ? null : false,
      message_origine: origine,
      rapproche: Boolean(connu),
    }),
  ];
}

function traiterArt(poste, octets) {
  poste.montrer("alerte", `Message d'un organisme concentrateur : ${enLigne(octets)}`);
  return [retour("ART", enLigne(octets), { rapproche: false })];
}

// The message never reached its recipient: its file waits again.
function nonRemise(poste, parties) {
  const cite = parties.find((p) => /^(text\/rfc822-headers|message\/rfc822)/i.test(p.entetes["content-type"] ?? ""));
  const origine = cite ? (lireMessage(cite.octets.toString("latin1")).entetes.subject ?? "") : "";
  const message = poste.magasin.donnees.messages.find((m) => m.sujet === origine);
  if (message) {
    poste.magasin.modifier((d) => {
      const fichier = d.fichiers.find((f) => f.id === message.fichier);
      fichier.statut = "a_transmettre";
      for (const lot of d.lots.filter((l) => fichier.lots.includes(l.id) && l.statut === "transmis")) {
        lot.statut = "a_transmettre";
        changerFactures(d, lot, "en_lot");
      }
    });
  }
  const suite = message ? ` ; fichier ${message.numero} à transmettre de nouveau` : "";
  poste.montrer("alerte", `Avis de non-remise du réseau pour le message ${origine || "inconnu"}${suite}`);
  const details = { positif: false, message_origine: origine, rapproche: Boolean(message) };
  return [retour("SERVICE", `avis de non-remise${suite}`, details)];
}

function estNonRemise(entetes) {
  return /^multipart\/report/i.test(entetes["content-type"] ?? "");
}

// Reports that follow one another, whatever the message and the recipient, say that the mail no longer passes.
function compterNonRemises(poste, { entetes }) {
  const suite = poste.magasin.modifier((d) => {
    d.compteurs.nonRemises = estNonRemise(entetes) ? (d.compteurs.nonRemises ?? 0) + 1 : 0;
    return d.compteurs.nonRemises;
  });
  if (suite >= NON_REMISES_ALERTE) {
    poste.montrer("alerte", `${suite} avis de non-remise successifs : la messagerie ne passe plus, prévenir l'opérateur`);
  }
}

function inconnu(poste, resume, code = "") {
  poste.montrer("alerte", `Retour gardé pour examen : ${resume}`);
  return [retour("INCONNU", resume, { code, rapproche: false })];
}

function retour(nature, resume, details) {
  return { nature, resume: resume.slice(0, 500), ...details };
}

function enLigne(octets) {
  return octets.toString("latin1").replace(/\s+/g, " ").trim().slice(0, 500);
}
