"""Acquisition from an ApCV: a context, then the rights of the chosen beneficiary from ADR (cdc §4.2.1.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from norms.contrat.ports import Horloge
from norms.contrat.services import InterrogerAdr
from reference.ecran import Ecran
from reference.erreurs import CodeRetour, Refus
from reference.modele import APCV, Beneficiaire, Droits
from reference.ports import Services
from reference.session import Session

AUTRE_SUPPORT = (
    "aucun flux signé n'est possible avec l'ApCV ; reprendre l'acquisition à partir d'un autre support, par exemple la "
    "carte Vitale"
)


EXPIRE = "contexte ApCV expiré : aucun flux signé n'est possible avec l'ApCV sans une nouvelle authentification"
#: Return code of a context that is over (``hypothese``: the real one is in ApCV-MP-001, not distributed).
CONTEXTE_EXPIRE = "A103"


def est_expire(droits: Droits, maintenant: datetime) -> bool:
    """Whether the ApCV context is past its end of validity (SV-4.2.1.3-34)."""
    return droits.fin_contexte is not None and droits.fin_contexte < maintenant


@dataclass
class AcquisitionApcv:
    """Asks for a context and shows it; rights come later, when the beneficiary is known."""

    services: Services
    session: Session
    ecran: Ecran
    horloge: Horloge
    est_expire: Callable[[Droits, datetime], bool] = est_expire

    def lire(self, code_porteur: str | None = None) -> Droits:
        """Authenticates the user of the ApCV; what another support gave is lost (SV-2.2.1.2-10). Raises Refus."""
        self.session.changer_support()
        try:
            c = self.services.authentifier_apcv(code_porteur)
        except Refus as exc:
            raise Refus(f"{exc.motif} : {AUTRE_SUPPORT}", exc.code_retour) from exc
        droits = Droits(
            APCV,
            c.nir_assure,
            c.cle_assure,
            c.regime,
            c.caisse,
            c.centre,
            "",
            tuple(Beneficiaire(i.nom, i.prenom, i.naissance, i.rang, "") for i in c.identites),
            contexte=c.contexte,
            fin_contexte=datetime.fromisoformat(c.fin_validite),
        )
        self.session.droits = droits
        self.session.retenir_lecture(droits, self.horloge.now().date())
        self.montrer(droits)
        return droits

    def montrer(self, droits: Droits) -> None:
        """Content of the context and its origin (SV-4.2.1.3-30, SV-4.2.1.3-31)."""
        self.ecran.informer(
            f"Données issues de l'ApCV : assuré {droits.nir_assure} {droits.cle_assure}, organisme "
            f"{' '.join(droits.organisme)}, contexte valable jusqu'à {droits.fin_contexte:%d/%m/%Y %H:%M}"
        )
        for rang, b in enumerate(droits.beneficiaires, start=1):
            self.ecran.informer(f"{rang}. {b.nom} {b.prenom}, né(e) le {b.naissance}, rang {b.rang}")

    def contexte_valide(self) -> Droits:
        """The context acquired, if it still holds. Raises Refus, after proposing a new authentication."""
        droits = self.session.droits
        if droits is None or droits.support != APCV:
            raise Refus("aucune ApCV acquise ; demander l'authentification de son utilisateur")
        if self.est_expire(droits, self.horloge.now()):
            self.proposer_authentification()
            raise Refus(EXPIRE)
        return droits

    def interroger(self, numero: int, adr: Callable[[InterrogerAdr], Droits]) -> Droits:
        """The rights of one beneficiary of the context, always asked of ADR (SV-4.2.1.3-32). Raises Refus."""
        droits = self.contexte_valide()
        if not 1 <= numero <= len(droits.beneficiaires):
            raise Refus(f"bénéficiaire n° {numero} ; l'ApCV en porte {len(droits.beneficiaires)}")
        jour = self.horloge.now().strftime("%Y%m%d")
        try:
            lus = adr(InterrogerAdr(contexte=droits.contexte, numero=numero, date_consultation=jour))
        except CodeRetour as exc:
            if exc.code_retour == CONTEXTE_EXPIRE:
                self.proposer_authentification()
                raise Refus(EXPIRE, exc.code_retour) from exc
            raise Refus(f"{exc.motif} : {AUTRE_SUPPORT}", exc.code_retour) from exc
        except Refus as exc:
            raise Refus(f"{exc.motif} : {AUTRE_SUPPORT}", exc.code_retour) from exc
        return replace(lus, support=APCV, contexte=droits.contexte, fin_contexte=droits.fin_contexte)

    def signature_impossible(self, exc: Refus) -> Refus:
        """What the PS reads when the ApCV didn't sign: ask again when the context is over, else another support."""
        if exc.code_retour == CONTEXTE_EXPIRE:
            self.session.changer_support()
            self.proposer_authentification()
            return Refus(EXPIRE, exc.code_retour)
        return Refus(f"{exc.motif} : {AUTRE_SUPPORT}", exc.code_retour)

    def proposer_authentification(self) -> None:
        """SV-4.2.1.3-34."""
        self.ecran.questionner("Demander une nouvelle authentification de l'utilisateur de l'ApCV ?")
