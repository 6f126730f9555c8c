// What the cards say: groups 1 and 2 of the PS's card, groups 101 to 111 of the Vitale card (docs/schemas/groupes.md).

import { Refus } from "./erreurs.mjs";
import { compacter, lisible } from "./horloge.mjs";
import { avecCode, champ, premier, tous } from "./services.mjs";

// A card of this organisation is a demonstration card: the organisation doesn't exist.
const DEMONSTRATION = { regime: "01", caisse: "999" };

export async function lirePs(poste, params) {
  const { groupes } = await poste.services.appeler("ssv.lire_carte_ps", avecCode(params.code_porteur));
  const titulaire = premier(groupes, 1);
  const situations = tous(groupes, 2).map(lireSituation);
  if (!titulaire || situations.length === 0) throw new Refus("la carte du PS ne porte aucune situation de facturation");
  const voulue = params.numero_situation ?? (situations.length === 1 ? situations[0].numero : null);
  const situation = situations.find((s) => s.numero === voulue);
  if (voulue !== null && !situation) throw new Refus(`situation ${voulue} absente de la carte du PS`);
  poste.ps = { nom: champ(titulaire, 6), prenom: champ(titulaire, 7), situation };
  poste.droits = null;
  poste.montrer("information", `Carte du PS lue : ${poste.ps.prenom} ${poste.ps.nom}`);
  if (!situation) {
    const choix = situations.map((s) => `${s.numero} (${s.raisonSociale})`).join(", ");
    poste.montrer("question", `Quelle situation de facturation ? ${choix}`);
  }
  return {
    numero_national: champ(titulaire, 3),
    nom: poste.ps.nom,
    prenom: poste.ps.prenom,
    type_carte: champ(titulaire, 1),
    situations: situations.map((s) => ({
      numero: s.numero,
      numero_facturation: s.facturation,
      specialite: s.specialite,
      conventionnel: s.conventionnel,
      zone_tarifaire: s.zoneTarifaire,
      raison_sociale: s.raisonSociale,
    })),
  };
}

function lireSituation(g) {
  return {
    numero: champ(g, 1),
    raisonSociale: champ(g, 8),
    facturation: champ(g, 9),
    cleFacturation: champ(g, 10),
    conventionnel: champ(g, 13),
    specialite: champ(g, 14),
    zoneTarifaire: champ(g, 15),
    zoneIk: champ(g, 16),
    agrements: [champ(g, 17), champ(g, 18), champ(g, 19)],
  };
}

export async function lireBeneficiaires(poste, params) {
  const jour = compacter(params.date_consultation ?? poste.horloge.jour);
  poste.droits = null; // what an earlier card said is no longer true
  const { groupes } = await poste.services.appeler("ssv.lire_droits_vitale", { date_consultation: jour });
  const droits = lireDroits(groupes, poste.horloge.jour);
  if (droits.finValidite && droits.finValidite < compacter(poste.horloge.jour)) {
    throw new Refus(`carte Vitale périmée depuis le ${lisible(droits.finValidite)} : pas de facture électronique`);
  }
  poste.droits = droits;
  const organisme = `${droits.regime} ${droits.caisse} ${droits.centre}`;
  poste.montrer("information", `Données de la carte Vitale : assuré ${droits.nir} ${droits.cle}, organisme ${organisme}`);
  droits.beneficiaires.forEach((b, i) => {
    const identite = `${i + 1}. ${b.nom} ${b.prenom}, né(e) le ${b.naissance}, rang ${b.rang}`;
    poste.montrer("information", [identite, ...b.droits.map(direDroits), ...b.couvertures.map(direCouverture)].join(" ; "));
  });
  if (droits.demonstration) {
    poste.montrer("alerte", "Carte Vitale de démonstration : vous effectuez un flux de démonstration");
  }
  return {
    support: "carte_vitale",
    nir_assure: droits.nir,
    regime: droits.regime,
    caisse: droits.caisse,
    centre: droits.centre,
    fin_validite: droits.finValidite.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3"),
    demonstration: droits.demonstration,
    beneficiaires: droits.beneficiaires.map(({ nom, prenom, naissance, rang, qualite, nir }) => ({
      nom,
      prenom,
      naissance,
      rang,
      qualite,
      nir,
    })),
  };
}

// Groups 105 to 111 belong to the beneficiary (104) that they follow.
function lireDroits(groupes, jour) {
  const assure = premier(groupes, 101);
  const paquets = [];
  for (const g of groupes) {
    if (g.groupe === 104) paquets.push([g]);
    else if (g.groupe > 104 && paquets.length) paquets.at(-1).push(g);
  }
  if (!assure || paquets.length === 0) throw new Refus("la carte Vitale n'a donné ni assuré ni bénéficiaire");
  const [regime, caisse] = [champ(assure, 10), champ(assure, 11)];
  return {
    nir: champ(assure, 8),
    cle: champ(assure, 9),
    regime,
    caisse,
    centre: champ(assure, 12),
    codeGestion: champ(assure, 13),
    finValidite: champ(assure, 3),
    luLe: jour,
    demonstration: regime === DEMONSTRATION.regime && caisse === DEMONSTRATION.caisse,
    beneficiaires: paquets.map(lireBeneficiaire),
  };
}

function lireBeneficiaire([g, ...suite]) {
  const amc = premier(suite, 109);
  return {
    nom: champ(g, 1) || champ(g, 2),
    prenom: champ(g, 3),
    nir: champ(g, 9),
    cle: champ(g, 10),
    naissance: champ(g, 12),
    rang: champ(g, 13),
    qualite: champ(g, 14),
    service: { code: champ(g, 15), debut: champ(g, 16), fin: champ(g, 17) },
    droits: tous(suite, 105).map((d) => ({ debut: champ(d, 1), fin: champ(d, 2) })),
    couvertures: tous(suite, 106).map((c) => ({
      debut: champ(c, 1),
      fin: champ(c, 2),
      ald: champ(c, 3),
      situation: champ(c, 4),
    })),
    complementaire: amc && {
      numero: champ(amc, 1) || champ(amc, 2),
      adherent: champ(amc, 3),
      indicateur: champ(amc, 4),
      debut: champ(amc, 5),
      fin: champ(amc, 6),
      codeRoutage: champ(amc, 7),
      hote: champ(amc, 8),
      domaine: champ(amc, 9),
    },
  };
}

// The situation of a beneficiary as the screen says it: without it the PS could not tell what the invoice rests on.
function direDroits(d) {
  return `droits AMO ${periode(d)}`;
}

function direCouverture(c) {
  return `couverture ${c.ald}${c.situation} ${periode(c)}`;
}

function periode({ debut, fin }) {
  const bornes = [debut && `du ${lisible(debut)}`, fin && `au ${lisible(fin)}`].filter(Boolean);
  return bornes.join(" ") || "sans dates";
}

// Whether a day (AAAAMMJJ) lies in a period whose ends may be missing.
export function couvre(periode, jour) {
  return (!periode.debut || periode.debut <= jour) && (!periode.fin || jour <= periode.fin);
}
