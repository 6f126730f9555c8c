#!/usr/bin/env node
// The adapter: one JSON-RPC 2.0 request a line on the standard input, one answer a line on the standard output
// (docs/protocole.md, docs/schemas/adaptateur.openrpc.json). Nothing else is ever written there. « --http PORT » speaks
// the same protocol over HTTP instead (http.mjs).

import { createInterface } from "node:readline";

import { lireBeneficiaires, lirePs } from "./cartes.mjs";
import { ErreurProtocole, Refus, ReseauIndisponible } from "./erreurs.mjs";
import * as facture from "./facture.mjs";
import { servir } from "./http.mjs";
import * as lots from "./lots.mjs";
import { Poste } from "./poste.mjs";
import { releverRetours } from "./retours.mjs";
import { transmettre } from "./transmission.mjs";

const PROTOCOLE = "1.0";
const PROFIL = {
  professions: ["medecins"],
  specialites: ["01"],
  modes: [facture.MODE],
  capacites: ["gestion_separee"],
};
// Faults sown on purpose, each with the requirement it breaks: they show that the bench sees them.
const FAUTES = [
  { id: "lot-non-trie", exigence: "SV-4.2.1.16.1-11", titre: "Les factures d'un lot restent dans l'ordre de saisie" },
  { id: "en-clair", exigence: "SV-3.2.9.4-02", titre: "La pièce jointe part sans chiffrement" },
  { id: "dre-oubliee", exigence: "SV-4.2.1.12.1-10", titre: "Aucune DRE n'accompagne la FSE en gestion séparée" },
];

let poste = null;
let faute = "";

// Operation -> what it takes (name: type), and what does it. The refusals of « faire » are normal answers.
const OPERATIONS = {
  "poste.horloge": { exige: { maintenant: "string" }, faire: (p) => exigerPoste().horloge.regler(p.maintenant) },
  "ps.lire": { faire: (p) => lirePs(exigerPoste(), p) },
  "beneficiaire.lire": { faire: (p) => lireBeneficiaires(exigerPoste(), p) },
  "facture.elaborer": { exige: { prestations: "object" }, faire: (p) => facture.elaborer(exigerPoste(), p) },
  "facture.lister": { faire: (p) => facture.lister(exigerPoste(), p) },
  "facture.supprimer": { exige: { numero: "string" }, faire: (p) => facture.supprimer(exigerPoste(), p) },
  "lot.constituer": { faire: (p) => lots.constituer(exigerPoste(), p) },
  "lot.lister": { faire: (p) => lots.lister(exigerPoste(), p) },
  "lot.reemettre": { exige: { reference: "string" }, faire: (p) => lots.reemettre(exigerPoste(), p) },
  "lot.exporter": { exige: { reference: "string" }, faire: (p) => lots.exporter(exigerPoste(), p) },
  "fichier.constituer": { faire: () => lots.constituerFichiers(exigerPoste()) },
  "transmission.envoyer": { faire: () => transmettre(exigerPoste()) },
  "retours.relever": { faire: () => releverRetours(exigerPoste()) },
  "poste.demarrer": {
    exige: { maintenant: "string", graine: "number", dossier: "string", environnement: "object" },
    faire: async (p) => {
      poste = new Poste(p, faute);
      await poste.demarrer();
    },
  },
  au_revoir: { faire: async () => poste?.fermer() },
};

function exigerPoste() {
  if (!poste?.magasin) throw new Refus("poste non démarré : appeler d'abord poste.demarrer");
  return poste;
}

function bonjour(params) {
  const version = params.protocole ?? PROTOCOLE;
  if (String(version).split(".")[0] !== PROTOCOLE.split(".")[0]) {
    throw new ErreurProtocole(-32001, `version ${version} du protocole non parlée ici`, { versions: [PROTOCOLE] });
  }
  const operations = ["bonjour", ...Object.keys(OPERATIONS)];
  return { protocole: PROTOCOLE, produit: "Exemple Node.js", version: "1.0.0", operations, profil: PROFIL };
}

async function appeler(methode, params) {
  if (methode === "bonjour") return bonjour(params);
  if (!Object.hasOwn(OPERATIONS, methode)) {
    throw new ErreurProtocole(-32601, `opération inconnue : « ${String(methode).slice(0, 80)} »`);
  }
  const { exige = {}, faire } = OPERATIONS[methode];
  for (const [nom, type] of Object.entries(exige)) {
    if (typeof params[nom] !== type || params[nom] === null) {
      throw new ErreurProtocole(-32602, `${methode} : paramètre « ${nom} » absent ou d'un autre type que ${type}`);
    }
  }
  let reponse;
  try {
    reponse = (await faire(params)) ?? {};
  } catch (erreur) {
    if (!(erreur instanceof Refus || erreur instanceof ReseauIndisponible)) throw erreur;
    reponse = { issue: "refus", motif: erreur.message, code_retour: erreur.codeRetour ?? "" };
    poste?.montrer("erreur", erreur.message);
  }
  return { ...reponse, ...poste?.vider() };
}

async function repondre(ligne) {
  let id = null;
  try {
    const requete = analyser(ligne);
    id = requete.id;
    return { jsonrpc: "2.0", id, result: await appeler(requete.method, requete.params ?? {}) };
  } catch (erreur) {
    if (erreur instanceof ErreurProtocole) {
      const { code, message, data } = erreur;
      return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
    }
    // Where, never what: a message could hold a value of the request.
    const lieu = /([\w-]+\.mjs:\d+)/.exec(erreur.stack ?? "")?.[1] ?? "?";
    console.error(`panne : ${erreur.name} à ${lieu}`);
    return { jsonrpc: "2.0", id, error: { code: -32603, message: `panne du progiciel (${erreur.name}, ${lieu})` } };
  }
}

function analyser(ligne) {
  let requete;
  try {
    requete = JSON.parse(ligne);
  } catch {
    throw new ErreurProtocole(-32700, "requête illisible : un objet JSON par ligne attendu");
  }
  if (requete?.jsonrpc !== "2.0" || typeof requete.method !== "string") {
    throw new ErreurProtocole(-32600, "requête qui n'est pas du JSON-RPC 2.0");
  }
  return requete;
}

function lireArguments(mots) {
  if (mots.includes("--lister-fautes")) {
    console.log(JSON.stringify(FAUTES));
    process.exit(0);
  }
  const voulue = valeur(mots, "--faute") ?? "";
  if (mots.includes("--faute") && !FAUTES.some((f) => f.id === voulue)) {
    console.error(`faute « ${voulue} » inconnue ; connues : ${FAUTES.map((f) => f.id).join(", ")}`);
    process.exit(2);
  }
  const port = mots.includes("--http") ? Number(valeur(mots, "--http") || NaN) : null;
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    console.error("--http : un port de 0 à 65535 est attendu (0 : un port libre, affiché)");
    process.exit(2);
  }
  return { voulue, port };
}

// The word that follows an option.
function valeur(mots, option) {
  const rang = mots.indexOf(option);
  return rang < 0 ? undefined : mots[rang + 1];
}

async function servirLignes() {
  for await (const ligne of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (ligne.trim() === "") continue;
    const reponse = await repondre(ligne);
    await new Promise((ecrit) => process.stdout.write(`${JSON.stringify(reponse)}\n`, ecrit));
    if (reponse.result && JSON.parse(ligne).method === "au_revoir") break;
  }
  process.exit(0);
}

const { voulue, port } = lireArguments(process.argv.slice(2));
faute = voulue;
if (port === null) await servirLignes();
else servir(port, repondre);
