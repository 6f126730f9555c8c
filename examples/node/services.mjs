// The supplied services: JSON-RPC 2.0 over HTTP (docs/schemas/services.openrpc.json). The code porteur passes through
// here and is kept nowhere.

import { ErreurProtocole, Refus } from "./erreurs.mjs";

const CORRECT = "0000";
const DEJA_INITIALISE = "F670";
const PAS_INITIALISE = "F600";
const DELAI_MS = 15_000;

export class Services {
  #url;
  #jeton;
  #alerter;
  #compteur = 0;

  // alerter: called with the label that comes with a correct return code (an expired certificate, for example).
  constructor(url, jeton, alerter) {
    this.#url = new URL("/rpc", url);
    this.#jeton = jeton;
    this.#alerter = alerter;
  }

  async ouvrir() {
    await this.appeler("ssv.init_lib", {}, [DEJA_INITIALISE]);
  }

  async fermer() {
    await this.appeler("ssv.term_lib", {}, [PAS_INITIALISE]);
  }

  // Calls a function; a return code other than 0000 becomes a refusal that quotes it.
  async appeler(fonction, params, admis = []) {
    const resultat = await this.#poster(fonction, params);
    const code = resultat.code_retour ?? CORRECT;
    if (code !== CORRECT && !admis.includes(code)) {
      throw new Refus(`${resultat.libelle || "service en échec"} (${fonction}, code ${code})`, code);
    }
    if (code === CORRECT && resultat.libelle) this.#alerter(resultat.libelle);
    return resultat;
  }

  async #poster(fonction, params) {
    this.#compteur += 1;
    let reponse;
    try {
      const http = await fetch(this.#url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.#jeton}` },
        body: JSON.stringify({ jsonrpc: "2.0", id: this.#compteur, method: fonction, params }),
        signal: AbortSignal.timeout(DELAI_MS),
      });
      reponse = await http.json();
    } catch (erreur) {
      // The name only: a message could quote what was sent.
      throw new Refus(`${fonction} : services fournis injoignables (${erreur.name}) ; vérifier qu'ils sont démarrés`);
    }
    if (reponse.error) throw new ErreurProtocole(-32603, `${fonction} : appel mal formé, ${reponse.error.message}`);
    return reponse.result;
  }
}

// The parameter « code_porteur » when there is one, nothing otherwise.
export function avecCode(codePorteur) {
  return codePorteur === null || codePorteur === undefined ? {} : { code_porteur: codePorteur };
}

// --- data groups (docs/schemas/groupes.md) -----------------------------------------------------------------
export function groupe(numero, ...champs) {
  return { groupe: numero, champs: champs.map((c) => (c === null || c === undefined ? "" : String(c))) };
}

// Field of that rank, from 1 as in the documentation.
export function champ(g, rang) {
  return g?.champs[rang - 1] ?? "";
}

export function premier(groupes, numero) {
  return groupes.find((g) => g.groupe === numero);
}

export function tous(groupes, numero) {
  return groupes.filter((g) => g.groupe === numero);
}
