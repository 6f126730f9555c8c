"""Faults about readers: which one holds which card, the keypad, acts in series."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from norms.contrat.services import LecteurDecrit
from norms.ssv import Groupe
from reference.clients.services import ClientServices
from reference.erreurs import CodeRetour, Refus
from reference.flux.lots import exiger_code
from reference.modele import Droits
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence, lots_by_itself
from reference.poste import Poste

RESSOURCE_INCOHERENTE, LECTEUR_MUET = "F101", "0400"


def _ignore_settings(poste: Poste) -> None:
    if isinstance(poste.services, ClientServices):
        poste.services.ressource_ps, poste.services.ressource_vitale = "ps", "vitale"


def _readers(poste: Poste) -> tuple[LecteurDecrit, LecteurDecrit]:
    """The readers of both cards, as the services describe them."""
    services = poste.services
    if not isinstance(services, ClientServices):
        raise Refus("lecteurs inconnus")
    par_ressource = {lecteur.ressource: lecteur for lecteur in services.lister_lecteurs()}
    return par_ressource[services.ressource_ps], par_ressource[services.ressource_vitale]


class _RefusDeLecteur(ServicesDelegues):
    """Reads no card in readers that the fault doesn't like."""

    poste: Poste
    un_par_carte = False

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        ps, vitale = _readers(self.poste)
        if self.un_par_carte and ps.nom == vitale.nom:
            raise Refus("un lecteur par carte est exigé par ce progiciel")
        if not self.un_par_carte and "sesam_vitale" in (ps.nature, vitale.nature):
            raise Refus("seuls les lecteurs PC/SC sont reconnus par ce progiciel")
        return super().lire_droits_vitale(jour, code_porteur)


def _refuse(poste: Poste, *, un_par_carte: bool) -> None:
    refus = _RefusDeLecteur(poste.services)
    refus.poste, refus.un_par_carte = poste, un_par_carte
    if isinstance(poste.services, ClientServices):
        vrais, acquisition = poste.services, poste.acquisition_beneficiaire
        acquisition.services = refus
        refus.vrais = vrais


def _look_elsewhere(poste: Poste) -> None:
    """Takes for granted that the Vitale card is in another reader than the PS's card."""
    if isinstance(poste.services, ClientServices):
        poste.services.ressource_vitale = "vitale2" if poste.services.ressource_vitale == "vitale" else "vitale"


class _ConfigurationIgnoree(ServicesDelegues):
    """When the services refuse the readers, gives the rights of a patient file as if the card had been read."""

    poste: Poste

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        try:
            return super().lire_droits_vitale(jour, code_porteur)
        except CodeRetour as exc:
            if exc.code_retour != RESSOURCE_INCOHERENTE:
                raise
            catalogue = self.poste.constitution_fichiers.catalogue
            return (
                catalogue.creer(
                    101, type_carte="T", nir="1550475999012", cle_nir="38", regime="01", caisse="349", centre="9881"
                ),
                catalogue.creer(104, nom_usuel="DURAND", prenom="PAUL", date_naissance="19550412", rang_naissance="1"),
            )


def _ignore_refusal(poste: Poste) -> None:
    services = _ConfigurationIgnoree(poste.services)
    services.poste = poste
    ignore_coherence(poste)
    brancher(poste, services)


def _ignore_keypad(poste: Poste) -> None:
    poste.constitution_lots.exiger_code = exiger_code


class _SansCodeSaisi(ServicesDelegues):
    """Never passes on the code that the PS types on the workstation: waits for the keypad of the reader."""

    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
        return super().lire_carte_ps(None)


def _wait_for_keypad(poste: Poste) -> None:
    brancher(poste, _SansCodeSaisi(poste.services))


def _lot_without_reader(poste: Poste) -> None:
    lots_by_itself(poste, (LECTEUR_MUET,), critere="SANS LECTEUR")


def _no_advice(poste: Poste) -> None:
    def se_taire(droits: Droits, jours: Iterable[date]) -> None:
        return

    poste.elaboration.series.conseiller = se_taire  # type: ignore[method-assign]  # the fault itself


def _require_readings(poste: Poste) -> None:
    def exiger(droits: Droits, jours: Iterable[date]) -> None:
        if set(jours) - poste.session.lectures.get(droits.nir_assure, frozenset()):
            raise Refus("série d'actes : lire la carte Vitale à chaque acte")

    poste.elaboration.series.conseiller = exiger  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant(
        "lecteurs-regles-ignores",
        "Se sert toujours des premiers lecteurs, quels que soient ceux réglés sur le poste",
        ("SV-4.1.2-30",),
        _ignore_settings,
    ),
    Mutant(
        "lecteur-sesam-refuse",
        "Ne reconnaît que les lecteurs PC/SC",
        ("SV-4.1.2-24", "SV-4.1.2-31"),
        lambda poste: _refuse(poste, un_par_carte=False),
    ),
    Mutant(
        "un-lecteur-par-carte",
        "Exige un appareil par carte, et refuse un lecteur à deux fentes",
        ("SV-4.1.2-24", "SV-4.1.2-31"),
        lambda poste: _refuse(poste, un_par_carte=True),
    ),
    Mutant(
        "vitale-autre-lecteur",
        "Cherche la carte Vitale dans un autre lecteur que celui de la carte du PS",
        ("SV-4.1.2-31",),
        _look_elsewhere,
    ),
    Mutant(
        "configuration-interdite-ignoree",
        "Donne les droits du dossier du patient quand les services refusent la configuration de lecteurs",
        ("SV-4.1.2-33",),
        _ignore_refusal,
    ),
    Mutant(
        "clavier-lecteur-ignore",
        "Exige que le progiciel fournisse le code porteur, même avec un lecteur à clavier",
        ("SV-4.2.1.16.1-22",),
        _ignore_keypad,
    ),
    Mutant(
        "code-attendu-du-lecteur",
        "Ne transmet pas le code porteur saisi au progiciel, et attend le clavier du lecteur",
        ("SV-3.2.9.3.1.1-17", "SV-3.2.9.3.1.1-16"),
        _wait_for_keypad,
    ),
    Mutant(
        "lot-sans-lecteur",
        "Constitue lui-même un lot non signé quand le lecteur ne répond pas",
        ("SV-4.2.1.16.1-21",),
        _lot_without_reader,
    ),
    Mutant(
        "serie-sans-conseil",
        "Facture une série d'actes sans conseiller de lire le support à chaque acte",
        ("SV-3.2.4.13-04",),
        _no_advice,
    ),
    Mutant(
        "serie-lecture-imposee",
        "Refuse une série d'actes si le support n'a pas été lu à chaque acte",
        ("SV-3.2.4.13-04",),
        _require_readings,
    ),
)
