"""Lots: secured invoices grouped by the criterion of the services, sorted, signed in one series (cdc §4.2.1.16.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from norms.contrat.base import TypeFacture
from norms.contrat.ports import Horloge
from norms.montants import format_euros
from reference.ecran import Ecran
from reference.erreurs import CodeRetour, Refus
from reference.flux.adressage import Adressage
from reference.flux.references import ReferencesLot
from reference.ports import LotMisEnForme, Services
from reference.store import Base, FactureConservee, Factures, LotConserve, Lots
from reference.store.factures import EN_LOT, SECURISEE

MAX_FACTURES = 999
GROUPE_SITUATION = 2


@dataclass(frozen=True, slots=True)
class LotAFormer:
    """Invoices that will make one lot; ``remplace``: the rejected lot it is built again from."""

    factures: tuple[FactureConservee, ...]
    remplace: int | None = None

    @property
    def type(self) -> TypeFacture:
        return self.factures[0].type


def regrouper_par_critere(factures: Iterable[FactureConservee]) -> list[tuple[FactureConservee, ...]]:
    """One group for each criterion, as the services gave it (SV-4.2.1.16.1-10); at most 999 invoices a lot."""
    groupes: dict[tuple[TypeFacture, str], list[FactureConservee]] = {}
    for f in factures:
        groupes.setdefault((f.type, f.critere_lot), []).append(f)
    return [tuple(g[i : i + MAX_FACTURES]) for g in groupes.values() for i in range(0, len(g), MAX_FACTURES)]


def trier_par_numero(factures: Iterable[FactureConservee]) -> tuple[FactureConservee, ...]:
    """SV-4.2.1.16.1-11: ascending invoice number."""
    return tuple(sorted(factures, key=lambda f: f.numero))


def fse_puis_dre(groupes: Iterable[tuple[FactureConservee, ...]]) -> list[tuple[FactureConservee, ...]]:
    """SV-4.2.1.16.1-27: lots of DRE after those of FSE."""
    return sorted(groupes, key=lambda g: g[0].type != TypeFacture.FSE)


def code_au_premier(rang: int, code_porteur: str | None) -> str | None:
    """SV-3.2.9.3.2.1-05: only the first lot of a series takes the code porteur."""
    return code_porteur if rang == 0 else None


def exiger_code(code_porteur: str | None) -> None:
    """SV-3.2.9.3.2.1-04: no series without the code porteur. Raises Refus."""
    if not code_porteur:
        raise Refus("code porteur exigé pour signer le premier lot d'une série ; le saisir")


@dataclass
class ConstitutionLots:
    """Builds and secures the lots of all the invoices that wait."""

    services: Services
    base: Base
    factures: Factures
    lots: Lots
    references: ReferencesLot
    adressage: Adressage
    ecran: Ecran
    horloge: Horloge
    numero_agrement: str = ""
    regrouper: Callable[[Iterable[FactureConservee]], list[tuple[FactureConservee, ...]]] = regrouper_par_critere
    trier: Callable[[Iterable[FactureConservee]], tuple[FactureConservee, ...]] = trier_par_numero
    ordonner: Callable[[Iterable[tuple[FactureConservee, ...]]], list[tuple[FactureConservee, ...]]] = fse_puis_dre
    exiger_code: Callable[[str | None], None] = exiger_code
    #: Billing numbers of the health centre; empty elsewhere (SV-3.2.9.3.2.1-10).
    numeros_centre: tuple[str, ...] = ()
    code_pour: Callable[[int, str | None], str | None] = code_au_premier
    montrer: Callable[[LotAFormer], None] = field(init=False)

    def __post_init__(self) -> None:
        self.montrer = self._montrer

    def constituer(self, code_porteur: str | None) -> tuple[LotConserve, ...]:
        """Lots of every secured invoice. Raises Refus; lots already secured in the series are kept."""
        a_former = [LotAFormer(self.trier(g)) for g in self.ordonner(self.regrouper(self.factures.toutes(SECURISEE)))]
        if not a_former:
            self.ecran.informer("Aucune facture sécurisée n'attend d'être mise en lot")
        return self.former_serie(a_former, code_porteur)

    def former_serie(self, a_former: Sequence[LotAFormer], code_porteur: str | None) -> tuple[LotConserve, ...]:
        """Secures lots one after the other in one series; cards stay reserved until its end (SV-4.2.1.16.1-31)."""
        if a_former:
            self.exiger_code(code_porteur)
            self._verifier_centre(code_porteur)
        for lot in a_former:
            self.montrer(lot)
        faits: list[int] = []
        for rang, lot in enumerate(a_former):
            try:
                faits.append(
                    self._former(lot, self.code_pour(rang, code_porteur), fin_de_serie=rang == len(a_former) - 1)
                )
            except CodeRetour as exc:
                if faits:
                    self._clore_serie()
                    restent = f"{len(faits)} lot(s) constitué(s) ; les autres restent à constituer"
                    raise CodeRetour(exc.fonction, exc.code_retour, f"{exc.motif} ; {restent}") from exc
                raise
        return self.lots.par_ids(faits)

    def _verifier_centre(self, code_porteur: str | None) -> None:
        """In a health centre, the card that signs must be one of the centre's (SV-3.2.9.3.2.1-10). Raises Refus."""
        if not self.numeros_centre:
            return
        lus = {
            g.valeur("numero_facturation")
            for g in self.services.lire_carte_ps(code_porteur)
            if g.id == GROUPE_SITUATION
        }
        if not lus & set(self.numeros_centre):
            raise Refus(
                f"carte du numéro de facturation {', '.join(sorted(lus)) or 'inconnu'} : elle n'est pas de ce centre "
                "de santé ; employer une carte du centre, ou compléter ses numéros au paramétrage du poste"
            )

    def _clore_serie(self) -> None:
        """A series that stops halfway would keep the cards reserved: starting the services again frees them."""
        self.services.fermer()
        self.services.ouvrir()

    def _former(self, lot: LotAFormer, code_porteur: str | None, *, fin_de_serie: bool) -> int:
        jour = self.horloge.now().date()
        with self.base.transaction():
            reference = self.references.attribuer(lot.type)
            forme = self.services.formater_lot(
                reference=reference,
                jour=jour.strftime("%Y%m%d"),
                numero_agrement=self.numero_agrement,
                factures=[f.contenu for f in lot.factures],
                code_porteur=code_porteur,
                fin_de_serie=fin_de_serie,
            )
            id_ = self._conserver(lot, reference, jour.isoformat(), forme)
            self.factures.changer_statut((f.id for f in lot.factures), EN_LOT)
        return id_

    def _conserver(self, lot: LotAFormer, reference: str, jour: str, forme: LotMisEnForme) -> int:
        """SV-3.2.10.1.2-01, SV-4.2.1.16.1-08: the lot and the address of its recipient."""
        return self.lots.enregistrer(
            reference=reference,
            type_=lot.type,
            mode=lot.factures[0].mode,
            jour=jour,
            contenu=forme.contenu,
            critere_fichier=forme.critere_fichier,
            groupe=forme.groupe,
            adresse=self.adressage.adresse(forme.groupe),
            factures=[f.id for f in lot.factures],
            remplace=lot.remplace,
        )

    def _montrer(self, lot: LotAFormer) -> None:
        """SV-3.2.10.1.1-29: every invoice of a lot is shown before the lot is signed."""
        lignes = "\n".join(
            f"  {f.numero}  {f.nom} {f.prenom}  {format_euros(f.totaux.total)}  AMO {format_euros(f.totaux.amo)}  "
            f"AMC {format_euros(f.totaux.amc)}"
            for f in lot.factures
        )
        self.ecran.informer(f"Lot de {lot.type} à signer, {len(lot.factures)} facture(s) :\n{lignes}")
