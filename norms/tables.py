"""Code tables (nomenclatures), rates, tariffs and recipient organisations of a norm pack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from norms.chargement import Chemin, Document
from norms.paquet import NormPack

MAX_LIGNES = 100_000


@dataclass(frozen=True, slots=True)
class Entree:
    """A code, what it means, where that comes from; ``attributs``: the other columns of the table."""

    code: str
    libelle: str
    source: str
    attributs: tuple[tuple[str, str], ...] = ()

    def attribut(self, nom: str) -> str:
        """The value of a column, empty when the line doesn't give it."""
        return dict(self.attributs).get(nom, "")


class Nomenclature:
    """A table of codes (``tables/<nom>.yaml``), in file order."""

    def __init__(self, pack: NormPack, nom: str) -> None:
        self.nom = nom
        self._entrees: dict[str, Entree] = pack.memo(("nomenclature", nom), lambda: _load_codes(pack, nom))

    def __contains__(self, code: object) -> bool:
        return code in self._entrees

    def __iter__(self) -> Iterator[Entree]:
        return iter(self._entrees.values())

    def __getitem__(self, code: str) -> Entree:
        try:
            return self._entrees[code]
        except KeyError:
            raise KeyError(f"table {self.nom} : code « {code} » inconnu ; codes : {', '.join(self._entrees)}") from None

    def libelle(self, code: str) -> str:
        """The label of a code, empty when unknown."""
        return self._entrees[code].libelle if code in self._entrees else ""


def code_annulation(pack: NormPack) -> str:
    """The nature of operation of a DRE that cancels another (« usage: annulation »); empty when no line says so."""
    table = Nomenclature(pack, "natures_operation")
    return next((e.code for e in table if e.attribut("usage") == "annulation"), "")


def _load_codes(pack: NormPack, nom: str) -> dict[str, Entree]:
    document = pack.charger(f"tables/{nom}.yaml")
    entrees: dict[str, Entree] = {}
    for i, e in enumerate(_lines(document, "entrees")):
        for cle in ("code", "libelle", "source"):
            if cle not in e:
                raise document.erreur(("entrees", i), f"« {cle} » absent d'une ligne de table")
        if e["code"] in entrees:
            raise document.erreur(("entrees", i), f"code « {e['code']} » donné deux fois")
        reste = tuple((k, v) for k, v in e.items() if k not in {"code", "libelle", "source"})
        entrees[e["code"]] = Entree(e["code"], e["libelle"], e["source"], reste)
    return entrees


def _lines(document: Document, cle: str) -> list[dict[str, Any]]:
    lignes = document.donnees.get(cle) if isinstance(document.donnees, dict) else None
    if not isinstance(lignes, list) or len(lignes) > MAX_LIGNES or not all(isinstance(x, dict) for x in lignes):
        raise document.erreur((), f"« {cle} » : liste de lignes attendue, {MAX_LIGNES} au plus")
    return lignes


# --- tariffs --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Tarif:
    """The price of an act over a period: centimes, specialties ("" : all), bounds of the coefficient."""

    code: str
    montant: int
    debut: date
    fin: date | None
    specialites: frozenset[str]
    coefficient: bool
    coefficient_min: Decimal | None
    coefficient_max: Decimal | None
    entente_prealable: bool
    applique: bool
    source: str


class Tarifs:
    """Dated tariffs (``tables/ngap.yaml``). A line with ``applique: non`` is kept as information only."""

    def __init__(self, pack: NormPack) -> None:
        self._tarifs: dict[str, tuple[Tarif, ...]] = pack.memo("tarifs", lambda: _load_prices(pack))

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._tarifs)

    def tarif(self, code: str, jour: date, specialite: str) -> Tarif | None:
        """The tariff in force that day for that specialty ("01"); None when there is none."""
        for t in self._tarifs.get(code, ()):
            en_vigueur = t.debut <= jour and (t.fin is None or jour <= t.fin)
            if t.applique and en_vigueur and (not t.specialites or specialite in t.specialites):
                return t
        return None

    def tous(self, code: str) -> tuple[Tarif, ...]:
        """All the lines of an act, applied or not."""
        return self._tarifs.get(code, ())


def _load_prices(pack: NormPack) -> dict[str, tuple[Tarif, ...]]:
    document = pack.charger("tables/ngap.yaml")
    tarifs: dict[str, tuple[Tarif, ...]] = {}
    for i, e in enumerate(_lines(document, "tarifs")):
        chemin: Chemin = ("tarifs", i)
        try:
            t = Tarif(
                code=e["code"],
                montant=int(e["centimes"]),
                debut=date.fromisoformat(e["debut"]),
                fin=date.fromisoformat(e["fin"]) if e.get("fin") else None,
                specialites=expand_specialties(e.get("specialites", "")),
                coefficient=e.get("coefficient", "non") == "oui",
                coefficient_min=Decimal(e["coefficient_min"]) if e.get("coefficient_min") else None,
                coefficient_max=Decimal(e["coefficient_max"]) if e.get("coefficient_max") else None,
                entente_prealable=e.get("entente_prealable", "non") == "oui",
                applique=e.get("applique", "oui") == "oui",
                source=e["source"],
            )
        except (KeyError, ValueError, ArithmeticError) as exc:
            raise document.erreur(chemin, f"tarif : code, centimes, debut (AAAA-MM-JJ), source ; {exc}") from exc
        tarifs[t.code] = (*tarifs.get(t.code, ()), t)
    return tarifs


def expand_specialties(texte: str) -> frozenset[str]:
    """ "1-3 20" -> {"01", "02", "03", "20"}. Raises ValueError."""
    codes: set[str] = set()
    for morceau in texte.split():
        m = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", morceau)
        if not m:
            raise ValueError(f"spécialités « {morceau} » ; attendu « 1-18 20 »")
        codes |= {f"{n:02d}" for n in range(int(m[1]), int(m[2] or m[1]) + 1)}
    return frozenset(codes)


class Taux:
    """Named reimbursement rates, per cent (``tables/taux.yaml``): ``Taux(pack)["medecin"]`` is 70."""

    def __init__(self, pack: NormPack) -> None:
        self._table = Nomenclature(pack, "taux")

    def __getitem__(self, nom: str) -> int:
        return int(self._table[nom].attribut("taux"))


# --- organisations --------------------------------------------------------------------------------------
class Organismes:
    """From the organisation that manages the rights to the one that receives the flow (``tables/organismes.yaml``)."""

    def __init__(self, pack: NormPack) -> None:
        self._donnees: dict[str, Any] = pack.charger("tables/organismes.yaml").donnees

    def destinataire(self, regime: str, caisse: str, centre: str) -> str:
        """The three-digit recipient organisation: first rule that applies, else the caisse itself."""
        for r in self._donnees["destinataires"]:
            if regime not in r["regimes"]:
                continue
            if caisse in r.get("caisses", [caisse]) and centre in r.get("centres", [centre]):
                if not caisse.endswith(r.get("caisse_finit_par", "")):
                    continue
                return _apply(r["destinataire"], caisse, centre)
        return caisse

    def centre_informatique(self, regime: str, caisse: str, centre: str) -> str:
        """The three-digit computing centre of the organisation; the default one when the table doesn't know it."""
        for r in self._donnees["centres_informatiques"]:
            if regime == r["regime"] and caisse == r["caisse"] and centre == r.get("centre", centre):
                return str(r["centre_informatique"])
        return str(self._donnees["centre_informatique_par_defaut"])


def _apply(regle: str, caisse: str, centre: str) -> str:
    if regle == "centre":
        return centre[-3:]
    if regle.startswith("finale:"):
        return caisse[:-1] + regle.removeprefix("finale:")
    return regle
