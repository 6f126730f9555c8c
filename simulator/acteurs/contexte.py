"""What every layer of the reception needs: the insurer, its rules, its keys, the day of reception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from norms.b2 import CodecB2
from norms.contrat.ports import PARIS
from norms.paquet import NormPack
from simulator.acteurs.anomalies import Catalogue, load_catalogue
from simulator.acteurs.confiance import Confiance
from simulator.acteurs.organismes import Gestion, Organisme, load_gestions
from simulator.acteurs.regles import Regles, load_regles


@dataclass(frozen=True)
class Contexte:
    """``instant`` is the virtual time of reception."""

    organisme: Organisme
    pack: NormPack
    confiance: Confiance
    instant: datetime
    catalogue: Catalogue = field(default_factory=load_catalogue)
    regles: Regles = field(default_factory=load_regles)
    gestions: Mapping[str, Gestion] = field(default_factory=load_gestions)

    @property
    def codec(self) -> CodecB2:
        return self.pack.memo("simulator.acteurs.codec", lambda: CodecB2(self.pack))

    @property
    def reception(self) -> date:
        return self.instant.date()

    def noon(self, jour: date | None) -> datetime:
        """The instant at which a signature of that day is judged; the reception when the day is unknown or later."""
        if jour is None or jour > self.reception:
            return self.instant
        return datetime.combine(jour, time(12), PARIS)
