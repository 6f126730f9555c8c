// Encryption of the attachment: CMS EnvelopedData (RFC 5652) around CompressedData (RFC 3274), written in DER by hand;
// choice of the certificate in the directory of the services.

import { createCipheriv, publicEncrypt, randomBytes, verify, X509Certificate, constants } from "node:crypto";
import { deflateSync } from "node:zlib";

import { Refus } from "./erreurs.mjs";

const USAGE = "chiffrement_piece_jointe";
const [UTC, GENERALISEE] = [0x17, 0x18]; // tags of dates in DER
const OID = {
  data: "1.2.840.113549.1.7.1",
  envelopedData: "1.2.840.113549.1.7.3",
  compressedData: "1.2.840.113549.1.9.16.1.9",
  zlib: "1.2.840.113549.1.9.16.3.8",
  rsa: "1.2.840.113549.1.1.1",
  aes256Cbc: "2.16.840.1.101.3.4.1.42",
};

// --- DER, writing ------------------------------------------------------------------------------------------
function tlv(etiquette, ...contenus) {
  const contenu = Buffer.concat(contenus);
  if (contenu.length < 0x80) return Buffer.concat([Buffer.from([etiquette, contenu.length]), contenu]);
  const hex = contenu.length.toString(16);
  const longueur = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
  return Buffer.concat([Buffer.from([etiquette, 0x80 | longueur.length]), longueur, contenu]);
}

const sequence = (...c) => tlv(0x30, ...c);
const ensemble = (...c) => tlv(0x31, ...c);
const octets = (contenu) => tlv(0x04, contenu);
const NUL = tlv(0x05);
const VERSION_0 = tlv(0x02, Buffer.from([0]));

function oid(texte) {
  const [a, b, ...suite] = texte.split(".").map(Number);
  const sortie = [a * 40 + b];
  for (const arc of suite) {
    const groupes = [arc & 0x7f];
    for (let reste = Math.floor(arc / 128); reste > 0; reste = Math.floor(reste / 128)) {
      groupes.unshift((reste & 0x7f) | 0x80);
    }
    sortie.push(...groupes);
  }
  return tlv(0x06, Buffer.from(sortie));
}

// --- DER, reading: just enough for certificates and revocation lists ---------------------------------------
function lire(der, debut = 0) {
  let longueur = der[debut + 1];
  let position = debut + 2;
  if (longueur & 0x80) {
    const n = longueur & 0x7f;
    longueur = der.readUIntBE(position, n);
    position += n;
  }
  const fin = position + longueur;
  if (!(fin <= der.length)) throw new RangeError("DER tronqué");
  return { etiquette: der[debut], contenu: der.subarray(position, fin), brut: der.subarray(debut, fin) };
}

function enfants(element) {
  const sortie = [];
  for (let p = 0; p < element.contenu.length; p += sortie.at(-1).brut.length) sortie.push(lire(element.contenu, p));
  return sortie;
}

// Issuer and serial number of a certificate, raw: they name the recipient in the envelope.
function emetteurEtSerie(certificat) {
  const champs = enfants(enfants(lire(certificat.raw))[0]);
  const [serie, , emetteur] = champs[0].etiquette === 0xa0 ? champs.slice(1) : champs;
  return { serie: serie.brut, emetteur: emetteur.brut };
}

// Serial numbers revoked by a list, with its issuer and the day it should be replaced; « tbs » and « signature » allow to
// check it.
function lireCrl(der) {
  const [tbs, , signature] = enfants(lire(der));
  const champs = enfants(tbs);
  const [, emetteur] = champs[0].etiquette === 0x02 ? champs.slice(1) : champs;
  const dates = champs.filter((c) => c.etiquette === UTC || c.etiquette === GENERALISEE);
  const apresDates = champs.indexOf(dates.at(-1)) + 1;
  const revoques = champs[apresDates]?.etiquette === 0x30 ? enfants(champs[apresDates]) : [];
  return {
    emetteur: emetteur.brut,
    prochaine: dates.length > 1 ? instantDe(dates[1]) : null,
    revoques: revoques.map((r) => enfants(r)[0].brut),
    tbs: tbs.brut,
    signature: signature.contenu.subarray(1),
  };
}

// UTCTime (its century is implied) or GeneralizedTime, both in Zulu.
function instantDe(date) {
  const texte = date.contenu.toString("ascii");
  const siecle = date.etiquette === GENERALISEE ? "" : Number(texte.slice(0, 2)) < 50 ? "20" : "19";
  const [an, mois, jour, h, min, s] = (siecle + texte).match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).slice(1);
  return new Date(`${an}-${mois}-${jour}T${h}:${min}:${s}Z`);
}

// Tells which revocation lists are out of date (cdc §3.6.4).
export function verifierListes(annuaire, instant, alerter) {
  for (const { niveau, der } of annuaire.crl) {
    const { prochaine } = lireCrl(Buffer.from(der, "base64"));
    const usage = { donnees: "données", piece_jointe: "pièces jointes" }[niveau];
    if (usage && prochaine && instant > prochaine) {
      alerter(`Liste de révocation (CRL) du chiffrement de ${usage} périmée : la mettre à jour sur le poste`);
    }
  }
}

// --- choice of the certificate -----------------------------------------------------------------------------
// The certificate of that address: issued by a published authority, not revoked, in force; the latest one of several.
// « alerter » is told of an expired one, used for want of better (cdc §3.2.9.4).
export function choisirCertificat(annuaire, adresse, instant, alerter) {
  const candidats = annuaire.certificats
    .filter((c) => c.usage === USAGE && c.adresse.toLowerCase() === adresse.toLowerCase())
    .map((c) => new X509Certificate(c.pem));
  if (candidats.length === 0) throw new Refus(`aucun certificat de pièce jointe publié pour ${adresse}`);
  const autorites = annuaire.autorites.map((pem) => new X509Certificate(pem));
  const crls = annuaire.crl.map((c) => lireCrl(Buffer.from(c.der, "base64")));
  const surs = candidats.filter((c) => {
    const autorite = autorites.find((a) => c.checkIssued(a) && c.verify(a.publicKey));
    return autorite && !estRevoque(c, autorite, crls);
  });
  if (surs.length === 0) throw new Refus(`certificat de pièce jointe de ${adresse} révoqué ou d'autorité inconnue`);
  const recents = surs.sort((a, b) => new Date(b.validTo) - new Date(a.validTo));
  const valide = recents.find((c) => new Date(c.validFrom) <= instant && instant <= new Date(c.validTo));
  if (!valide) alerter(`Certificat de pièce jointe de ${adresse} périmé : mettre à jour les certificats du poste`);
  return valide ?? recents[0];
}

function estRevoque(certificat, autorite, crls) {
  const { serie, emetteur } = emetteurEtSerie(certificat);
  return crls.some(
    (crl) =>
      crl.emetteur.equals(emetteur) &&
      verify("sha256", crl.tbs, autorite.publicKey, crl.signature) &&
      crl.revoques.some((r) => r.equals(serie)),
  );
}

// --- layers ------------------------------------------------------------------------------------------------
export function compresser(clair) {
  const contenu = sequence(oid(OID.data), tlv(0xa0, octets(deflateSync(clair))));
  const corps = sequence(VERSION_0, sequence(oid(OID.zlib)), contenu);
  return sequence(oid(OID.compressedData), tlv(0xa0, corps));
}

export function chiffrer(clair, certificat) {
  const cle = randomBytes(32);
  const iv = randomBytes(16);
  const aes = createCipheriv("aes-256-cbc", cle, iv);
  const chiffre = Buffer.concat([aes.update(clair), aes.final()]);
  const { serie, emetteur } = emetteurEtSerie(certificat);
  const destinataire = sequence(
    VERSION_0,
    sequence(emetteur, serie),
    sequence(oid(OID.rsa), NUL),
    octets(publicEncrypt({ key: certificat.publicKey, padding: constants.RSA_PKCS1_PADDING }, cle)),
  );
  const contenu = sequence(
    oid(OID.data),
    sequence(oid(OID.aes256Cbc), octets(iv)),
    tlv(0x80, chiffre), // [0] IMPLICIT OCTET STRING
  );
  const corps = sequence(VERSION_0, ensemble(destinataire), contenu);
  return sequence(oid(OID.envelopedData), tlv(0xa0, corps));
}
