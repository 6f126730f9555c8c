// Lots, files: grouped by the criteria that the services give, never by our own ideas.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { Refus } from "./erreurs.mjs";
import { MODE } from "./facture.mjs";
import { compacter, euros } from "./horloge.mjs";
import { ajouter, avancer } from "./magasin.mjs";
import { avecCode, champ, groupe } from "./services.mjs";

const MAX_FACTURES = 999;
const ALPHABET = 26;
const REEMISSIBLES = ["rejete", "transmis"];

// --- lots --------------------------------------------------------------------------------------------------
export async function constituer(poste, params) {
  const attente = poste.magasin.donnees.factures.filter((f) => f.statut === "securisee");
  const paquets = ["FSE", "DRE"].flatMap((type) => regrouper(attente.filter((f) => f.type === type), "critere"));
  const aFormer = paquets.flatMap((p) => decouper(trier(poste, p))).map((factures) => ({ factures }));
  if (aFormer.length === 0) poste.montrer("information", "Aucune facture sécurisée n'attend d'être mise en lot");
  return { lots: await formerSerie(poste, aFormer, params.code_porteur ?? null) };
}

function regrouper(objets, cle) {
  const paquets = new Map();
  for (const o of objets) paquets.set(o[cle], [...(paquets.get(o[cle]) ?? []), o]);
  return [...paquets.values()];
}

function trier(poste, factures) {
  if (poste.faute === "lot-non-trie") return factures;
  return [...factures].sort((a, b) => a.numero.localeCompare(b.numero));
}

function decouper(factures) {
  const morceaux = [];
  for (let i = 0; i < factures.length; i += MAX_FACTURES) morceaux.push(factures.slice(i, i + MAX_FACTURES));
  return morceaux;
}

// One series: the code porteur goes with the first lot only, the last one ends the series and frees the cards.
async function formerSerie(poste, aFormer, codePorteur) {
  if (aFormer.length && !codePorteur) throw new Refus("code porteur exigé pour signer le premier lot d'une série");
  for (const lot of aFormer) montrer(poste, lot);
  const faits = [];
  for (const [rang, lot] of aFormer.entries()) {
    try {
      const code = rang === 0 ? codePorteur : null;
      faits.push(await former(poste, lot, code, rang === aFormer.length - 1));
    } catch (erreur) {
      if (faits.length) await clore(poste);
      throw erreur;
    }
  }
  return faits.map(rendre);
}

// A series that stops halfway would keep the cards reserved: starting the services again frees them.
async function clore(poste) {
  await poste.services.fermer();
  await poste.services.ouvrir();
}

async function former(poste, lot, codePorteur, finDeSerie) {
  const { type } = lot.factures[0];
  const reference = prochaineReference(poste.magasin.donnees, type);
  const forme = await poste.services.appeler("ssv.formater_lot", {
    reference,
    date: compacter(poste.horloge.jour),
    numero_agrement: poste.parametrage.numero_agrement,
    factures: lot.factures.map((f) => f.contenu),
    fin_de_serie: finDeSerie,
    ...avecCode(codePorteur),
  });
  const adressage = forme.groupes[0];
  return poste.magasin.modifier((d) => {
    d.compteurs[`lot${type}`] = suivante(type, reference);
    if (lot.remplace) ecarter(d, lot.remplace);
    for (const f of d.factures.filter((x) => lot.factures.some((y) => y.id === x.id))) {
      Object.assign(f, { statut: "en_lot", lot: reference });
    }
    return ajouter(d, "lots", {
      reference,
      type,
      mode: MODE,
      statut: "a_transmettre",
      jour: poste.horloge.jour,
      factures: lot.factures.map((f) => f.id),
      numeros: lot.factures.map((f) => f.numero),
      contenu: forme.lot,
      critere: forme.critere_fichier,
      adresse: adresse(type, adressage),
      emetteur: champ(adressage, 4),
      version: champ(adressage, 7),
      remplace: lot.remplace?.reference ?? "",
    });
  });
}

// The mailbox of the recipient, from group 13 (FSE: régime and organisation) or 93 (DRE: routing, host, domain).
function adresse(type, g) {
  if (type === "DRE") return `${champ(g, 8)}${champ(g, 9)}@${champ(g, 10)}`;
  const [regime, organisme] = [champ(g, 8), champ(g, 9)];
  return `${regime}${organisme}@${organisme}.${regime}.rss.test`;
}

// The next reference that no lot in progress bears: 001 to 999, AAA to ZZZ, then round again.
function prochaineReference(donnees, type) {
  const prises = new Set(
    donnees.lots
      .filter((l) => l.type === type && ["a_transmettre", "transmis", "rejete"].includes(l.statut))
      .map((l) => l.reference),
  );
  let reference = donnees.compteurs[`lot${type}`];
  for (let essais = 0; prises.has(reference); essais += 1) {
    if (essais > ALPHABET ** 3) throw new Refus("toutes les références de lot sont prises par des lots en cours");
    reference = suivante(type, reference);
  }
  return reference;
}

export function suivante(type, reference) {
  if (type === "FSE") return String((Number(reference) % 999) + 1).padStart(3, "0");
  const rang = [...reference].reduce((r, lettre) => r * ALPHABET + lettre.charCodeAt(0) - 65, 0) + 1;
  const chiffres = [Math.floor(rang / ALPHABET ** 2), Math.floor(rang / ALPHABET), rang];
  return chiffres.map((c) => String.fromCharCode(65 + (c % ALPHABET))).join("");
}

function montrer(poste, lot) {
  const lignes = lot.factures.map((f) => `  ${f.numero}  ${f.nom}  ${euros(f.montants.total)}`);
  const titre = `Lot de ${lot.factures[0].type} à signer, ${lot.factures.length} facture(s) :`;
  poste.montrer("information", [titre, ...lignes].join("\n"));
}

export function lister(poste, params) {
  const { lots } = poste.magasin.donnees;
  return { lots: lots.filter((l) => !params.reference || l.reference === params.reference).map(rendre) };
}

export function rendre(l) {
  return {
    reference: l.reference,
    type: l.type,
    mode: l.mode,
    statut: l.statut,
    factures: l.numeros,
    destinataire: l.adresse,
    code_rejet: l.codeRejet ?? "",
    facture_en_cause: l.factureEnCause ?? "",
    remplace: l.remplace,
  };
}

// --- after a negative ARL ----------------------------------------------------------------------------------
function trouver(poste, reference) {
  const lot = poste.magasin.donnees.lots.findLast((l) => l.reference === reference);
  if (!lot) throw new Refus(`aucun lot de référence « ${String(reference).slice(0, 10)} » sur ce poste`);
  return lot;
}

// Again as it was, or without some invoices: then another reference, and secured again.
export async function reemettre(poste, params) {
  const lot = trouver(poste, params.reference);
  if (!REEMISSIBLES.includes(lot.statut)) throw new Refus(`le lot ${lot.reference} est « ${lot.statut} »`);
  const sans = params.sans_factures ?? [];
  if (sans.length === 0) {
    return poste.magasin.modifier((d) => {
      const vise = d.lots.find((l) => l.id === lot.id);
      vise.statut = "a_transmettre";
      changerFactures(d, vise, "en_lot");
      poste.montrer("information", `Lot ${lot.reference} à transmettre de nouveau, tel qu'il était`);
      return { lots: [rendre(vise)] };
    });
  }
  const inconnue = sans.find((n) => !lot.numeros.includes(n));
  if (inconnue) throw new Refus(`facture ${inconnue} absente du lot ${lot.reference}`);
  const duLot = poste.magasin.donnees.factures.filter((f) => lot.factures.includes(f.id));
  const gardees = duLot.filter((f) => !sans.includes(f.numero));
  if (gardees.length === 0) throw new Refus(`il ne resterait aucune facture dans le lot ${lot.reference}`);
  const lots = await formerSerie(poste, [{ factures: gardees, remplace: lot }], params.code_porteur ?? null);
  poste.montrer("information", `Lot ${lot.reference} refait sous la référence ${lots[0].reference}`);
  return { lots };
}

// The lot replaced, and its invoices, of which those kept are about to enter the new one.
function ecarter(donnees, ancien) {
  donnees.lots.find((l) => l.id === ancien.id).statut = "remplace";
  for (const f of donnees.factures.filter((x) => ancien.factures.includes(x.id))) {
    Object.assign(f, { statut: "rejetee", motifRejet: `écartée du lot ${ancien.reference}` });
  }
}

export function exporter(poste, params) {
  const lot = trouver(poste, params.reference);
  const nom = `lot-${lot.reference}-${lot.jour}.b2`;
  writeFileSync(join(poste.dossier, nom), Buffer.from(lot.contenu, "base64"));
  poste.montrer("information", `Lot ${lot.reference} enregistré dans ${nom}`);
  return { contenu_base64: lot.contenu, nom };
}

export function changerFactures(donnees, lot, statut) {
  for (const f of donnees.factures.filter((x) => lot.factures.includes(x.id))) f.statut = statut;
}

// --- files -------------------------------------------------------------------------------------------------
// Files of the lots that wait and are in no file yet, FSE then DRE; no card is needed.
export async function constituerFichiers(poste) {
  const { lots, fichiers } = poste.magasin.donnees;
  const enFichier = new Set(fichiers.filter((f) => f.statut === "a_transmettre").flatMap((f) => f.lots));
  const attente = lots.filter((l) => l.statut === "a_transmettre" && !enFichier.has(l.id));
  const paquets = ["FSE", "DRE"].flatMap((type) => regrouper(attente.filter((l) => l.type === type), "critere"));
  if (paquets.length === 0) poste.montrer("information", "Aucun lot n'attend d'être mis en fichier");
  const rendus = [];
  for (const paquet of paquets) rendus.push(rendreFichier(await formerFichier(poste, paquet)));
  return { fichiers: rendus };
}

async function formerFichier(poste, lots) {
  const numero = String(poste.magasin.modifier((d) => avancer(d, "fichier")) % 1_000_000).padStart(6, "0");
  const contenus = lots.map((l) => Buffer.from(l.contenu, "base64"));
  const taille = contenus.reduce((n, c) => n + c.length, 0);
  const [modele] = lots;
  const forme = await poste.services.appeler("ssv.formater_fichier", {
    critere_fichier: modele.critere,
    groupes: [
      groupe(12, compacter(poste.horloge.jour), numero, lots.length, taille),
      groupe(14, modele.critere),
    ],
  });
  const octets = Buffer.concat([Buffer.from(forme.entete, "base64"), ...contenus, Buffer.from(forme.fin, "base64")]);
  return poste.magasin.modifier((d) =>
    ajouter(d, "fichiers", {
      numero,
      type: modele.type,
      adresse: modele.adresse,
      emetteur: modele.emetteur,
      version: modele.version,
      lots: lots.map((l) => l.id),
      references: lots.map((l) => l.reference),
      nbFactures: lots.reduce((n, l) => n + l.numeros.length, 0),
      contenu: octets.toString("base64"),
      statut: "a_transmettre",
    }),
  );
}

function rendreFichier(f) {
  return { numero: f.numero, type: f.type, destinataire: f.adresse, lots: f.references, statut: f.statut };
}
