// One invoice, from what the doctor asks to flows secured by both cards: a FSE for the AMO and, in separate management
// with a convention, a DRE for the AMC.

import { couvre, lireBeneficiaires } from "./cartes.mjs";
import { Refus } from "./erreurs.mjs";
import { compacter, euros, lisible } from "./horloge.mjs";
import { ajouter } from "./magasin.mjs";
import { avecCode, groupe } from "./services.mjs";
import { ALD, SANS_EXONERATION, tarifer, tariferAmc, taux, totaliser } from "./tarifs.mjs";
import { forcage, proposerTiersPayant, tiersPayantParDefaut } from "./tierspayant.mjs";

export const MODE = "SESAM_VITALE";
const CONVENTION_GESTION_UNIQUE = "RO";
// Group 1410 by third-party payment, AMO part then AMC part.
const CADRES = { "false,false": "1", "true,false": "2", "true,true": "3", "false,true": "4" };
// First digit of the treatment indicator: third-party payments for which the AMC takes a DRE.
const SERVICES_DRE = { 1: [false], 2: [true], 3: [true, false], 6: [true], 7: [true] };
const SANS_DRE = ["00", "60"];
// Nature of insurance of the « soins médicaux gratuits »: never anything for a complementary insurer.
const SMG = "50";

export async function elaborer(poste, demande) {
  controlerDemande(poste, demande);
  const { situation } = poste.ps;
  if (!poste.droits) await lireBeneficiaires(poste, {});
  const beneficiaire = poste.droits.beneficiaires[(demande.beneficiaire?.numero ?? 1) - 1];
  if (!beneficiaire) throw new Refus(`la carte Vitale porte ${poste.droits.beneficiaires.length} bénéficiaire(s)`);

  const jour = demande.date_elaboration ?? poste.horloge.jour;
  controlerDates(poste, demande.prestations, jour);
  conseillerLecture(poste, demande.prestations);
  const tiersPayant = { amo: tiersPayantParDefaut(beneficiaire, compacter(jour)), amc: false, ...demande.tiers_payant };
  const contexte = contexteAmo(poste, demande, beneficiaire);
  contexte.forcage = forcage(poste.droits.regime, beneficiaire, compacter(demande.prestations[0].date), tiersPayant.amo);
  proposerTiersPayant(poste, contexte, beneficiaire, compacter(jour), tiersPayant.amo);
  let prestations = demande.prestations.map((p) => tarifer(p, contexte.taux, contexte.exoneration));
  const amc = contexteAmc(poste, demande, beneficiaire, compacter(jour), tiersPayant, prestations);
  if (amc?.tiersPayant) prestations = tariferAmc(prestations, amc.convention.taux_amc ?? 100);
  const totaux = totaliser(prestations);
  const assure = totaux.total - (tiersPayant.amo ? totaux.amo : 0) - totaux.amc;
  const numero = attribuerNumero(poste, demande.numero ?? null);

  const dossier = { poste, numero, jour, situation, beneficiaire, contexte, amc, tiersPayant };
  const flux = [{ type: "FSE", prestations: prestations.map((p) => ({ ...p, amc: 0 })) }];
  if (amc && poste.faute !== "dre-oubliee") flux.push({ type: "DRE", prestations });

  // FSE and DRE stand or fall together: nothing is kept before both are secured.
  const faites = [];
  for (const f of flux) {
    const formee = await securiser(poste, f.type, groupes(dossier, f), situation.numero, demande.code_porteur);
    const montants = { ...totaliser(f.prestations), assure };
    faites.push({ type: f.type, numero, mode: MODE, statut: "securisee", montants, nom: beneficiaire.nom, ...formee });
  }
  const gardees = poste.magasin.modifier((d) => {
    if (demande.numero === null || demande.numero === undefined) d.compteurs.facture = Number(numero) + 1;
    return faites.map((f) => ajouter(d, "factures", f));
  });
  poste.droits = null; // the next invoice reads the card again
  for (const f of gardees) {
    poste.montrer("information", `${f.type} ${f.numero} sécurisée : ${euros(f.montants.total)}`);
  }
  if (assure) poste.imprimer("quittance", quittance(dossier, totaux, assure));
  return { factures: gardees.map(rendre) };
}

// --- checks ------------------------------------------------------------------------------------------------
function controlerDemande(poste, demande) {
  if ((demande.mode ?? MODE) !== MODE) {
    throw new Refus(`mode ${demande.mode} : ce progiciel ne sait que ${MODE}, avec la carte Vitale et la CPS`);
  }
  if ((demande.beneficiaire?.source ?? "carte_vitale") !== "carte_vitale") {
    throw new Refus("identité saisie : ce progiciel ne facture que sur présentation de la carte Vitale");
  }
  if (demande.complementaire?.gestion === "unique") throw new Refus("gestion unique : ce progiciel ne la connaît pas");
  if (!poste.ps?.situation) throw new Refus("lire d'abord la carte du PS et choisir une situation de facturation");
}

function controlerDates(poste, prestations, jour) {
  if (jour > poste.horloge.jour) throw new Refus(`date d'élaboration ${lisible(jour)} postérieure à aujourd'hui`);
  for (const p of prestations) {
    if (p.date > jour) throw new Refus(`prestation ${p.code} du ${lisible(p.date)}, après la facture`);
  }
}

// A series of acts: the card ought to be read at each of them, which is advised and never demanded.
function conseillerLecture(poste, prestations) {
  const jours = [...new Set(prestations.map((p) => p.date))].sort();
  const sansLecture = jours.filter((j) => j !== poste.droits.luLe);
  if (jours.length < 2 || sansLecture.length === 0) return;
  const quand = sansLecture.map(lisible).join(", ");
  poste.montrer("information", `Série d'actes : lecture de la carte Vitale conseillée à chaque acte, aucune le ${quand}`);
}

// An imposed number must be free; otherwise the next one that no invoice ever bore.
function attribuerNumero(poste, impose) {
  const { factures, compteurs } = poste.magasin.donnees;
  const pris = new Set(factures.map((f) => f.numero));
  if (impose !== null) {
    if (!/^\d{9}$/.test(impose) || Number(impose) === 0) throw new Refus("numéro de facture : neuf chiffres attendus");
    if (pris.has(impose)) throw new Refus(`le numéro de facture ${impose} est déjà attribué`);
    return impose;
  }
  let suivant = compteurs.facture;
  while (pris.has(String(suivant).padStart(9, "0"))) suivant += 1;
  return String(suivant).padStart(9, "0");
}

// --- contexts ----------------------------------------------------------------------------------------------
function contexteAmo(poste, demande, beneficiaire) {
  const jour = compacter(demande.prestations[0].date);
  const couverture = beneficiaire.couvertures.find((c) => couvre(c, jour));
  const natureAssurance = demande.nature_assurance ?? "10";
  const parcours = demande.parcours ?? "T";
  const exonere = couverture && !["", "0"].includes(couverture.ald) && natureAssurance === "10";
  const reponse = demande.reponses?.soins_en_rapport_ald === "non" ? "non" : "oui";
  if (exonere) poste.montrer("question", `Soins en rapport avec l'affection de longue durée ? Retenu : ${reponse}`);
  const enAld = exonere && reponse === "oui";
  const exoneration = enAld ? ALD : SANS_EXONERATION;
  return {
    natureAssurance,
    parcours,
    exoneration,
    couverture: couverture ? couverture.ald + couverture.situation : "",
    taux: taux(natureAssurance, exoneration, parcours),
  };
}

// The contract and the convention that allow a DRE; null, with the reason on the screen, otherwise.
function contexteAmc(poste, demande, beneficiaire, jour, tiersPayant, prestations) {
  const contrat = choisirContrat(demande.complementaire ?? {}, beneficiaire);
  const renoncer = (motif) => {
    if (contrat || tiersPayant.amc) poste.montrer("alerte", `Pas de part complémentaire dans les flux : ${motif}`);
    return null;
  };
  if (!contrat) return renoncer("aucune complémentaire présentée");
  if (demande.nature_assurance === SMG) return renoncer("les soins médicaux gratuits se facturent à l'AMO seule");
  if (prestations.every((p) => p.honoraires <= p.amo)) return renoncer("l'AMO prend tout en charge");
  const convention = poste.parametrage.conventions.find(
    (c) => c.type_convention !== CONVENTION_GESTION_UNIQUE && memeNumero(c.numero_amc, contrat.numero),
  );
  if (!convention) return renoncer(`aucune convention avec l'organisme ${contrat.numero}`);
  if (!couvre(contrat, jour)) return renoncer(`contrat ${contrat.numero} hors de ses dates de validité`);
  if (!recoitDre(contrat.indicateur, tiersPayant.amc)) {
    return renoncer(`l'organisme ${contrat.numero} ne reçoit pas cette DRE (indicateur ${contrat.indicateur})`);
  }
  const adresse = choisirAdresse(contrat, convention, tiersPayant.amc);
  if (!adresse) return renoncer("adresse incomplète (code routage, identifiant de l'hôte, domaine)");
  return { contrat, convention, adresse, tiersPayant: tiersPayant.amc };
}

function choisirContrat(demande, beneficiaire) {
  if (demande.source === "carte_vitale") return beneficiaire.complementaire ?? null;
  if (demande.source !== "saisie") return null;
  return {
    numero: demande.numero_amc,
    adherent: demande.numero_adherent ?? "",
    typeContrat: demande.type_contrat ?? "",
    indicateur: "",
  };
}

function recoitDre(indicateur, tiersPayant) {
  if (!indicateur) return true; // a typed contract has none
  return !SANS_DRE.includes(indicateur) && (SERVICES_DRE[indicateur[0]] ?? []).includes(tiersPayant);
}

// With third-party payment, the address of the table of conventions; else that of the card when it is whole.
function choisirAdresse(contrat, convention, tiersPayant) {
  const table = {
    codeRoutage: convention.code_routage ?? "",
    hote: convention.identifiant_hote ?? "",
    domaine: convention.domaine ?? "",
  };
  const carte = { codeRoutage: contrat.codeRoutage, hote: contrat.hote, domaine: contrat.domaine };
  const entiere = (a) => Boolean(a.codeRoutage && a.hote && a.domaine);
  if (!tiersPayant && entiere(carte)) return carte;
  return entiere(table) ? table : null;
}

function memeNumero(un, autre) {
  const net = (n) => (n ?? "").replace(/^0+/, "");
  return net(un) !== "" && net(un) === net(autre);
}

// « Organisme destinataire » of a régime, caisse and centre: the caisse itself, with these exceptions.
const ILE_DE_FRANCE = ["751", "781", "911", "921", "931", "941", "951"];
export function organismeDestinataire(regime, caisse, centre) {
  if (regime === "04") return "110";
  if (regime === "12") return "001";
  if (regime === "02" && caisse.endsWith("5")) return `${caisse.slice(0, 2)}1`;
  if (regime === "91" && caisse === "751" && centre === "0501") return "999";
  if (!ILE_DE_FRANCE.includes(caisse)) return caisse;
  if (regime === "94" && centre === "0511") return "514";
  if (regime === "93" || regime === "94") return centre.slice(-3);
  return regime === "95" || regime === "96" ? "751" : caisse;
}

// --- data groups: fields in the order of docs/schemas/groupes.md ----------------------------------------------
function groupes(d, flux) {
  const { situation: s, beneficiaire: b, contexte, amc } = d;
  const { ps, droits } = d.poste;
  const dre = flux.type === "DRE";
  const cadre = CADRES[[d.tiersPayant.amo, dre && amc.tiersPayant]];
  const { total, amo, amc: partAmc } = totaliser(flux.prestations);
  const sortie = [
    groupe(1110, d.numero, "0", compacter(d.jour), s.numero),
    groupe(
      ...[1120, s.facturation, s.cleFacturation, ps.nom, ps.prenom, s.conventionnel, s.specialite],
      ...[s.zoneTarifaire, s.zoneIk, ...s.agrements],
    ),
    groupe(1130, "T", droits.nir, droits.cle, b.naissance, b.rang, b.qualite, contexte.couverture),
  ];
  if (b.nir) sortie.push(groupe(1160, b.nir, b.cle));
  const destinataire = organismeDestinataire(droits.regime, droits.caisse, droits.centre);
  sortie.push(groupe(1310, droits.regime, droits.caisse, droits.centre, destinataire));
  if (dre) {
    const { contrat, convention, adresse } = amc;
    sortie.push(
      groupe(
        ...[1321, contrat.typeContrat, convention.numero_amc, contrat.adherent, "", "", ""],
        ...[convention.code_application, adresse.codeRoutage, adresse.domaine, contrat.indicateur],
        ...[adresse.hote, contrat.adherent],
      ),
    );
  }
  if (amc) sortie.push(groupe(1322, dre ? amc.convention.operateur_reglement : "", "", "", "", "E"));
  sortie.push(
    groupe(1410, cadre),
    groupe(1420, "1", "", "carte_vitale"),
    groupe(1430, contexte.parcours),
    groupe(1510, contexte.natureAssurance, contexte.exoneration, contexte.forcage, "", droits.codeGestion),
    ...flux.prestations.map((p, i) =>
      groupe(
        ...[1610, i + 1, compacter(p.date), "", p.code, p.quantite, p.coefficient, "", p.prixUnitaire, p.base],
        ...[p.taux, p.amo, p.honoraires, p.amc, p.qualificatif, p.lieu, p.exoneration],
      ),
    ),
    groupe(1710, total, amo, total - amo, partAmc),
  );
  return sortie;
}

// --- securing ----------------------------------------------------------------------------------------------
// The four functions in their imposed order; the last answer carries the criterion that lots are made by.
async function securiser(poste, type, donnees, situation, codePorteur) {
  const { services } = poste;
  let { facture } = await services.appeler("ssv.formater_facture", { type, mode: MODE, groupes: donnees });
  ({ facture } = await services.appeler("ssv.chiffrer_facture", { facture }));
  ({ facture } = await services.appeler("ssv.signer_facture_vitale", { facture }));
  const signature = { facture, numero_situation: situation, ...avecCode(codePorteur) };
  const signee = await services.appeler("ssv.signer_facture_ps", signature);
  return { contenu: signee.facture, critere: signee.critere_lot };
}

// --- the rest of an invoice's life -------------------------------------------------------------------------
export function lister(poste, params) {
  const vivantes = poste.magasin.donnees.factures.filter((f) => f.statut !== "supprimee");
  return { factures: vivantes.filter((f) => !params.statut || f.statut === params.statut).map(rendre) };
}

export function supprimer(poste, params) {
  return poste.magasin.modifier((d) => {
    const visees = d.factures.filter((f) => f.numero === params.numero && f.statut === "securisee");
    if (visees.length === 0) throw new Refus(`aucune facture ${params.numero} en attente de mise en lot`);
    for (const f of visees) f.statut = "supprimee"; // the number stays taken
    poste.montrer("information", `Facture ${params.numero} supprimée`);
    return { factures: visees.map(rendre) };
  });
}

export function rendre(f) {
  return {
    type: f.type,
    numero: f.numero,
    mode: f.mode,
    statut: f.statut,
    montants: f.montants,
    lot: f.lot ?? "",
    motif_rejet: f.motifRejet ?? "",
    montant_paye: f.montantPaye ?? null,
  };
}

function quittance(d, totaux, assure) {
  return [
    "QUITTANCE",
    `${d.poste.ps.prenom} ${d.poste.ps.nom}, n° ${d.situation.facturation} ${d.situation.cleFacturation}`,
    `Facture n° ${d.numero} du ${lisible(d.jour)}`,
    `Bénéficiaire : ${d.beneficiaire.nom} ${d.beneficiaire.prenom}`,
    `Montant total : ${euros(totaux.total)}`,
    `Payé par l'assuré : ${euros(assure)}`,
  ].join("\n");
}
