// A NOEMIE file, reference 580: payments and rejects. Record 000, entities ended by « @ », record 999; both ends take
// 128 bytes. Columns count from 1, both ends included, as in the norm.

const LONGUEUR = 128;
// Length of each entity, without its « @ »: it tells a plain file from one cut in blocks of 128 bytes.
export const LONGUEURS = {
  "010": 13, "020": 20, "040": 20, "071": 85, "081": 21, "102": 39, "103": 151, "198": 23, "199": 48,
  "210": 117, "250": 46, "261": 18, "262": 133, "290": 97, "294": 152, "295": 134, "990": 42,
};
// The columns that this LPS reads.
export const COLONNES = {
  "000": { reference: [62, 65] },
  "102": { numero_facture: [6, 14], numero_lot: [21, 23], type_facture: [30, 30] },
  "198": { etat: [14, 14], montant_paye: [15, 22], signe: [23, 23] },
  "199": { etat: [14, 14], montant_paye: [15, 22], signe: [23, 23] },
  "294": { code: [6, 9], libelle: [10, 95] },
};

// One object for each invoice settled: {numero, lot, type, parts: [{etat, montant}], rejets: [{code, libelle}]}.
// Amounts are centimes. Throws a RangeError on a file that can't be read.
export function lireRsp(octets) {
  const texte = octets.toString("latin1");
  if (texte.length < 2 * LONGUEUR || !texte.startsWith("000")) throw new RangeError("fichier NOEMIE sans en-tête 000");
  if (texte.slice(-LONGUEUR, -LONGUEUR + 3) !== "999") throw new RangeError("fichier NOEMIE sans fin 999");
  const reference = zone(texte.slice(0, LONGUEUR), "reference");
  if (reference !== "580") throw new RangeError(`référence NOEMIE « ${reference} » inconnue, 580 attendue`);
  const factures = [];
  for (const entite of decouper(texte.slice(LONGUEUR, -LONGUEUR))) {
    const code = entite.slice(0, 3);
    const facture = factures.at(-1);
    if (code === "102") {
      const [numero, lot] = [zone(entite, "numero_facture"), zone(entite, "numero_lot")];
      factures.push({ numero, lot, type: zone(entite, "type_facture"), parts: [], rejets: [] });
    } else if ((code === "198" || code === "199") && facture) {
      const signe = zone(entite, "signe") === "N" ? -1 : 1;
      facture.parts.push({ etat: zone(entite, "etat"), montant: signe * Number(zone(entite, "montant_paye")) });
    } else if (code === "294" && facture) {
      facture.rejets.push({ code: zone(entite, "code"), libelle: zone(entite, "libelle") });
    }
  }
  return factures;
}

function zone(entite, nom) {
  const [debut, fin] = COLONNES[entite.slice(0, 3)][nom];
  return entite.slice(debut - 1, fin).trim();
}

// Plain: entities one after the other. Blocks: a flag byte, 127 bytes of data, the last one filled with spaces.
function decouper(milieu) {
  const plat = enEntites(milieu);
  if (plat) return plat;
  const morceaux = milieu.match(/[\s\S]{1,128}/g) ?? [];
  const blocs = enEntites(morceaux.map((m) => m.slice(1)).join("").trimEnd());
  if (!blocs) throw new RangeError("fichier NOEMIE : entités illisibles");
  return blocs;
}

function enEntites(donnees) {
  if (donnees === "") return [];
  if (!donnees.endsWith("@")) return null;
  const entites = donnees.slice(0, -1).split("@");
  const justes = entites.every((e) => LONGUEURS[e.slice(0, 3)] === e.length);
  return justes ? entites : null;
}
