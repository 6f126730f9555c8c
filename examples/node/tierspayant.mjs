// Third-party payment on the AMO part: whom it is proposed to, and for whom the end of the rights on the card is forced.

import { couvre } from "./cartes.mjs";
import { ALD } from "./tarifs.mjs";

const MATERNITE = "30";
// Codes of the AMO service.
const C2S = ["01", "02", "03"];
const ACS = "05";
const SORTANT_C2S = "10";
const NATURES_ACS = ["10", "30"];
// For a doctor, the end of the rights limits nobody but these two (values: norms/donnees/tables, annexes not published).
const SITUATION_MIGRANT = "0170";
const REGIME_EXPATRIES = "17";
const FORCE = "1";

// A proposal on the screen; the beneficiary may refuse, and the request says what was decided.
export function proposerTiersPayant(poste, contexte, beneficiaire, jour, retenu) {
  if (retenu) return;
  const motifs = [];
  if (contexte.natureAssurance === MATERNITE) motifs.push("maternité");
  if (contexte.exoneration === ALD) motifs.push("protocole d'affection de longue durée");
  const { service } = beneficiaire;
  if (service.code === ACS && couvre(service, jour) && NATURES_ACS.includes(contexte.natureAssurance)) {
    motifs.push("aide à l'acquisition d'une complémentaire");
  }
  if (service.code === SORTANT_C2S && couvre(service, jour)) motifs.push("sortant de la complémentaire santé solidaire");
  if (motifs.length) poste.montrer("information", `Tiers payant de la part obligatoire à proposer : ${motifs.join(", ")}`);
}

// What holds when the request says nothing: third-party payment for those of the C2S, none for others.
export function tiersPayantParDefaut(beneficiaire, jour) {
  const { service } = beneficiaire;
  return C2S.includes(service.code) && couvre(service, jour);
}

// Third field of group 1510: third-party payment granted after the end of the rights, to those whom it limits.
export function forcage(regime, beneficiaire, jour, tiersPayant) {
  const couverture = beneficiaire.couvertures.find((c) => couvre(c, jour)) ?? beneficiaire.couvertures.at(-1);
  const limite = regime === REGIME_EXPATRIES || couverture?.situation === SITUATION_MIGRANT;
  const ouverts = beneficiaire.droits.some((d) => couvre(d, jour));
  return tiersPayant && limite && !ouverts ? FORCE : "";
}
