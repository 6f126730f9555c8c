"""Acquisition of rights from ADR: after an ApCV always, with a card or without a support when asked (cdc §3.2.2.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from norms.contrat.adaptateur import BeneficiaireDemande
from norms.contrat.ports import Horloge
from norms.contrat.services import InterrogerAdr
from reference.acquisition.apcv import AcquisitionApcv
from reference.acquisition.beneficiaire import AcquisitionBeneficiaire, decrire, parse_date, parse_droits
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.modele import ADR, APCV, Beneficiaire, Droits, Periode
from reference.ports import ReponseAdr, Services
from reference.session import Session

ACCIDENT_DU_TRAVAIL = "41"


@dataclass
class AcquisitionAdr:
    """Asks ADR for one person at a time; what it answers holds until the support or the person changes."""

    services: Services
    session: Session
    ecran: Ecran
    horloge: Horloge
    carte: AcquisitionBeneficiaire
    apcv: AcquisitionApcv

    def acquerir(self, demande: BeneficiaireDemande, code_porteur: str | None = None) -> Droits:
        """The rights of a beneficiary, kept for his invoice and shown with their origin. Raises Refus."""
        self.session.adr = None
        if demande.source == APCV:
            lus = self.apcv.interroger(demande.numero, lambda d: self.interroger(d, code_porteur))
        else:
            droits, beneficiaire = self.identifier(demande, code_porteur)
            lus = self.interroger(
                InterrogerAdr(
                    nir=droits.nir_assure,
                    naissance=beneficiaire.naissance,
                    rang=beneficiaire.rang,
                    date_consultation=self._jour(),
                ),
                code_porteur,
            )
            lus = replace(lus, support=droits.support, serie=droits.serie, situation=droits.situation or lus.situation)
        self.session.adr = lus
        self.montrer(lus)
        return lus

    def identifier(self, demande: BeneficiaireDemande, code_porteur: str | None) -> tuple[Droits, Beneficiaire]:
        """SV-3.2.2.1-03: who receives care, on the card or typed. Raises Refus."""
        if demande.source == "saisie":
            if demande.identite is None:
                raise Refus("identité du bénéficiaire absente ; la saisir ou lire la carte Vitale")
            droits = self.carte.saisir(demande.identite)
            return droits, droits.beneficiaires[0]
        if self.session.droits is not None and self.session.droits.support == APCV:
            self.session.changer_support()  # another support: nothing of the first one remains (SV-2.2.1.2-09)
        droits = self.carte.en_cours(code_porteur)
        if not 1 <= demande.numero <= len(droits.beneficiaires):
            raise Refus(f"bénéficiaire n° {demande.numero} ; la carte Vitale en porte {len(droits.beneficiaires)}")
        return droits, droits.beneficiaires[demande.numero - 1]

    def interroger(self, demande: InterrogerAdr, code_porteur: str | None) -> Droits:
        """One call, its answer as rights of a single person. Raises Refus."""
        reponse = self.services.interroger_adr(demande.model_copy(update={"code_porteur": code_porteur}))
        return parse_reponse(reponse)

    def retenir(self, droits: Droits, beneficiaire: Beneficiaire, nature_assurance: str) -> tuple[Droits, Beneficiaire]:
        """SV-3.2.2.1-04 to -07: the support of rights retained. ADR's replace the others whole, but for an accident at
        work; the AMC that the card alone knows of stays.
        """
        adr = self.session.adr
        if adr is None or adr.support != droits.support or nature_assurance == ACCIDENT_DU_TRAVAIL:
            return droits, beneficiaire
        seul = adr.beneficiaires[0]
        if not same_person(adr, seul, droits, beneficiaire):
            return droits, beneficiaire
        natures = {c.nature for c in seul.complementaires}
        gardees = tuple(c for c in beneficiaire.complementaires if c.nature not in natures)
        seul = replace(seul, complementaires=seul.complementaires + gardees)
        return replace(adr, beneficiaires=(seul,), fin_validite=droits.fin_validite), seul

    def montrer(self, droits: Droits) -> None:
        """What ADR said, and that it comes from ADR."""
        b = droits.beneficiaires[0]
        self.ecran.informer(
            f"Droits issus du service ADR : assuré {droits.nir_assure} {droits.cle_assure}, organisme "
            f"{' '.join(droits.organisme)} ; {b.nom} {b.prenom}, né(e) le {b.naissance}, rang {b.rang}{decrire(b)}"
        )
        if droits.ame is not None:
            fin = f" jusqu'au {droits.ame.fin:%d/%m/%Y}" if droits.ame.fin else ""
            self.ecran.informer(f"Bénéficiaire de l'aide médicale d'État (AME){fin}, selon le service ADR")

    def _jour(self) -> str:
        return self.horloge.now().strftime("%Y%m%d")


def same_person(une: Droits, b: Beneficiaire, autre: Droits, c: Beneficiaire) -> bool:
    """Whether two acquisitions are about the same person."""
    return (une.nir_assure, b.naissance, b.rang) == (autre.nir_assure, c.naissance, c.rang)


def parse_reponse(reponse: ReponseAdr) -> Droits:
    """An answer of ADR as rights. Raises Refus when it holds nobody."""
    lus = parse_droits(reponse.groupes)
    debut, fin = parse_date(reponse.ame_debut), parse_date(reponse.ame_fin)
    ame = Periode(debut, fin) if debut or fin else None
    situation = "ame" if ame is not None else ""
    return replace(lus, source_droits=ADR, piece_amo=reponse.piece_amo, ame=ame, situation=situation)
