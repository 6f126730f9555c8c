// Virtual time: the bench gives an instant with its offset, and the workstation never looks at the machine's clock.

import { ErreurProtocole } from "./erreurs.mjs";

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
const JOURS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MOIS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class Horloge {
  constructor(maintenant) {
    this.regler(maintenant);
  }

  regler(maintenant) {
    const lu = INSTANT.exec(maintenant);
    if (!lu) throw new ErreurProtocole(-32602, "« maintenant » : instant ISO 8601 avec décalage attendu");
    [, this.annee, this.mois, this.quantieme, this.heure, this.minute] = lu;
    this.seconde = lu[6] ?? "00";
    this.decalage = lu[7] === "Z" ? "+0000" : lu[7].replace(":", "");
    this.instant = new Date(maintenant);
  }

  // AAAA-MM-JJ, the day in the cabinet.
  get jour() {
    return `${this.annee}-${this.mois}-${this.quantieme}`;
  }

  // AAAAMMJJHHMMSS
  get compact() {
    return `${this.annee}${this.mois}${this.quantieme}${this.heure}${this.minute}${this.seconde}`;
  }

  // As the Date header of a message wants it (RFC 5322).
  get entete() {
    const jour = JOURS[new Date(`${this.jour}T00:00:00Z`).getUTCDay()];
    const mois = MOIS[Number(this.mois) - 1];
    const heure = `${this.heure}:${this.minute}:${this.seconde}`;
    return `${jour}, ${this.quantieme} ${mois} ${this.annee} ${heure} ${this.decalage}`;
  }
}

// AAAA-MM-JJ -> AAAAMMJJ, the form of data groups.
export function compacter(jour) {
  return jour.replaceAll("-", "");
}

// AAAAMMJJ -> JJ/MM/AAAA, the form of the screen.
export function lisible(jour) {
  const j = compacter(jour);
  return `${j.slice(6, 8)}/${j.slice(4, 6)}/${j.slice(0, 4)}`;
}

export function euros(centimes) {
  return `${Math.trunc(centimes / 100)},${String(Math.abs(centimes) % 100).padStart(2, "0")} €`;
}
