"""Faults about messages and their sending."""

from __future__ import annotations

from collections.abc import Iterable

from norms.contrat.adaptateur import MessageEnvoye
from norms.contrat.services import CertificatPublie
from norms.ssv import Groupe
from reference.erreurs import ReseauIndisponible
from reference.flux.adressage import adresse_du_lot
from reference.flux.certificats import PIECE_JOINTE
from reference.flux.messages import ProfilFacture, former_sujet
from reference.flux.transmission import rapport
from reference.mutants.modele import Mutant
from reference.ports import Emission
from reference.poste import Poste
from reference.store import FichierConserve, Fichiers
from reference.store.fichiers import REFUSE
from reference.store.lots import A_TRANSMETTRE

AILLEURS = {13: "02349@349.02.rss.test", 93: "AS002@prevoyance-iles.test"}


def _clear(poste: Poste) -> None:
    poste.composition.chiffrer = lambda octets, _certificat, _alea: octets


def _other_key(poste: Poste) -> None:
    def d_un_autre(publies: Iterable[CertificatPublie], adresse: str) -> list[CertificatPublie]:
        autres = [c for c in publies if c.usage == PIECE_JOINTE and c.adresse and c.adresse != adresse]
        return autres[:1]

    poste.certificats.du_destinataire = d_un_autre


def _elsewhere(poste: Poste) -> None:
    def ailleurs(groupe: Groupe) -> str:
        return AILLEURS.get(groupe.id) or adresse_du_lot(groupe)

    poste.adressage.adresse = ailleurs


def _wrong_description(poste: Poste) -> None:
    p = poste.composition.profil
    poste.composition.profil = ProfilFacture(
        p.prefixe_version, p.content_type, p.content_description.rpartition("/")[0], p.chiffre, "SV"
    )


def _wrong_count(poste: Poste) -> None:
    def compter_en_trop(prefixe: str, fichier: FichierConserve, compostage: str) -> str:
        juste = former_sujet(prefixe, fichier, compostage)
        return f"{juste[:-5]}{fichier.nb_factures + 1:05d}"

    poste.composition.former_sujet = compter_en_trop


def _same_stamp(poste: Poste) -> None:
    poste.composition.composter = lambda _instant, _compteur: "2022010100000000001"


def _no_report(poste: Poste) -> None:
    poste.smtp.avis = ""


class _Optimiste:
    """Takes a network breakdown for a success. Implements reference.ports.Emission."""

    def __init__(self, vraie: Emission) -> None:
        self._vraie = vraie

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        try:
            return self._vraie.envoyer(message, expediteur, destinataire, identifiant)
        except ReseauIndisponible:
            return "accepté par le serveur"


def _lose_file(poste: Poste) -> None:
    poste.transmission.emission = _Optimiste(poste.smtp)


class _Oublieux(Fichiers):
    """Doesn't take note that a file has left."""

    def changer_statut(self, id_: int, statut: str) -> None:
        return


def _stays_waiting(poste: Poste) -> None:
    poste.transmission.fichiers = poste.arl.fichiers = _Oublieux(poste.base)


class _SansReseau:
    """Writes down that the message has left, and sends nothing. Implements reference.ports.Emission."""

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        return "déposé"


def _no_mail(poste: Poste) -> None:
    poste.transmission.emission = _SansReseau()


def _single_attempt(poste: Poste) -> None:
    poste.smtp.tentatives = 1


def _never_compressed(poste: Poste) -> None:
    poste.composition.compression = False


def _at_once_only(poste: Poste) -> None:
    """Files made at another time are not sent."""
    faits: dict[str, object] = {}
    former = poste.constitution_fichiers.constituer
    envoyer = poste.transmission.envoyer_un

    def constituer() -> tuple[FichierConserve, ...]:
        fichiers = former()
        faits.update({f.numero: poste.horloge.now() for f in fichiers})
        return fichiers

    def envoyer_un(fichier: FichierConserve) -> MessageEnvoye:
        if faits.get(fichier.numero) == poste.horloge.now():
            return envoyer(fichier)
        return rapport(fichier, "", "reporte", "fichier périmé")

    poste.constitution_fichiers.constituer = constituer  # type: ignore[method-assign]  # a deviation
    poste.transmission.envoyer_un = envoyer_un


def _no_collection(poste: Poste) -> None:
    poste.relever_avant_envoi = lambda: 0


def _files_made_again(poste: Poste) -> None:
    def refaire(fichier: FichierConserve) -> None:
        for lot in poste.lots.par_ids(fichier.lots):
            poste.lots.changer_statut([lot.id], A_TRANSMETTRE)
        poste.fichiers.changer_statut(fichier.id, REFUSE)
        poste.constitution_fichiers.constituer()

    poste.service.remettre = refaire


def _reports_unnoticed(poste: Poste) -> None:
    poste.service.alerte_avis = 1_000_000


MUTANTS = (
    Mutant(
        "transmet-sans-messagerie",
        "Dit les fichiers transmis sans rien remettre au réseau",
        ("SV-2.2.3-03", "SV-2.2.3-09", "SV-3.2.10.3-05", "SV-3.2.10.3-06", "SV-4.2.4-09"),
        _no_mail,
    ),
    Mutant("une-seule-tentative", "N'essaie qu'une fois de se connecter", ("SV-3.4.1.2-07",), _single_attempt),
    Mutant("jamais-compresse", "Ne compresse jamais", ("SV-3.2.10.3-11",), _never_compressed),
    Mutant(
        "envoi-immediat-exige",
        "Ne transmet que les fichiers qui viennent d'être constitués",
        ("SV-3.2.10.3-08",),
        _at_once_only,
    ),
    Mutant("envoie-sans-relever", "Transmet sans relever d'abord les retours", ("SV-4.2.4-06",), _no_collection),
    Mutant(
        "non-remise-refait-le-fichier",
        "Refait le fichier après un avis de non-remise",
        ("SV-3.4.1.2-08",),
        _files_made_again,
    ),
    Mutant(
        "non-remises-sans-alerte",
        "N'alerte pas quand les avis de non-remise se suivent",
        ("SV-3.4.1.2-09",),
        _reports_unnoticed,
    ),
    Mutant(
        "piece-jointe-en-clair",
        "Ne chiffre pas la pièce jointe des messages",
        ("SV-3.2.9.4-02", "SV-2.2.3-09"),
        _clear,
    ),
    Mutant(
        "chiffre-pour-un-autre",
        "Chiffre la pièce jointe avec le certificat d'un autre organisme",
        ("SV-3.2.9.4-02",),
        _other_key,
    ),
    Mutant(
        "mauvais-destinataire",
        "Envoie les fichiers à un autre organisme",
        (
            "SV-4.2.4-14",
            "SV-4.2.4-15",
            "SV-4.2.4-16",
            "SV-4.2.1.12.2.2-18",
            "SV-3.2.3.4-12",
            "SV-4.2.4-02",
            "SV-3.2.10.3-06",
        ),
        _elsewhere,
    ),
    Mutant(
        "mauvaise-description",
        "Décrit la pièce jointe chiffrée comme si elle ne l'était pas",
        ("SV-4.2.4-04", "SV-A5-7.1.1-21"),
        _wrong_description,
    ),
    Mutant(
        "nombre-factures-faux",
        "Compte une facture de trop dans le sujet",
        ("SV-4.2.4-05", "SV-A5-7.1.1-13"),
        _wrong_count,
    ),
    Mutant(
        "compostage-reutilise",
        "Garde le même compostage d'un envoi à l'autre",
        ("SV-3.3.1.2-10", "SV-A5-7.1.1-12"),
        _same_stamp,
    ),
    Mutant("sans-avis-non-remise", "Ne demande pas d'avis de non-remise", ("SV-3.2.10.3-09",), _no_report),
    Mutant(
        "panne-perd-le-fichier",
        "Prend une panne du réseau pour un envoi réussi",
        ("SV-3.4.1.2-07", "SV-4.2.4-08"),
        _lose_file,
    ),
    Mutant(
        "fichier-renvoye",
        "Renvoie un fichier déjà parti",
        ("SV-4.2.4-07", "SV-3.4.1.2-07"),
        _stays_waiting,
    ),
)
