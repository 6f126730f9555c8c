"""Files: lots not yet sent, grouped by the criterion of the services, between a header and an end (cdc §4.2.1.16.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from norms.contrat.base import TypeFacture
from norms.contrat.ports import Horloge
from norms.ssv import CatalogueGroupes, Groupe
from reference.ecran import Ecran
from reference.flux.oct import VersOct, type_du_fichier
from reference.ports import Services
from reference.store import Base, Compteurs, FichierConserve, Fichiers, LotConserve, Lots
from reference.store.compteurs import FICHIER
from reference.store.lots import A_TRANSMETTRE

#: Free text of the file's message zone.
ZONE_MESSAGE = ""


def regrouper_par_critere(lots: Iterable[LotConserve]) -> list[tuple[LotConserve, ...]]:
    """One file for each criterion, as the services gave it with the lot (SV-4.2.1.16.2-08)."""
    groupes: dict[tuple[TypeFacture, str], list[LotConserve]] = {}
    for lot in lots:
        groupes.setdefault((lot.type, lot.critere_fichier), []).append(lot)
    return [tuple(g) for g in groupes.values()]


def fse_puis_dre(groupes: Iterable[tuple[LotConserve, ...]]) -> list[tuple[LotConserve, ...]]:
    """SV-3.2.10.2-20: files of DRE after those of FSE."""
    return sorted(groupes, key=lambda g: g[0].type != TypeFacture.FSE)


@dataclass
class ConstitutionFichiers:
    """Builds the files of the lots that wait; no card is needed (SV-3.2.10.2-19)."""

    services: Services
    base: Base
    compteurs: Compteurs
    lots: Lots
    fichiers: Fichiers
    catalogue: CatalogueGroupes
    ecran: Ecran
    horloge: Horloge
    regrouper: Callable[[Iterable[LotConserve]], list[tuple[LotConserve, ...]]] = regrouper_par_critere
    ordonner: Callable[[Iterable[tuple[LotConserve, ...]]], list[tuple[LotConserve, ...]]] = fse_puis_dre
    vers_oct: VersOct | None = None
    a_transmettre: Callable[[], tuple[LotConserve, ...]] = field(init=False)
    former: Callable[[tuple[LotConserve, ...]], int] = field(init=False)

    def __post_init__(self) -> None:
        self.a_transmettre = self._a_transmettre
        self.former = self._former

    def constituer(self) -> tuple[FichierConserve, ...]:
        """Files of every lot not yet sent and not yet in a file (SV-4.2.1.16.2-07). Raises Refus."""
        lots = self.a_transmettre()
        oct_ = self.vers_oct
        if oct_ is not None and oct_.fichier_unique:
            directs = [lot for lot in lots if oct_.directs(lot)]
            groupes = [*oct_.regrouper(x for x in lots if not oct_.directs(x)), *self.ordonner(self.regrouper(directs))]
        else:
            groupes = self.ordonner(self.regrouper(lots))
        if not groupes:
            self.ecran.informer("Aucun lot n'attend d'être mis en fichier")
        return self.fichiers.par_ids([self.former(g) for g in groupes])

    def _a_transmettre(self) -> tuple[LotConserve, ...]:
        deja = self.fichiers.lots_en_fichier()
        return tuple(lot for lot in self.lots.tous(A_TRANSMETTRE) if lot.id not in deja)

    def _former(self, lots: tuple[LotConserve, ...]) -> int:
        """Header and end from the services around the lots (SV-4.2.1.16.2-03, -04, -05)."""
        with self.base.transaction():
            numero = f"{self.compteurs.avancer(FICHIER) % 1_000_000:06d}"
            entete, fin = self.services.formater_fichier(lots[0].critere_fichier, self._groups(numero, lots))
            adressage, adresse = lots[0].groupe, self.adresse(lots[0])
            id_ = self.fichiers.enregistrer(
                numero=numero,
                type_=type_du_fichier(lots),
                adresse=adresse,
                numero_emetteur=adressage.valeur("numero_emetteur"),
                version=adressage.valeur("version"),
                nb_factures=sum(len(lot.numeros) for lot in lots),
                contenu=b"".join((entete, *(lot.contenu for lot in lots), fin)),
                lots=[lot.id for lot in lots],
            )
        self.ecran.informer(
            f"Fichier {numero} de {type_du_fichier(lots)} prêt pour {adresse} : lot(s) "
            + ", ".join(lot.reference for lot in lots)
        )
        return id_

    def adresse(self, lot: LotConserve) -> str:
        """Where a lot's file goes: the concentrator if there is one (SV-A5-4.2.2.1-19), else its organisation."""
        oct_ = self.vers_oct
        return lot.adresse if oct_ is None or oct_.directs(lot) else oct_.adresse

    def _groups(self, numero: str, lots: tuple[LotConserve, ...]) -> tuple[Groupe, ...]:
        oct_ = self.vers_oct if self.vers_oct and not self.vers_oct.directs(lots[0]) else None
        fichier = self.catalogue.creer(
            12,
            date_fichier=self.horloge.now().strftime("%Y%m%d"),
            nom_fichier=numero,
            nombre_lots=str(len(lots)),
            taille_lots=str(sum(len(lot.contenu) for lot in lots)),
            **(oct_.entete() if oct_ else {}),
        )
        zone = oct_.reglages.zone_message if oct_ and oct_.fichier_unique else ZONE_MESSAGE
        message = self.catalogue.creer(14, critere_fichier=lots[0].critere_fichier, zone_message=zone)
        return fichier, message
