// Prices and rates of a general practitioner, mainland France: those that the bench knows (NGAP, November 2022).
// A real LPS has its own tables, kept up to date; amounts are in centimes.

import { Refus } from "./erreurs.mjs";

const TARIFS = {
  G: { centimes: 2500, debut: "2017-05-01" },
  GS: { centimes: 2500, debut: "2017-05-01" },
  VGS: { centimes: 2500, debut: "2017-05-01" },
  C: { centimes: 2300, debut: "2002-01-01" },
  CS: { centimes: 2300, debut: "2002-01-01" },
  V: { centimes: 2300, debut: "2002-01-01" },
  VL: { centimes: 6000, debut: "2017-11-01" },
  COE: { centimes: 4600, debut: "2017-05-01" },
  APC: { centimes: 5500, debut: "2022-04-01" },
  MCG: { centimes: 500, debut: "2017-07-01" },
  MEG: { centimes: 500, debut: "2017-05-01" },
  MD: { centimes: 1000, debut: "2002-01-01" },
  MRT: { centimes: 1500, debut: "2018-01-01" },
};
const ACCIDENT_DU_TRAVAIL = "41";
const MATERNITE = "30";
const HORS_PARCOURS = "S";
const LIEUX = { cabinet: "0", domicile: "1" };

export const SANS_EXONERATION = "0";
export const ALD = "4";

export function tarifs() {
  return TARIFS;
}

// The rate of the AMO part, in per cent.
export function taux(natureAssurance, exoneration, parcours) {
  if (exoneration === ALD || natureAssurance === ACCIDENT_DU_TRAVAIL || natureAssurance === MATERNITE) return 100;
  return parcours === HORS_PARCOURS ? 30 : 70;
}

// A share of an amount in per cent, rounded to the nearest centime.
export function part(centimes, pourCent) {
  return Math.floor((centimes * pourCent + 50) / 100);
}

// Prices one act: base = tariff × coefficient × quantity, at most the fee; AMO part = base × rate.
export function tarifer(demande, tauxAmo, exoneration) {
  const tarif = TARIFS[demande.code];
  if (!tarif || demande.date < tarif.debut) {
    throw new Refus(`prestation ${demande.code} sans tarif le ${demande.date} : vérifier le code et la date des soins`);
  }
  const quantite = demande.quantite ?? 1;
  const coefficient = lireCoefficient(demande.coefficient ?? "1.00");
  if (!Number.isInteger(quantite) || quantite < 1 || quantite > 99) {
    throw new Refus(`prestation ${demande.code} : quantité de 1 à 99 attendue`);
  }
  const montant = part(tarif.centimes * quantite, coefficient); // coefficient in hundredths
  const honoraires = demande.honoraires ?? montant;
  if (!Number.isInteger(honoraires) || honoraires < 0) throw new Refus(`prestation ${demande.code} : honoraires faux`);
  const base = Math.min(montant, honoraires);
  return {
    code: demande.code,
    date: demande.date,
    quantite,
    coefficient: `${Math.trunc(coefficient / 100)}.${String(coefficient % 100).padStart(2, "0")}`,
    prixUnitaire: tarif.centimes,
    base,
    taux: tauxAmo,
    amo: part(base, tauxAmo),
    amc: 0,
    honoraires,
    qualificatif: demande.qualificatif_depense ?? "",
    lieu: LIEUX[demande.lieu ?? "cabinet"],
    exoneration,
  };
}

// « 1.50 » as hundredths: 150.
function lireCoefficient(texte) {
  const lu = /^(\d{1,4})(?:[.,](\d{1,2}))?$/.exec(texte);
  const centiemes = lu ? Number(lu[1]) * 100 + Number((lu[2] ?? "").padEnd(2, "0")) : 0;
  if (centiemes === 0) throw new Refus(`coefficient « ${String(texte).slice(0, 20)} » : 1.00 par exemple`);
  return centiemes;
}

// The convention's share of what the AMO leaves; both parts together never exceed the fee.
export function tariferAmc(prestations, tauxAmc) {
  return prestations.map((p) => ({ ...p, amc: Math.min(part(p.base - p.amo, tauxAmc), p.honoraires - p.amo) }));
}

export function totaliser(prestations) {
  const somme = (cle) => prestations.reduce((total, p) => total + p[cle], 0);
  return { total: somme("honoraires"), amo: somme("amo"), amc: somme("amc") };
}
