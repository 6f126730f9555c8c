"""ChiffrerFacture: the sensitive data, masked in the records, travel encrypted for the recipient (cdc §3.2.9.2)."""

from __future__ import annotations

from dataclasses import replace

from norms.b2.securite import DONNEES_CHIFFREES, ENVELOPPE_CMS, ErreurSecurite, masquer
from norms.cms import build_enveloped
from norms.contrat.base import TypeFacture
from norms.contrat.services import ChiffrerFacture, FactureMiseEnForme
from simulator.ssv.certificats import CertificatsDonnees
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import FactureSsv, add_content, check_step, decode_base64, read_facture, write_facture
from simulator.ssv.organismes import Organisme


class Chiffrement:
    """ChiffrerFacture."""

    def __init__(self, contexte: Contexte, certificats: CertificatsDonnees) -> None:
        self._contexte, self._certificats = contexte, certificats

    def chiffrer_facture(self, params: ChiffrerFacture) -> FactureMiseEnForme:
        """Masks, encrypts, adds the segments C. An expired certificate is told in ``libelle``, with code 0000."""
        contexte = self._contexte
        facture = read_facture(contexte, decode_base64(params.facture, "facture"))
        check_step(contexte, facture, DONNEES_CHIFFREES)
        organisme = recipient(contexte, facture)
        certificat, perime = self._certificats.choose(organisme)
        try:
            masques, clair = masquer(contexte.pack, facture.enregistrements)
            enveloppe = build_enveloped(clair, [certificat], contexte.alea)
            masquee = replace(facture, enregistrements=tuple(masques))
            chiffree = add_content(contexte, masquee, DONNEES_CHIFFREES, ENVELOPPE_CMS, enveloppe)
        except ErreurSecurite as exc:
            raise RefusSsv("facture_illisible", str(exc)) from exc
        alerte = contexte.donnees.securisation["alerte_certificat"]
        return FactureMiseEnForme(
            facture=write_facture(contexte, chiffree),
            libelle=alerte.format(date=perime, organisme=organisme.nom) if perime else "",
        )


def recipient(contexte: Contexte, facture: FactureSsv) -> Organisme:
    """Who receives the invoice: the AMO for a FSE; the settling operator, else the AMC, for a DRE. Raises RefusSsv."""
    organismes = contexte.organismes
    if facture.type is TypeFacture.FSE:
        regime, numero = facture.value("2.regime"), facture.organisme_destinataire
        trouve, qui = organismes.amo(regime, numero), f"régime {regime}, organisme destinataire {numero}"
    else:
        numero = numero_dre(facture)
        trouve, qui = organismes.amc(numero), f"organisme complémentaire {numero}"
    if trouve is None:
        raise RefusSsv("certificat_absent", f"{qui} : aucun certificat de chiffrement de données sur le poste")
    return trouve


def numero_dre(facture: FactureSsv) -> str:
    """« Numéro d'AMC ou numéro d'opérateur de règlement » of a DRE (cdc §3.2.10.1.1)."""
    return facture.value("2P.operateur_reglement") or facture.value("2M.numero_amc")
