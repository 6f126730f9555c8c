"""How an insurer behaves in a scenario: honest by default, or ordered to answer otherwise (seam 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.acteurs.francais import explain

NatureService = Literal["rejet_smtp", "rejet_fichier", "rejet_chiffrement"]


class Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Delai(Modele):
    """How long an insurer takes, in virtual time: days, hours and minutes, then working days."""

    jours_ouvres: Annotated[int, Field(ge=0, le=2600)] = 0
    jours: Annotated[int, Field(ge=0, le=3660)] = 0
    heures: Annotated[int, Field(ge=0, le=87_840)] = 0
    minutes: Annotated[int, Field(ge=0, le=5_270_400)] = 0


class Forfait(Modele):
    """A lump sum tied to no invoice: ROSP, RMT, aide pérenne (cdc §4.2.2.2). ``montant`` in centimes."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,5}$")]
    montant: Annotated[int, Field(ge=1, le=99_999_999)]
    libelle: Annotated[str, Field(max_length=80)] = ""


class Retenue(Modele):
    """A deduction tied to no invoice (cdc §4.2.2.2). ``nature`` and ``operation`` as in entity 250."""

    montant: Annotated[int, Field(ge=1, le=99_999_999)]
    nature: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "IND"
    operation: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RDP"
    reference: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,10}$")] = ""


class FeuillePapier(Modele):
    """A paper form that a return settles although no flow announced it (cdc §4.2.2.2). ``montant`` in centimes."""

    numero: Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
    montant: Annotated[int, Field(ge=0, le=99_999_999)]


class Comportement(Modele):
    """The behaviour keys of ``monde.acteurs.<numéro>`` and ``acteur.regler``.

    ``arl``: honnete follows the checks and the table of cdc §3.5; positif, negatif and aucun force the answer for every
    lot. ``facture_en_cause``: rank in the lot, from 1. ``factures_rejetees``: numbers rejected by an RSP that pays.
    ``agrements_refuses``: numbers of software that this insurer no longer takes lots from (« * »: any).
    ``arl_apres``, ``rsp_apres``: the insurer's own pace, from the reception of a message; without ``rsp_apres``, RSP
    leave when ordered (``acteurs.liquider``). ``arl_groupes``: one file for all the ARL of a message. ``rsp``: signale
    pays with a remark (``rejet_code``, ``rejet_libelle``), partiel pays ``paye_pourcent``, differe pays later;
    ``rejet_part`` is what a reject touches. ``rsp_reference``: an AMO may still answer in 576 or 900.
    ``relaie``, ``art``, ``art_texte``, ``art_nature``, ``art_nom``: a concentrator sends files on, tells it in a text
    file, with its text, its sub-field and its name (annexe5 §7.2.1).
    ``forfaits``, ``retenues``, ``papier``: what the next RSP bears besides invoices, even alone.
    """

    arl_groupes: bool = False
    arl_apres: Delai | None = None
    rsp_apres: Delai | None = None
    relaie: bool = True
    art: Literal["honnete", "aucun"] = "honnete"
    art_texte: Annotated[str, Field(max_length=2000)] = ""
    art_nature: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    art_nom: Annotated[str, Field(pattern=r"^([0-9A-Za-z _.-]{1,60}\.txt)?$")] = ""
    agrements_refuses: tuple[Annotated[str, Field(pattern=r"^([0-9A-Z]{1,20}|\*)$")], ...] = ()
    arl: Literal["honnete", "positif", "negatif", "aucun"] = "honnete"
    arl_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    arl_libelle: Annotated[str, Field(max_length=60)] = ""
    facture_en_cause: Annotated[int, Field(ge=1)] | None = None
    rsp: Literal["paye", "rejete", "signale", "partiel", "differe", "aucun"] = "paye"
    rsp_reference: Literal["580", "576", "900"] = "580"
    rejet_part: Literal["tout", "amo", "amc"] = "tout"
    paye_pourcent: Annotated[int, Field(ge=0, le=200)] = 50
    forfaits: tuple[Forfait, ...] = ()
    retenues: tuple[Retenue, ...] = ()
    papier: tuple[FeuillePapier, ...] = ()
    factures_rejetees: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], ...] = ()
    rejet_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    rejet_libelle: Annotated[str, Field(max_length=86)] = ""
    service: Literal["aucun", "rejet_smtp", "rejet_fichier", "rejet_chiffrement"] = "aucun"

    @property
    def beyond_invoices(self) -> bool:
        """Whether the next RSP has something to say that no invoice received calls for."""
        return bool(self.forfaits or self.retenues or self.papier)

    def without_extras(self) -> Comportement:
        """The same behaviour, once what goes beyond invoices has been sent."""
        return self.model_copy(update={"forfaits": (), "retenues": (), "papier": ()})

    def changed(self, cles: Mapping[str, Any]) -> Comportement:
        """The same behaviour with some keys changed. Raises ValueError, in French."""
        try:
            return Comportement.model_validate(self.model_dump(exclude_unset=True) | dict(cles))
        except ValidationError as exc:
            raise ValueError(explain(exc)) from exc
