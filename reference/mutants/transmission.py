"""Faults about messages and their sending."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from norms.contrat.adaptateur import MessageEnvoye
from norms.contrat.services import CertificatPublie
from norms.ssv import Groupe
from reference.erreurs import ReseauIndisponible
from reference.flux.adressage import adresse_du_lot
from reference.flux.certificats import PIECE_JOINTE
from reference.flux.messages import MessageCompose, ProfilFacture, former_sujet
from reference.flux.transmission import rapport
from reference.mutants.modele import Mutant
from reference.ports import Emission
from reference.poste import Poste
from reference.store import FichierConserve, Fichiers
from reference.store.fichiers import A_TRANSMETTRE as A_ENVOYER
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


def _subject(change: Callable[[str], str]) -> Callable[[Poste], None]:
    def appliquer(poste: Poste) -> None:
        poste.composition.former_sujet = lambda prefixe, fichier, compostage: change(
            former_sujet(prefixe, fichier, compostage)
        )

    return appliquer


def _field(rang: int, valeur: str) -> Callable[[str], str]:
    """Another value in a field of the Subject."""

    def changer(sujet: str) -> str:
        champs = sujet.split("/")
        return "/".join((*champs[:rang], valeur, *champs[rang + 1 :]))

    return changer


def _header(nom: bytes, valeur: bytes) -> Callable[[Poste], None]:
    """Another value in a header of the message; the SMTP envelope doesn't change."""

    def appliquer(poste: Poste) -> None:
        composer = poste.composition.composer

        def autrement(*a, **k) -> MessageCompose:  # type: ignore[no-untyped-def]  # a deviation
            message = composer(*a, **k)
            tete, separateur, corps = message.octets.partition(b"\r\n\r\n")
            lignes = [nom + b": " + valeur if x.startswith(nom + b":") else x for x in tete.split(b"\r\n")]
            return replace(message, octets=b"\r\n".join(lignes) + separateur + corps)

        poste.composition.composer = autrement  # type: ignore[method-assign]  # a deviation

    return appliquer


def _short_stamp(poste: Poste) -> None:
    poste.composition.composter = lambda instant, compteur: f"{instant:%Y%m%d%H%M%S}{compteur:03d}"


def _always_told_compressed(poste: Poste) -> None:
    p = poste.composition.profil
    poste.composition.profil = replace(p, chiffre=p.compresse_et_chiffre)


def _files_together(poste: Poste) -> None:
    """Everything that waits leaves in one message."""

    def ensemble() -> tuple[MessageEnvoye, ...]:
        attente = poste.fichiers.tous(A_ENVOYER)
        if not attente:
            return ()
        contenu = b"".join(f.contenu for f in attente)
        uni = replace(attente[0], contenu=contenu, nb_factures=sum(f.nb_factures for f in attente))
        return (poste.transmission.envoyer_un(uni),)

    poste.transmission.envoyer = ensemble  # type: ignore[method-assign]  # a deviation


def _where_typed(poste: Poste) -> None:
    poste.elaboration.localiser = lambda droits: droits


def _confidential_through_oct(poste: Poste) -> None:
    if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
        oct_.directs = lambda _lot: False


MUTANTS = (
    Mutant(
        "confidentielle-a-la-caisse-saisie",
        "Envoie la FSE confidentielle d'une mineure à la caisse de son identité",
        ("SV-3.2.2.5-32", "SV-3.2.2.5-11", "SV-3.2.2.5-18", "SV-3.2.2.5-44"),
        _where_typed,
    ),
    Mutant(
        "confidentielle-par-oct",
        "Fait passer la FSE confidentielle d'une mineure par le concentrateur",
        ("SV-3.2.2.5-32",),
        _confidential_through_oct,
    ),
    Mutant(
        "sujet-autre-separateur",
        "Sépare les champs du sujet par un tiret",
        ("SV-A5-7.1.1-14", "SV-A5-7.1.1-04"),
        _subject(lambda sujet: sujet.replace("/", "-")),
    ),
    Mutant(
        "sujet-sans-prefixe",
        "Oublie SV au début du sujet",
        ("SV-A5-7.1.1-05",),
        _subject(lambda sujet: sujet.removeprefix("SV")),
    ),
    Mutant(
        "sujet-version-figee",
        "Écrit toujours la même version du cahier des charges dans le sujet",
        ("SV-A5-7.1.1-07", "SV-A5-7.1.1-08"),
        _subject(_field(0, "SV140700")),
    ),
    Mutant(
        "sujet-exercice-faux",
        "Met dans le sujet un autre numéro que celui de l'émetteur du fichier",
        ("SV-A5-7.1.1-09",),
        _subject(_field(1, "00000999999999")),
    ),
    Mutant("compostage-court", "Compte les messages sur trois chiffres", ("SV-A5-7.1.1-11",), _short_stamp),
    Mutant(
        "type-de-contenu-autre",
        "Envoie la pièce jointe comme un contenu quelconque",
        ("SV-A5-7.1.1-18",),
        _header(b"Content-Type", b"application/octet-stream"),
    ),
    Mutant(
        "message-sans-mime",
        "Envoie le fichier comme un texte",
        ("SV-A5-4.1.2-01", "SV-A5-4.2.3-01", "SV-A5-4.3.3-01"),
        _header(b"Content-Type", b"text/plain; charset=us-ascii"),
    ),
    Mutant(
        "expediteur-autre",
        "Écrit une autre adresse d'expéditeur que celle de l'abonnement",
        ("SV-A5-7.1.1-02",),
        _header(b"From", b"logiciel@editeur.test"),
    ),
    Mutant(
        "destinataire-affiche-autre",
        "Écrit l'adresse de la caisse dans l'en-tête d'un message remis au concentrateur",
        ("SV-A5-7.1.1-03",),
        _header(b"To", b"01349@349.01.rss.test"),
    ),
    Mutant(
        "dite-compressee",
        "Dit toujours la pièce jointe compressée",
        ("SV-A5-7.1.1-20",),
        _always_told_compressed,
    ),
    Mutant(
        "fichiers-dans-un-message",
        "Met tous les fichiers en attente dans un seul message",
        ("SV-A5-7.1.1-01", "SV-A5-4.1.1-01"),
        _files_together,
    ),
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
        (
            "SV-3.2.9.4-02",
            "SV-2.2.3-09",
            "SV-A5-7.1-03",
        ),
        _clear,
    ),
    Mutant(
        "chiffre-pour-un-autre",
        "Chiffre la pièce jointe avec le certificat d'un autre organisme",
        (
            "SV-3.2.9.4-02",
            "SV-A5-4.1.2-03",
            "SV-A5-4.3.3-03",
            "SV-A5-7.1-04",
        ),
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
        (
            "SV-4.2.4-04",
            "SV-A5-7.1.1-21",
            "SV-A5-4.2.3-02",
            "SV-A5-7.1-02",
            "SV-A5-4.2.2.1-18",
            "SV-2.2.3-07",
        ),
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
