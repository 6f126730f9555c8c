"""Signatures of invoices by the cards (cdc §3.2.9.3.1): the card signs the hash, the services place the segments."""

from __future__ import annotations

import hashlib

from norms.b2.securite import RSA_SHA256, SIGNATURE_PS, SIGNATURE_VITALE, ErreurSecurite, octets_a_signer_facture
from norms.contrat.ports import PARIS
from norms.contrat.services import FactureMiseEnForme, SignerFacturePs, SignerFactureVitale
from simulator.cards.erreurs import CarteAbsente
from simulator.cards.lecture import VitaleLue, read_vitale, sign_with_cps, sign_with_vitale
from simulator.cards.modele import ContenuCps, Situation
from simulator.ssv.contexte import Contexte
from simulator.ssv.criteres import Criteres
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import FactureSsv, add_content, check_step, decode_base64, read_facture, write_facture
from simulator.ssv.lecture import Lecture, letter


class Signature:
    """SignerFactureVitale, SignerFacturePs."""

    def __init__(self, contexte: Contexte, lecture: Lecture, criteres: Criteres) -> None:
        self._contexte, self._lecture, self._criteres = contexte, lecture, criteres

    def signer_facture_vitale(self, params: SignerFactureVitale) -> FactureMiseEnForme:
        """The Vitale card signs. In SESAM-Vitale mode both cards must be there (cdc §3.2.9.1, 1a)."""
        contexte = self._contexte
        facture = read_facture(contexte, decode_base64(params.facture, "facture"))
        check_step(contexte, facture, SIGNATURE_VITALE)
        if facture.regle.presence_ps:
            contexte.postes.check_couple(params.ressource_ps, params.ressource_vitale)
            ps = contexte.postes.poste(params.ressource_ps)
            if not (ps.present and contexte.terminaux.joignable(params.ressource_ps)):
                raise contexte.postes.refus(CarteAbsente(ps.lecteur), "ps")
        with contexte.postes.operation(params.ressource_vitale, "vitale") as poste:
            contenu = poste.remember(VitaleLue, lambda: read_vitale(poste)).contenu
            aujourdhui = contexte.horloge.now().astimezone(PARIS).date()
            if contenu.expired(aujourdhui):
                raise RefusSsv("vitale_perimee", f"carte Vitale périmée depuis le {contenu.fin_validite:%d/%m/%Y}")
            self._check_kind(self._lecture.kind(contenu), facture, "carte Vitale")
            signature = sign_with_vitale(poste, digest(facture, SIGNATURE_VITALE))
        return self.placer(facture, SIGNATURE_VITALE, signature)

    def signer_facture_ps(self, params: SignerFacturePs) -> FactureMiseEnForme:
        """The card of the PS signs, once opened by its code; it must be allowed to (cdc §3.2.9.3.1.1)."""
        contexte = self._contexte
        facture = read_facture(contexte, decode_base64(params.facture, "facture"))
        check_step(contexte, facture, SIGNATURE_PS)
        with contexte.postes.operation(params.ressource_ps, "ps") as poste:
            carte = self._lecture.read_ps(poste, params.code_porteur).contenu
            situation = find_situation(carte, params.numero_situation)
            if situation.habilitation_facture != "1":
                raise RefusSsv(
                    "cps_non_habilitee", f"carte de {carte.nom} {carte.prenom} : non habilitée à signer des factures"
                )
            self._check_kind(letter(carte.carte_de_test), facture, "carte du PS")
            signature = sign_with_cps(poste, digest(facture, SIGNATURE_PS))
        return self.placer(facture, SIGNATURE_PS, signature)

    def _check_kind(self, carte: str, facture: FactureSsv, qui: str) -> None:
        couples = self._contexte.donnees.securisation["couples"]["facture"]
        if carte != facture.marquage and f"{carte}/{facture.marquage}" not in couples:
            raise RefusSsv(
                "types_melanges", f"{qui} de type {carte}, facture de type {facture.marquage} : test et réel mélangés"
            )

    def placer(self, facture: FactureSsv, nature: str, signature: bytes) -> FactureMiseEnForme:
        """The invoice with the segments of that signature."""
        try:
            signee = add_content(self._contexte, facture, nature, RSA_SHA256, signature)
        except ErreurSecurite as exc:  # a signature that came from outside, empty or endless
            raise RefusSsv("donnee_incorrecte", str(exc)) from exc
        critere = self._criteres.lot(signee) if nature in signee.regle.critere_apres else ""
        return FactureMiseEnForme(facture=write_facture(self._contexte, signee), critere_lot=critere)


def digest(facture: FactureSsv, nature: str) -> bytes:
    """SHA-256 of what a card signs in that invoice."""
    return hashlib.sha256(octets_a_signer_facture(facture.enregistrements, nature)).digest()


def find_situation(carte: ContenuCps, numero: str) -> Situation:
    """The situation of that logical number. Raises RefusSsv."""
    for situation in carte.situations:
        if situation.numero_logique.lstrip("0") == numero.lstrip("0"):
            return situation
    connus = ", ".join(s.numero_logique for s in carte.situations)
    raise RefusSsv("donnee_incorrecte", f"situation n° « {numero[:10]} » absente de la carte ; présentes : {connus}")
