// What the workstation keeps, in one JSON file of the folder that the bench reserves. Every change is written beside,
// flushed, then renamed: a power cut leaves the old file or the new one, never half of one.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

import { Refus } from "./erreurs.mjs";

const VIDE = { compteurs: {}, factures: [], lots: [], fichiers: [], messages: [], releves: [], prochain: 1 };

export class Magasin {
  #chemin;

  constructor(dossier) {
    mkdirSync(dossier, { recursive: true });
    this.#chemin = join(dossier, "poste.json");
    try {
      this.donnees = existsSync(this.#chemin) ? JSON.parse(readFileSync(this.#chemin, "utf8")) : structuredClone(VIDE);
    } catch {
      throw new Refus("le fichier « poste.json » du poste est illisible ; restaurer une sauvegarde");
    }
  }

  get neuf() {
    return Object.keys(this.donnees.compteurs).length === 0;
  }

  // Applies « changement » to the data and writes them; when it throws, nothing has changed.
  modifier(changement) {
    const avant = JSON.stringify(this.donnees);
    try {
      const resultat = changement(this.donnees);
      this.#ecrire();
      return resultat;
    } catch (erreur) {
      this.donnees = JSON.parse(avant);
      throw erreur;
    }
  }

  #ecrire() {
    const brouillon = `${this.#chemin}.tmp`;
    const fichier = openSync(brouillon, "w", 0o600);
    try {
      writeSync(fichier, JSON.stringify(this.donnees));
      fsyncSync(fichier);
    } finally {
      closeSync(fichier);
    }
    renameSync(brouillon, this.#chemin);
  }
}

// Adds an object with an identifier of its own.
export function ajouter(donnees, table, objet) {
  const complet = { id: donnees.prochain, ...objet };
  donnees.prochain += 1;
  donnees[table].push(complet);
  return complet;
}

// Moves a counter on and gives its new value.
export function avancer(donnees, compteur) {
  donnees.compteurs[compteur] = (donnees.compteurs[compteur] ?? 0) + 1;
  return donnees.compteurs[compteur];
}
