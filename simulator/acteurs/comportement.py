"""How an insurer behaves in a scenario: honest by default, or ordered to answer otherwise (seam 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.acteurs.francais import explain

NatureService = Literal["rejet_smtp", "rejet_fichier", "rejet_chiffrement"]


class Comportement(BaseModel):
    """The behaviour keys of ``monde.acteurs.<numéro>`` and ``acteur.regler``.

    ``arl``: honnete follows the checks and the table of cdc §3.5; positif, negatif and aucun force the answer for every
    lot. ``facture_en_cause``: rank in the lot, from 1. ``factures_rejetees``: numbers rejected by an RSP that pays.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    arl: Literal["honnete", "positif", "negatif", "aucun"] = "honnete"
    arl_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    arl_libelle: Annotated[str, Field(max_length=60)] = ""
    facture_en_cause: Annotated[int, Field(ge=1)] | None = None
    rsp: Literal["paye", "rejete", "aucun"] = "paye"
    factures_rejetees: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], ...] = ()
    rejet_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    rejet_libelle: Annotated[str, Field(max_length=86)] = ""
    service: Literal["aucun", "rejet_smtp", "rejet_fichier", "rejet_chiffrement"] = "aucun"

    def changed(self, cles: Mapping[str, Any]) -> Comportement:
        """The same behaviour with some keys changed. Raises ValueError, in French."""
        try:
            return Comportement.model_validate(self.model_dump(exclude_unset=True) | dict(cles))
        except ValidationError as exc:
            raise ValueError(explain(exc)) from exc
