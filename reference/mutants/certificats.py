"""Faults about certificates and revocation lists (cdc §3.6.4, §4.2.1.13)."""

from __future__ import annotations

from reference.ecran import Ecran
from reference.erreurs import CodeRetour, Refus
from reference.facturation.securisation import Signataire, chiffrer
from reference.mutants.modele import Mutant
from reference.ports import FactureFormee, Services
from reference.poste import Poste

CERTIFICAT_REFUSE = "F304"


def _encrypt_or_not(services: Services, facture: FactureFormee, signataire: Signataire) -> FactureFormee:
    try:
        return chiffrer(services, facture, signataire)
    except CodeRetour as exc:
        if exc.code_retour != CERTIFICAT_REFUSE:
            raise
        return facture


def _tolerate_revoked(poste: Poste) -> None:
    sequences = poste.securisation.sequences
    for mode, etapes in sequences.items():
        sequences[mode] = tuple(_encrypt_or_not if e is chiffrer else e for e in etapes)


def _block_expired(poste: Poste) -> None:
    def bloquer(texte: str) -> None:
        raise Refus(texte)

    poste.services.alerter = bloquer


def _silence(poste: Poste) -> None:
    poste.services.alerter = lambda _texte: None


def _once_and_for_all(poste: Poste) -> None:
    jours = set()

    def premier_jour(texte: str) -> None:
        jours.add(poste.horloge.now().date())
        if len(jours) == 1:
            poste.ecran.alerter(texte)

    poste.services.alerter = premier_jour


def _any_list(poste: Poste) -> None:
    poste.certificats.perimee = lambda _crl, _instant: False


class _SansPieceJointe(Ecran):
    """Shows everything but what is said of attachment certificates."""

    def __init__(self, vrai: Ecran) -> None:
        self.vrai = vrai

    def alerter(self, texte: str) -> None:
        if not texte.startswith("Certificat de pièce jointe"):
            self.vrai.alerter(texte)


def _expired_attachment_silent(poste: Poste) -> None:
    poste.certificats.ecran = _SansPieceJointe(poste.ecran)


MUTANTS = (
    Mutant(
        "certificat-revoque-tolere",
        "Se passe de chiffrement quand le certificat de données est révoqué",
        ("SV-4.2.1.13-35", "SV-4.2.1.13-36"),
        _tolerate_revoked,
    ),
    Mutant(
        "certificat-perime-bloque",
        "Refuse la facture quand le certificat de données est périmé",
        ("SV-4.2.1.13-38",),
        _block_expired,
    ),
    Mutant(
        "alerte-services-tue",
        "Tait ce que les services disent d'un certificat de données périmé",
        ("SV-4.2.1.13-37", "SV-3.6.4-02"),
        _silence,
    ),
    Mutant(
        "alerte-services-un-jour",
        "N'alerte d'un certificat de données périmé que le premier jour",
        ("SV-4.2.1.13-40",),
        _once_and_for_all,
    ),
    Mutant(
        "listes-perimees-tues",
        "Ne regarde pas si les listes de révocation sont à jour",
        ("SV-3.6.4-01", "SV-3.6.4-03"),
        _any_list,
    ),
    Mutant(
        "piece-jointe-perimee-tue",
        "Emploie sans le dire un certificat de pièce jointe périmé",
        ("SV-3.6.4-04",),
        _expired_attachment_silent,
    ),
)
