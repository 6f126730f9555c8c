"""The opposition list in daily use: increments applied in order, cards held against it, the PS told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from norms import oppositions as norme
from norms.chargement import load_plain
from norms.contrat.ports import Horloge
from reference.ecran import Ecran
from reference.erreurs import MessageRefuse, Refus, ReseauIndisponible
from reference.flux.courriel import CompositionDemandes
from reference.modele import CARTE_VITALE, Droits
from reference.ports import Emission
from reference.session import Session
from reference.store import Oppositions, RetourConserve
from reference.suivi.courrier import DLOI, Courrier

_FICHIER = Path(__file__).parent.parent / "donnees" / "oppositions.yaml"


@cache
def _regles() -> Mapping[str, Any]:
    donnees: Mapping[str, Any] = load_plain(_FICHIER)
    return donnees


def concernee(specialite: str) -> bool:
    """Whether the list binds that specialty (cdc §3.2.3.2)."""
    return specialite in {e["code"] for e in _regles()["specialites"]}


def manquants(numero: int, en_attente: Mapping[int, bytes]) -> tuple[int, ...]:
    """The numbers that must come before what waits can be applied."""
    if not en_attente:
        return ()
    return tuple(n for n in range(numero + 1, max(en_attente)) if n not in en_attente)


@dataclass
class ListeOpposition:
    """What the workstation does with the list. ``boite``: address of the mailbox it comes by."""

    magasin: Oppositions
    session: Session
    ecran: Ecran
    horloge: Horloge
    emission: Emission
    composition: CompositionDemandes
    distributeur: str
    boite: str
    boite_de_facturation: str
    concernee: Callable[[str], bool] = concernee
    appliquer: Callable[[norme.Dloi], None] = field(init=False)
    delai: int = field(default_factory=lambda: int(_regles()["alerte_sans_increment"]["jours"]))

    def __post_init__(self) -> None:
        self.appliquer = self._appliquer

    # --- service ----------------------------------------------------------------------------------------------
    def activer(self, oui: bool) -> None:
        """SV-3.2.3.2-12: the PS decides."""
        self.magasin.active = oui
        self.ecran.informer(f"Liste d'opposition {'activée' if oui else 'désactivée'} sur ce poste")
        self.rappeler()

    def montrer(self) -> None:
        """SV-4.2.6.3-02: references of the list, at any time; SV-4.1.2.2-16: its mailbox when it is another one."""
        m = self.magasin
        etat = "active" if m.active else "désactivée"
        if m.numero:
            self.ecran.informer(
                f"Liste d'opposition {etat} : LOI n° {m.numero} du {_fr(m.jour)}, {m.compter()} carte(s), reçue le "
                f"{_fr(m.recue)}"
            )
        else:
            self.ecran.informer(f"Liste d'opposition {etat} : aucune liste reçue")
        if m.active and self.boite != self.boite_de_facturation:
            self.ecran.informer(f"Boîte aux lettres Opposition : {self.boite}")

    def rappeler(self) -> None:
        """SV-3.2.3.2-13: the PS is warned when nothing comes any more, or when something is missing."""
        m = self.magasin
        if not m.active:
            return
        if not m.numero:
            self.ecran.alerter("Liste d'opposition activée mais non reçue ; demander les incréments au distributeur")
            return
        age = (self.horloge.now().date() - date.fromisoformat(m.recue)).days
        if age > self.delai:
            self.ecran.alerter(
                f"Liste d'opposition non reçue depuis {age} jours (LOI n° {m.numero}) ; demander les incréments"
            )
        self._signaler_manquants()

    # --- cards ------------------------------------------------------------------------------------------------
    def opposee(self, droits: Droits) -> bool:
        """Whether the list forbids the card that was read; an ApCV is never held against it (SV-4.2.1.3-36)."""
        situation = self.session.situation
        return (
            self.magasin.active
            and droits.support == CARTE_VITALE
            and situation is not None
            and self.concernee(situation.specialite)
            and self.magasin.contient(droits.serie)
        )

    def avertir(self, droits: Droits) -> None:
        """SV-4.2.1.3-25: as soon as the card is known to be in the list."""
        if self.opposee(droits):
            self.ecran.alerter(
                "Carte Vitale en opposition : aucun flux vers l'assurance maladie n'est possible avec cette carte"
            )

    def verifier(self, droits: Droits) -> None:
        """SV-4.2.1.3-26: neither FSE nor DRE. Raises Refus."""
        if self.opposee(droits):
            raise Refus("carte Vitale en opposition : ni FSE ni DRE ne peut être produite avec cette carte")

    # --- increments -------------------------------------------------------------------------------------------
    def demander(self) -> None:
        """Asks the distributor for what follows the list held. Raises Refus without an address."""
        if not self.distributeur:
            raise Refus("adresse du distributeur d'opposition non paramétrée ; renseigner adresse_oppositions")
        message = self.composition.composer(
            norme.ecrire_demande(self.magasin.numero), self.boite, self.distributeur, self._exercice()
        )
        try:
            self.emission.envoyer(message.octets, message.expediteur, message.destinataire, message.identifiant)
        except ReseauIndisponible as exc:
            self.ecran.alerter(f"Demande d'incréments à refaire plus tard : {exc}")
        except MessageRefuse as exc:
            self.ecran.refuser(f"Demande d'incréments refusée par le réseau : {exc}")
        else:
            self.ecran.informer(f"Incréments demandés au distributeur depuis la LOI n° {self.magasin.numero}")

    def _exercice(self) -> str:
        s = self.session.situation
        return s.numero_facturation + s.cle_facturation if s is not None else "0"

    def recevoir(self, courrier: Courrier) -> tuple[RetourConserve, ...]:
        """One increment came: applied in its turn, kept until its turn, or refused when spoilt."""
        try:
            dloi = norme.lire(courrier.piece)
        except norme.ErreurDloi as exc:
            self.ecran.alerter(f"Incrément de la liste d'opposition inutilisable, à redemander : {exc}")
            return (RetourConserve(DLOI, f"incrément inutilisable : {exc}"[:500], positif=False, rapproche=False),)
        if dloi.numero <= self.magasin.numero:
            return (RetourConserve(DLOI, f"incrément {dloi.numero} déjà appliqué", code=f"{dloi.numero:06d}"),)
        self.magasin.garder(dloi.numero, courrier.piece)
        self._appliquer_en_ordre()
        self._signaler_manquants()
        return (RetourConserve(DLOI, f"incrément {dloi.numero} de la liste d'opposition", code=f"{dloi.numero:06d}"),)

    def _appliquer_en_ordre(self) -> None:
        for numero, contenu in self.magasin.en_attente().items():
            if numero != self.magasin.numero + 1:
                return
            self.appliquer(norme.lire(contenu))

    def _appliquer(self, dloi: norme.Dloi) -> None:
        aujourd_hui = self.horloge.now().date().isoformat()
        self.magasin.changer(dloi.numero, dloi.jour.isoformat(), aujourd_hui, dloi.ajouts, dloi.retraits)
        self.ecran.informer(f"Liste d'opposition : LOI n° {dloi.numero} en vigueur")

    def _signaler_manquants(self) -> None:
        trous = manquants(self.magasin.numero, self.magasin.en_attente())
        if trous:
            self.ecran.alerter(
                f"Liste d'opposition incomplète : incrément(s) {', '.join(map(str, trous))} manquant(s) ; la LOI "
                f"n° {self.magasin.numero} reste en vigueur, redemander les incréments"
            )


def _fr(jour: str) -> str:
    return f"{date.fromisoformat(jour):%d/%m/%Y}"
