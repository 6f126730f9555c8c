"""FormaterFactures: checks the data groups of an invoice and writes its B2 records (cdc §4.2.1.13).

Amounts are those of the LPS: format and presence are checked, nothing is calculated again. What goes where is data
(``mise_en_forme.yaml``); this module interprets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from norms.codec import Champ, ErreurEnregistrement, Format
from norms.codec.champ import ENTIERS, Valeur
from norms.contrat.base import TypeFacture
from norms.contrat.services import FactureMiseEnForme, FormaterFacture
from norms.ssv import Groupe
from simulator.ssv.contexte import Contexte, parse_reference
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import encode_base64

MAX_GROUPES = 500
MAX_PRESTATIONS = 99
#: A rule that only carries fields of groups to a field of the record, as most do.
_SIMPLE = frozenset({"champ", "de"})
#: Fields that are filled, by reference (« 1610-4 »).
Champs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Regle:
    """How a record is made, read once: the fields that only carry others, with their sources, and the rest."""

    donnees: Mapping[str, Any]
    simples: tuple[tuple[str, Champ, tuple[str, ...]], ...]
    autres: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Cas:
    """The invoice being formatted: its groups, its type, values common to its records, its filled fields."""

    params: FormaterFacture
    commun: Mapping[str, Valeur]
    par_id: Mapping[int, Sequence[Groupe]]
    champs: Champs

    def around(self, courant: Groupe) -> Champs:
        """The fields seen from an occurrence: its own for its group, those of the first one for the others."""
        vides = dict.fromkeys(_references(courant.id, len(self.par_id[courant.id][0].champs)), "")
        return {**self.champs, **vides, **_filled(courant)}

    def total(self, reference: str) -> int:
        """The sum of a field over the occurrences of its group."""
        id_, rang = parse_reference(reference)
        return sum(int(g.valeur(rang) or 0) for g in self.par_id.get(id_, ()))


class MiseEnForme:
    """FormaterFactures."""

    def __init__(self, contexte: Contexte) -> None:
        self._contexte = contexte
        self._regles: Any = contexte.donnees.mise_en_forme
        self._motifs = [(m["champ"], re.compile(m["motif"], re.ASCII), m["attendu"]) for m in self._regles["motifs"]]
        self._bornes: dict[TypeFacture, list[tuple[int, str, int, int]]] = {}
        self._facture = [self._read(r) for r in self._regles["facture"]]
        self._prestation = [self._read(r) for r in self._regles["prestation"]]
        self._fin = self._read(self._regles["fin"])

    def formater_facture(self, params: FormaterFacture) -> FactureMiseEnForme:
        """Groups in, records 2 to 5 out. Raises RefusSsv naming group, field, what was expected."""
        if len(params.groupes) > MAX_GROUPES:
            raise RefusSsv("donnee_incorrecte", f"{len(params.groupes)} groupes ; {MAX_GROUPES} au plus")
        groupes = self._contexte.groupes(params.groupes)
        par_id: dict[int, list[Groupe]] = {}
        for g in groupes:
            par_id.setdefault(g.id, []).append(g)
        self._check(params.type, par_id)
        champs: dict[str, str] = {}
        for occurrences in par_id.values():
            champs |= _filled(occurrences[0])
        commun = {r["champ"]: _join(champs, r["de"]) for r in self._regles["commun"]}
        return FactureMiseEnForme(facture=encode_base64(self._records(Cas(params, commun, par_id, champs))))

    # --- checks ---------------------------------------------------------------------------------------------
    def _occurrences(self, type_: TypeFacture) -> list[tuple[int, str, int, int]]:
        """Of each group that enters an invoice of that type: number, label, smallest and greatest occurrences."""
        obligatoires = {int(i) for i in self._regles["obligatoires"][type_]}
        bornes = []
        for id_ in sorted(int(i) for i in self._regles["entree"]):
            definition = self._contexte.catalogue.definition(id_)
            minimum, maximum = _bounds(definition.occurrences)
            bornes.append((id_, definition.libelle, 1 if id_ in obligatoires else minimum, maximum))
        return bornes

    def _check(self, type_: TypeFacture, groupes: Mapping[int, Sequence[Groupe]]) -> None:
        bornes = self._bornes.get(type_) or self._bornes.setdefault(type_, self._occurrences(type_))
        if inconnus := groupes.keys() - {b[0] for b in bornes}:
            inconnu = next(i for i in groupes if i in inconnus)
            raise RefusSsv("groupe_inconnu", f"groupe {inconnu} : il n'entre pas dans une facture")
        for id_, libelle, minimum, maximum in bornes:
            n = len(groupes.get(id_, ()))
            if n < minimum:
                raise RefusSsv("donnee_incorrecte", f"groupe {id_} ({libelle}) absent, obligatoire ({type_})")
            if n > maximum:
                raise RefusSsv("groupe_inconnu", f"groupe {id_} ({libelle}) : {n} occurrences, {maximum} au plus")
        champs = self._regles["champs_obligatoires"]
        for reference in (*champs["tous"], *champs.get(type_, ())):
            id_, rang = parse_reference(reference)
            for g in groupes.get(id_, ()):
                if not g.valeur(rang):
                    raise self._refuse(reference, "une valeur, le champ est obligatoire", "un champ vide")
        for reference, motif, attendu in self._motifs:
            id_, rang = parse_reference(reference)
            for g in groupes.get(id_, ()):
                valeur = g.valeur(rang)
                if valeur and not motif.fullmatch(valeur):
                    raise self._refuse(reference, attendu, f"« {valeur[:60]} »")
        self._check_ranks(groupes)

    def _check_ranks(self, groupes: Mapping[int, Sequence[Groupe]]) -> None:
        rangs = [g.valeur(1) for g in groupes.get(1610, ())]
        connus = set(map(_number, rangs))
        if len(connus) != len(rangs) or len(rangs) > MAX_PRESTATIONS:
            raise self._refuse("1610-1", f"{MAX_PRESTATIONS} rangs différents au plus", ", ".join(rangs)[:60])
        for regle in self._regles["prestation"]:
            for g in groupes.get(int(regle["par"]), ()) if "par" in regle else ():
                if _number(g.valeur(1)) not in connus:
                    raise self._refuse(f"{g.id}-1", "le rang d'une prestation (groupe 1610)", f"« {g.valeur(1)} »")

    def _refuse(self, reference: str, attendu: str, constate: str) -> RefusSsv:
        id_, rang = parse_reference(reference)
        definition = self._contexte.catalogue.definition(id_)
        champ = definition.champs[rang - 1]
        return RefusSsv(
            "donnee_incorrecte",
            f"groupe {id_} ({definition.libelle}), champ {rang} « {champ.nom} » : attendu {attendu} ; "
            f"constaté {constate}",
        )

    # --- records --------------------------------------------------------------------------------------------
    def _read(self, regle: Mapping[str, Any]) -> Regle:
        if "par" in regle:  # several occurrences may share a record: the names of its fields are not known yet
            return Regle(regle, (), tuple(regle["champs"]))
        disposition = self._contexte.codec.disposition(regle["type"]).par_nom
        simples = [r for r in regle["champs"] if r.keys() == _SIMPLE]
        return Regle(
            regle,
            tuple((r["champ"], disposition[r["champ"]], tuple(r["de"])) for r in simples),
            tuple(r for r in regle["champs"] if r.keys() != _SIMPLE),
        )

    def _records(self, cas: Cas) -> Iterator[bytes]:
        for regle in self._facture:
            if self._wanted(regle.donnees, cas, cas.champs):
                yield self._encode(regle, cas, cas.champs)
        for prestation in sorted(cas.par_id.get(1610, ()), key=lambda g: _number(g.valeur(1))):
            champs = cas.around(prestation)
            for regle in self._prestation:
                if "par" in regle.donnees:
                    yield from self._complements(regle.donnees, cas, prestation)
                elif self._wanted(regle.donnees, cas, champs):
                    yield self._encode(regle, cas, champs)
        yield self._encode(self._fin, cas, cas.champs)

    @staticmethod
    def _wanted(regle: Mapping[str, Any], cas: Cas, champs: Champs) -> bool:
        if regle.get("factures", cas.params.type) != cas.params.type:
            return False
        return "si" not in regle or any(champs.get(s) for s in regle["si"])

    def _complements(self, regle: Mapping[str, Any], cas: Cas, prestation: Groupe) -> Iterator[bytes]:
        rang = _number(prestation.valeur(1))
        lies = [g for g in cas.par_id.get(int(regle["par"]), ()) if _number(g.valeur(1)) == rang]
        fois = int(regle.get("fois", "1"))
        for i in range(0, len(lies), fois):
            valeurs: dict[str, Valeur] = {}
            for n, g in enumerate(lies[i : i + fois], start=1):
                champs = cas.around(g)
                for r in regle["champs"]:
                    suffixe = f"_{n}" if "fois" in regle and "commun" not in r else ""
                    valeurs |= self._field(regle["type"], r, cas, champs, suffixe)
            yield self._write({**cas.commun, **valeurs}, regle)

    def _encode(self, regle: Regle, cas: Cas, champs: Champs) -> bytes:
        valeurs: dict[str, Valeur] = dict(cas.commun)
        for nom, champ, sources in regle.simples:
            if texte := _join(champs, sources):
                valeurs[nom] = _convert(champ, texte)
        for r in regle.autres:
            if r.get("factures", cas.params.type) == cas.params.type:
                valeurs |= self._field(regle.donnees["type"], r, cas, champs, "")
        return self._write(valeurs, regle.donnees)

    def _write(self, valeurs: Mapping[str, Valeur], regle: Mapping[str, Any]) -> bytes:
        try:
            return self._contexte.codec.encoder(regle["type"], valeurs)
        except ErreurEnregistrement as exc:
            regles = (*regle["champs"], *self._regles["commun"])
            sources = next((r["de"] for r in regles if "de" in r and exc.champ.startswith(r["champ"])), None)
            if sources:
                raise self._refuse(sources[0], exc.attendu, exc.constate) from exc
            raise RefusSsv("donnee_incorrecte", str(exc)) from exc

    # --- one field ------------------------------------------------------------------------------------------
    def _field(self, type_: str, r: Mapping[str, Any], cas: Cas, champs: Champs, suffixe: str) -> dict[str, Valeur]:
        disposition = self._contexte.codec.disposition(type_).par_nom
        if "decoupe" in r:
            texte, pas = _join(champs, r["de"]), int(r["decoupe"])
            if len(texte) > pas * int(r["maximum"]):
                raise self._refuse(r["de"][0], f"{pas * int(r['maximum'])} caractères au plus", f"« {texte[:60]} »")
            return {f"{r['champ']}_{i // pas + 1}": texte[i : i + pas] for i in range(0, len(texte), pas)}
        texte = self._text(r, cas, champs)
        if not texte and "sinon_commun" in r:
            return {r["champ"]: cas.commun[r["sinon_commun"]]}
        if not texte:
            return {}
        nom = r["champ"] + suffixe
        return {nom: _convert(disposition[nom], texte)}

    def _text(self, r: Mapping[str, Any], cas: Cas, champs: Champs) -> str:
        if "regle" in r:
            return self._rule(r["regle"], cas)
        texte = _join(champs, r["de"])
        if not texte and "sinon" in r:
            texte = champs.get(r["sinon"], "")
        if not texte and "somme" in r:
            texte = str(max(cas.total(r["somme"]) - (cas.total(r["moins"]) if "moins" in r else 0), 0))
        if texte and "table" in r:
            if texte not in r["table"] and "*" not in r["table"]:
                raise self._refuse(r["de"][0], "l'une des valeurs " + ", ".join(r["table"]), f"« {texte[:20]} »")
            texte = r["table"].get(texte, r["table"].get("*", ""))
        if texte and "tranche" in r:
            debut, fin = map(int, r["tranche"].split("-"))
            texte = texte[debut - 1 : fin]
        return texte

    def _rule(self, nom: str, cas: Cas) -> str:
        if nom == "type":
            return str(self._regles["types"][cas.params.type])
        if nom == "mode":
            return self._contexte.donnees.lettre_mode[cas.params.mode]
        if nom == "nombre_type_4":
            return str(len(cas.par_id.get(1610, ())))
        if nom == "flux":
            return self._contexte.donnees.lettre_flux[self._flow(cas)]
        return self._accident(cas)

    def _flow(self, cas: Cas) -> str:
        """Kind of flow: demonstration by régime and caisse (cdc §3.4.5), else that of the recipient."""
        regime, caisse, demo = cas.champs.get("1310-1", ""), cas.champs.get("1310-2", ""), self._regles["demonstration"]
        if (regime, caisse) == (demo["regime"], demo["caisse"]):
            return "demonstration"
        organismes = self._contexte.organismes
        organisme = (
            organismes.amc(cas.champs.get("1321-2", ""))
            if cas.params.type is TypeFacture.DRE
            else organismes.amo(regime, cas.champs.get("1310-4", ""))
        )
        return organisme.flux if organisme is not None else str(self._regles["flux_par_defaut"]["flux"])

    @staticmethod
    def _accident(cas: Cas) -> str:
        """Number of the work accident, else a date followed by 000 (public: SNDS documentation of B2)."""
        champs = cas.champs
        if numero := champs.get("1520-1", ""):
            return numero
        jour = champs.get("1520-2", "") or (champs.get("1530-2", "") if champs.get("1530-1") == "O" else "")
        return f"{jour[2:]}000" if jour else ""


@cache
def _references(id_: int, nombre: int) -> tuple[str, ...]:
    """The references of the first fields of a group."""
    return tuple(f"{id_}-{rang}" for rang in range(1, nombre + 1))


def _filled(groupe: Groupe) -> dict[str, str]:
    """The filled fields of an occurrence."""
    references = _references(groupe.id, len(groupe.champs))
    return {r: texte for r, texte in zip(references, groupe.champs, strict=True) if texte}


def _join(champs: Champs, sources: Sequence[str]) -> str:
    return "".join([champs[s] for s in sources if s in champs])


@cache
def _bounds(occurrences: str) -> tuple[int, int]:
    """« 1 », « 0-1 », « n », « 1-6 » as smallest and greatest numbers; « n » may be absent."""
    if occurrences == "n":
        return 0, MAX_GROUPES
    debut, _, fin = occurrences.partition("-")
    return int(debut), int(fin or debut)


def _number(texte: str) -> int:
    return int(texte) if texte.isdigit() else 0


def _convert(champ: Champ, texte: str) -> Valeur:
    """The value that the record's field wants, from the text of a group already checked."""
    if champ.format in ENTIERS:
        return int(texte)
    if champ.format is Format.DECIMAL:
        return Decimal(texte)
    if champ.format is Format.DATE:
        try:
            return date(int(texte[:4]), int(texte[4:6]), int(texte[6:8]))
        except ValueError:
            raise RefusSsv("donnee_incorrecte", f"date « {texte} » impossible (champ B2 « {champ.nom} »)") from None
    return texte
