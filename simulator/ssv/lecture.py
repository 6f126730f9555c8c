"""Reading of the cards: groups 1 and 2 of the PS, 101 to 111 of the Vitale (cdc §4.2.1.2, §4.2.1.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel

from norms.contrat.ports import PARIS
from norms.contrat.services import GroupeDonnees, LireCartePs, LireDateLecteur, LireDroitsVitale, RetourGroupes, Vide
from simulator.cards.lecture import CpsLue, authenticate_vitale, prove_with_cps, read_cps, read_vitale
from simulator.cards.modele import ContenuVitale
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.postes import Poste


class Lecture:
    """LireCartePS, LireDroitsVitale, LireDateLecteur."""

    def __init__(self, contexte: Contexte) -> None:
        self._contexte = contexte

    def lire_carte_ps(self, params: LireCartePs) -> RetourGroupes:
        """Groups 1 and 2. The code is needed until the card has been opened (cdc §4.2.1.2.1)."""
        with self._contexte.postes.operation(params.ressource_ps, "ps") as poste:
            lue = self.read_ps(poste, params.code_porteur)
        return RetourGroupes(groupes=tuple(_groups(self._contexte.donnees.lecture["ps"], lue.contenu)))

    def lire_droits_vitale(self, params: LireDroitsVitale) -> RetourGroupes:
        """Groups 101 to 111. An expired card is read: the LPS decides on field 3 of group 101, signing refuses it."""
        jour = _check_date(params.date_consultation)
        postes = self._contexte.postes
        postes.check_couple(params.ressource_ps, params.ressource_vitale)
        with postes.operation(params.ressource_ps, "ps") as poste_ps:
            ps = self.read_ps(poste_ps, params.code_porteur)
        with postes.operation(params.ressource_vitale, "vitale") as poste_vitale:
            lue = read_vitale(poste_vitale, ouvrir_droits=prove_with_cps(poste_ps))
            # Not drawn from the services' randomness: reading a card must not change what is encrypted afterwards.
            defi = hashlib.sha256(f"{lue.contenu.numero_serie} {self._contexte.horloge.now()}".encode()).digest()
            authenticate_vitale(poste_vitale, defi, [self._contexte.pki.autorite("vitale")])
        couple = f"{letter(ps.contenu.carte_de_test)}/{self.kind(lue.contenu)}"
        if couple not in self._contexte.donnees.securisation["couples"]["lecture"]:
            raise RefusSsv("types_melanges", f"cartes de test et réelles mélangées (PS/Vitale : {couple})")
        for beneficiaire in lue.contenu.beneficiaires:
            mutuelle, amc = beneficiaire.mutuelle, beneficiaire.amc
            if mutuelle and amc and amc.includes(jour) and any(p.includes(jour) for p in mutuelle.droits):
                raise RefusSsv(
                    "droits_doubles",
                    f"carte Vitale : mutuelle et AMC en cours le {jour:%d/%m/%Y} pour {beneficiaire.prenom}",
                )
        return RetourGroupes(groupes=tuple(_groups(self._contexte.donnees.lecture["vitale"], lue.contenu)))

    def lire_date_lecteur(self, params: Vide) -> LireDateLecteur:
        """The date and time of the first reader that has a clock; those of the world when none has."""
        instant = self._contexte.horloge.now().astimezone(PARIS) + self._contexte.terminaux.horloge()
        return LireDateLecteur(date_heure=instant.strftime("%Y%m%d%H%M%S"))

    # --- shared with signatures -----------------------------------------------------------------------------
    def read_ps(self, poste: Poste, code_porteur: str | None) -> CpsLue:
        """Reads the card of the PS, opened by its code now or before. Raises RefusSsv, ErreurCarte.

        Without a new code, what was read since the card came in serves again; it is forgotten with the dialogue. A card
        not yet opened has its code asked on the keypad of the reader, if it has one (cdc §4.2.1.2.1).
        """
        if code_porteur is not None:
            poste.clear()
        lue = poste.remember(CpsLue, lambda: read_cps(poste, code_porteur))
        if not lue.situations_lues and code_porteur is None:
            poste.clear()
            tape = poste.demander_code()
            lue = poste.remember(CpsLue, lambda: read_cps(poste, tape))
        if not lue.situations_lues:
            poste.clear()
            raise RefusSsv("F003", "carte du PS : code porteur à présenter, la carte n'est pas ouverte")
        contenu = lue.contenu
        aujourdhui = self._contexte.horloge.now().astimezone(PARIS).date()
        if contenu.fin_validite is not None and contenu.fin_validite < aujourdhui:
            raise RefusSsv("cps_invalide", f"carte du PS périmée depuis le {contenu.fin_validite:%d/%m/%Y}")
        if not contenu.situations:
            raise RefusSsv("cps_invalide", "carte du PS sans situation de facturation (domaine d'assurance maladie)")
        return lue

    def kind(self, contenu: ContenuVitale) -> str:
        """T test, R real, D demonstration (cdc §3.4.5)."""
        demo = self._contexte.donnees.mise_en_forme["demonstration"]
        if (contenu.assure.regime, contenu.assure.caisse) == (demo["regime"], demo["caisse"]):
            return "D"
        return letter(contenu.carte_de_test)


def vitale_groups(contexte: Contexte, contenu: BaseModel) -> tuple[GroupeDonnees, ...]:
    """Groups 101 to 111 of what a Vitale holds."""
    return tuple(_groups(contexte.donnees.lecture["vitale"], contenu))


def letter(carte_de_test: bool) -> str:
    """T for a test card, R for a real one."""
    return "T" if carte_de_test else "R"


def _check_date(texte: str) -> date:
    try:
        if len(texte) != 8 or not texte.isascii() or not texte.isdigit():
            raise ValueError
        return date(int(texte[:4]), int(texte[4:6]), int(texte[6:]))
    except ValueError:
        raise RefusSsv("donnee_incorrecte", f"date de consultation « {texte[:20]} » ; attendu AAAAMMJJ") from None


def _groups(regles: list[dict[str, Any]], racine: BaseModel, courant: Any = None) -> Iterator[GroupeDonnees]:
    """Groups built from an object by the rules of ``lecture.yaml``."""
    base = racine if courant is None else courant
    for regle in regles:
        trouve = base if regle["objet"] in ("", ".") else _attribute(base, regle["objet"])
        if not trouve and "a_defaut" in regle:
            trouve = _attribute(racine, regle["a_defaut"])
        if trouve is None or ("si" in regle and not _attribute(base, regle["si"])):
            continue
        for objet in trouve if isinstance(trouve, tuple) else (trouve,):
            champs = tuple(_text(_attribute(objet, a)) for a in regle["attributs"])
            yield GroupeDonnees(groupe=int(regle["groupe"]), champs=champs)
            yield from _groups(regle.get("suite", []), racine, objet)


def _attribute(objet: Any, chemin: str) -> Any:
    """Follows « assure.nir » or « accidents.0.organisme »; None when something is missing on the way."""
    for nom in chemin.split("."):
        if objet is None:
            return None
        if not nom.isdigit():
            objet = getattr(objet, nom)
        elif int(nom) < len(objet):
            objet = objet[int(nom)]
        else:
            return None
    return objet


def _text(valeur: Any) -> str:
    if valeur is None:
        return ""
    return valeur.strftime("%Y%m%d") if isinstance(valeur, date) else str(valeur)
