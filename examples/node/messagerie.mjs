// The mail network: a small SMTP client, a small POP3 client, the message that carries a file, and the reading of the
// messages that come back. Bytes travel as « latin1 » strings, one character a byte.

import { createConnection } from "node:net";

import { MessageRefuse, ReseauIndisponible } from "./erreurs.mjs";

const DELAI_MS = 8_000;
const MAX_LIGNE = 64 * 1024;
const MAX_MESSAGE = 64 * 1024 * 1024;
const NOM_POSTE = "poste.cabinet.test";

// One connection, line by line. Every trouble with it is a ReseauIndisponible.
class Dialogue {
  #socket;
  #recu = "";
  #lignes = [];
  #attente = null;
  #panne = null;

  static async ouvrir(boite) {
    const dialogue = new Dialogue();
    await dialogue.#connecter(boite);
    return dialogue;
  }

  #connecter({ hote, port }) {
    return new Promise((resoudre, rejeter) => {
      this.#socket = createConnection({ host: hote, port }, resoudre);
      this.#socket.setEncoding("latin1");
      this.#socket.setTimeout(DELAI_MS, () => this.#socket.destroy(new Error("délai dépassé")));
      this.#socket.on("data", (morceau) => this.#recevoir(morceau));
      const finir = (erreur) => {
        this.#panne = new ReseauIndisponible(`réseau de messagerie indisponible (${erreur?.code ?? "coupé"})`);
        rejeter(this.#panne); // without effect once connected
        this.#attente?.rejeter(this.#panne);
      };
      this.#socket.on("error", finir);
      this.#socket.on("close", () => this.#panne ?? finir());
    });
  }

  #recevoir(morceau) {
    const lignes = (this.#recu + morceau).split("\r\n");
    this.#recu = lignes.pop();
    if (this.#recu.length > MAX_LIGNE) this.#socket.destroy(new Error("ligne trop longue"));
    this.#lignes.push(...lignes);
    if (this.#attente && this.#lignes.length) this.#attente.resoudre(this.#lignes.shift());
  }

  lire() {
    if (this.#lignes.length) return this.#lignes.shift();
    if (this.#panne) throw this.#panne;
    return new Promise((resoudre, rejeter) => {
      this.#attente = { resoudre, rejeter };
    }).finally(() => {
      this.#attente = null;
    });
  }

  ecrire(texte) {
    if (this.#panne) throw this.#panne;
    this.#socket.write(`${texte}\r\n`, "latin1");
  }

  fermer() {
    this.#socket.end();
    this.#socket.destroySoon();
  }
}

// --- SMTP (RFC 5321), with the request for a non-delivery report (RFC 3461) ------------------------------------
export async function envoyer(boite, message) {
  const dialogue = await Dialogue.ouvrir(boite);
  const dire = async (commande, attendu) => {
    if (commande !== null) dialogue.ecrire(commande);
    return repondre(dialogue, attendu);
  };
  try {
    await dire(null, "220");
    const extensions = (await dire(`EHLO ${NOM_POSTE}`, "250")).map((l) => l.toUpperCase());
    const offre = (nom) => extensions.some((l) => l.split(" ")[0] === nom);
    if (boite.utilisateur && offre("AUTH")) {
      const secret = Buffer.from(`\0${boite.utilisateur}\0${boite.mot_de_passe}`).toString("base64");
      await dire(`AUTH PLAIN ${secret}`, "235");
    }
    const dsn = offre("DSN");
    await dire(`MAIL FROM:<${message.de}>${dsn ? ` RET=HDRS ENVID=${message.identifiant}` : ""}`, "250");
    await dire(`RCPT TO:<${message.a}>${dsn ? " NOTIFY=FAILURE,DELAY" : ""}`, "250");
    await dire("DATA", "354");
    const [reponse] = await dire(`${message.texte.replace(/^\./gm, "..")}.`, "250");
    await dire("QUIT", "221").catch(() => null); // the message is accepted, whatever happens next
    return reponse;
  } finally {
    dialogue.fermer();
  }
}

async function repondre(dialogue, attendu) {
  const lignes = [];
  let ligne;
  do {
    ligne = await dialogue.lire();
    lignes.push(ligne.slice(4));
  } while (ligne[3] === "-" && lignes.length < 200);
  if (ligne.startsWith(attendu)) return lignes;
  const motif = `réponse du serveur : ${ligne.slice(0, 200)}`;
  throw ligne.startsWith("4") ? new ReseauIndisponible(motif) : new MessageRefuse(motif);
}

// --- POP3 (RFC 1939) ---------------------------------------------------------------------------------------
// Gives each message to « traiter(uid, texte) », then deletes it; deletions take effect with QUIT.
export async function relever(boite, traiter) {
  const dialogue = await Dialogue.ouvrir(boite);
  const dire = async (commande) => {
    if (commande !== null) dialogue.ecrire(commande);
    const ligne = await dialogue.lire();
    if (!ligne.startsWith("+OK")) throw new ReseauIndisponible(`boîte aux lettres : ${ligne.slice(0, 200)}`);
  };
  const lireSuite = async () => {
    const lignes = [];
    let taille = 0;
    for (let l = await dialogue.lire(); l !== "."; l = await dialogue.lire()) {
      taille += l.length + 2;
      if (taille > MAX_MESSAGE) throw new ReseauIndisponible("boîte aux lettres : message trop gros");
      lignes.push(l.startsWith(".") ? l.slice(1) : l);
    }
    return lignes;
  };
  try {
    await dire(null);
    await dire(`USER ${boite.utilisateur}`);
    await dire(`PASS ${boite.mot_de_passe}`);
    await dire("UIDL");
    for (const ligne of await lireSuite()) {
      const [rang, uid] = ligne.split(" ");
      await dire(`RETR ${rang}`);
      await traiter(uid, (await lireSuite()).join("\r\n"));
      await dire(`DELE ${rang}`);
    }
    await dire("QUIT");
  } finally {
    dialogue.fermer();
  }
}

// --- the message of a file ---------------------------------------------------------------------------------
// Subject « SVvvvvvv/émetteur/compostage/nombre de factures », one part in base64.
export function composer({ de, fichier, compostage, date, description, piece }) {
  const sujet = [
    `SV${fichier.version}`,
    fichier.emetteur,
    compostage,
    String(fichier.nbFactures).padStart(5, "0"),
  ].join("/");
  const identifiant = `${compostage}@${de.split("@").at(-1)}`;
  const entetes = [
    `From: ${de}`,
    `To: ${fichier.adresse}`,
    `Subject: ${sujet}`,
    `Date: ${date}`,
    `Message-ID: <${identifiant}>`,
    "MIME-Version: 1.0",
    `Content-Type: Application/EDI-consent; name="${compostage}.sv"`,
    "Content-Transfer-Encoding: base64",
    `Content-Description: ${description}`,
  ];
  const corps = piece.toString("base64").match(/.{1,76}/g) ?? [];
  return { de, a: fichier.adresse, sujet, identifiant, texte: [...entetes, "", ...corps, ""].join("\r\n") };
}

// --- reading a message (RFC 5322, RFC 2045) ----------------------------------------------------------------
// Headers by lower-case name, and the leaf parts: {entetes, octets}. « texte » is a latin1 string.
export function lireMessage(texte, profondeur = 0) {
  const coupure = texte.search(/\r\n\r\n/);
  const tete = coupure < 0 ? texte : texte.slice(0, coupure);
  const corps = coupure < 0 ? "" : texte.slice(coupure + 4);
  const entetes = {};
  for (const ligne of tete.replace(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const [, nom, valeur] = /^([^:\s]+)\s*:\s*(.*)$/.exec(ligne) ?? [];
    if (nom) entetes[nom.toLowerCase()] ??= valeur.trim();
  }
  const type = entetes["content-type"] ?? "text/plain";
  const frontiere = /;\s*boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (/^multipart\//i.test(type) && frontiere && profondeur < 5) {
    const morceaux = `\r\n${corps}`.split(`\r\n--${frontiere}`).slice(1);
    const fin = morceaux.findIndex((m) => m.startsWith("--"));
    const parties = morceaux
      .slice(0, fin < 0 ? undefined : fin)
      .flatMap((m) => lireMessage(m.replace(/^[ \t]*\r\n/, ""), profondeur + 1).parties);
    return { entetes, parties };
  }
  const encodage = (entetes["content-transfer-encoding"] ?? "").toLowerCase();
  const octets = encodage === "base64" ? Buffer.from(corps, "base64") : Buffer.from(corps, "latin1");
  return { entetes, parties: [{ entetes, octets }] };
}
