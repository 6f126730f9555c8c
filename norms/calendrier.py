"""The French legal calendar: public holidays, working days (« jours ouvrés », Monday to Friday), Alsace-Moselle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property

MAX_JOURS = 3660
_JOUR = timedelta(days=1)


class Calendrier:
    """Public holidays of metropolitan France, with those of Alsace-Moselle when asked."""

    def __init__(self, *, alsace_moselle: bool = False) -> None:
        self.alsace_moselle = alsace_moselle

    @cached_property
    def _feries(self) -> Mapping[date, str]:
        import holidays  # noqa: PLC0415 -- a tenth of a second, for those who count days only

        jours: Mapping[date, str] = holidays.country_holidays(
            "FR", subdiv="57" if self.alsace_moselle else None, language="fr"
        )
        return jours

    def est_ferie(self, jour: date) -> bool:
        return jour in self._feries

    def nom_ferie(self, jour: date) -> str:
        """The name of a public holiday, empty on another day."""
        return str(self._feries.get(jour) or "")

    def est_ouvre(self, jour: date) -> bool:
        """Monday to Friday, public holidays excepted."""
        return jour.weekday() < 5 and jour not in self._feries

    def est_ouvrable(self, jour: date) -> bool:
        """Monday to Saturday, public holidays excepted."""
        return jour.weekday() < 6 and jour not in self._feries

    def ajouter_jours_ouvres(self, depart: date, nombre: int) -> date:
        """The ``nombre``-th working day after ``depart`` (before it when negative); 0 gives ``depart`` itself.

        7 May 2026 + 3 = 13 May 2026: 8 May is a holiday, 9 and 10 a week-end. Raises ValueError beyond 3660 days.
        """
        if abs(nombre) > MAX_JOURS:
            raise ValueError(f"nombre de jours ouvrés {nombre} ; {MAX_JOURS} au plus")
        pas = _JOUR if nombre >= 0 else -_JOUR
        jour, reste = depart, abs(nombre)
        while reste:
            jour += pas
            reste -= self.est_ouvre(jour)
        return jour

    def jours_ouvres_entre(self, debut: date, fin: date) -> int:
        """How many working days follow ``debut``, up to and including ``fin``; negative when ``fin`` comes first."""
        if fin < debut:
            return -self.jours_ouvres_entre(fin, debut)
        duree = (fin - debut).days
        if duree > 4 * MAX_JOURS:
            raise ValueError(f"intervalle de {duree} jours ; {4 * MAX_JOURS} au plus")
        return sum(self.est_ouvre(debut + timedelta(days=i)) for i in range(1, duree + 1))
