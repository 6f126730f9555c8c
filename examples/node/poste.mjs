// The workstation of a scenario: what it was told at its start, what it holds, what it shows and prints.

import { Horloge } from "./horloge.mjs";
import { Refus } from "./erreurs.mjs";
import { Magasin } from "./magasin.mjs";
import { Services } from "./services.mjs";

const PARAMETRAGE = {
  mode_test: false,
  numero_agrement: "",
  conventions: [],
  oct: "",
  premiere_facture: 1,
  premier_lot_fse: "001",
  premier_lot_dre: "AAA",
  compression: true,
};

export class Poste {
  ps = null; // the PS and his situation, as read; never his code
  droits = null; // what the Vitale card said, until the next invoice
  #affichages = [];
  #documents = [];

  constructor(params, faute) {
    this.faute = faute;
    this.horloge = new Horloge(params.maintenant);
    this.dossier = params.dossier;
    this.environnement = params.environnement;
    this.parametrage = { ...PARAMETRAGE, ...params.parametrage };
    const { services_url: url, services_jeton: jeton } = params.environnement;
    this.services = new Services(url, jeton, (texte) => this.montrer("alerte", texte));
  }

  // Opens the services; the store goes on with what it holds, or starts with the settings.
  async demarrer() {
    if (this.parametrage.oct) throw new Refus("transmission par un OCT : ce progiciel ne transmet qu'en direct");
    this.magasin = new Magasin(this.dossier);
    if (this.magasin.neuf) {
      this.magasin.modifier((d) => {
        d.compteurs.facture = this.parametrage.premiere_facture;
        d.compteurs.lotFSE = this.parametrage.premier_lot_fse;
        d.compteurs.lotDRE = this.parametrage.premier_lot_dre;
      });
    }
    await this.services.ouvrir();
    if (this.parametrage.mode_test) this.montrer("alerte", "Poste en mode test : rien de ce qui part n'est réel");
  }

  async fermer() {
    await this.services.fermer();
  }

  montrer(niveau, texte) {
    this.#affichages.push({ niveau, texte });
  }

  imprimer(nature, texte) {
    this.#documents.push({ nature, texte });
  }

  // What was shown and printed since the last time.
  vider() {
    const rendus = { affichages: this.#affichages, documents: this.#documents };
    this.#affichages = [];
    this.#documents = [];
    return rendus;
  }
}
