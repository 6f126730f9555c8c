"""The faults in force: put in, taken out, asked for at each step. Each strike is told to the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from norms.contrat.ports import Horloge
from simulator.evenements import Nature
from simulator.messagerie.pannes import Compte, PannesMessagerie, in_time
from simulator.messagerie.pannes import Panne as PanneServeur
from simulator.pannes.grammaire import TOUS, Panne, Quoi, Sens

MAX_PANNES = 1000
_PROTOCOLES = {"emission": "smtp", "retour": "pop3"}


class ErreurPanne(ValueError):
    """A fault that cannot be put in or taken out; the message says why."""


@dataclass(frozen=True, slots=True)
class PannePosee:
    """A fault in force; ``compte`` is what is left of it, unknown for those the servers hold."""

    nom: str
    panne: Panne
    compte: Compte | None

    def donnees(self) -> dict[str, Any]:
        reste = self.compte.fois if self.compte else None
        return {"nom": self.nom, **self.panne.model_dump(mode="json", exclude_unset=True), "reste": reste}


class Pannes:
    """Faults by name. ``adresses``: mailbox of each organisation by number; ``messagerie``: faults of the servers.

    Not thread-safe by itself: the world's lock protects it (the servers' own faults are thread-safe).
    """

    def __init__(
        self,
        horloge: Horloge,
        messagerie: PannesMessagerie,
        adresses: Mapping[str, str],
        emettre: Callable[[Nature, Mapping[str, Any]], None],
    ) -> None:
        self._horloge, self._messagerie, self._adresses, self._emettre = horloge, messagerie, dict(adresses), emettre
        self._posees: dict[str, PannePosee] = {}
        self._numero = 0

    @property
    def posees(self) -> tuple[PannePosee, ...]:
        """Faults in force, in the order in which they were put in."""
        return tuple(self._posees.values())

    def poser(self, panne: Panne) -> str:
        """Puts a fault in force; gives its name. Raises ErreurPanne."""
        if panne.qui != TOUS and panne.qui not in self._adresses:
            connus = ", ".join(self._adresses)
            raise ErreurPanne(f"panne « {panne.quoi} » : organisme « {panne.qui} » inconnu ; organismes : {connus}")
        if len(self._posees) >= MAX_PANNES:
            self._posees = {n: p for n, p in self._posees.items() if p.compte is None or p.compte.fois}
        if len(self._posees) >= MAX_PANNES:
            raise ErreurPanne(f"{MAX_PANNES} pannes déjà posées ; en lever d'abord")
        if panne.nom in self._posees:
            raise ErreurPanne(f"une panne nommée « {panne.nom} » est déjà posée ; la lever ou choisir un autre nom")
        self._numero += 1
        nom = panne.nom or f"panne-{self._numero}"
        if _held_by_servers(panne):
            self._messagerie.add(self._for_servers(nom, panne))
            self._posees[nom] = PannePosee(nom, panne, None)
        else:
            self._posees[nom] = PannePosee(nom, panne, Compte(panne.quand.apres, panne.fois or -1))
        return nom

    def lever(self, nom: str = "") -> int:
        """Takes out the fault of that name, or all of them; gives how many. Raises ErreurPanne."""
        if nom and nom not in self._posees:
            connues = ", ".join(self._posees) or "aucune"
            raise ErreurPanne(f"aucune panne nommée « {nom} » ; posées : {connues}")
        noms = [nom] if nom else list(self._posees)
        for n in noms:
            self._messagerie.remove(n)
            del self._posees[n]
        return len(noms)

    def take(self, quoi: Quoi, sens: Sens, *, acteur: str, nature: str = "", objet: str = "") -> Panne | None:
        """The fault that strikes now, if any: counts the occasion and tells the journal."""
        frappe: tuple[PannePosee, Compte] | None = None
        for posee in self._posees.values():
            panne, compte = posee.panne, posee.compte
            if panne.quoi != quoi or panne.direction != sens or compte is None:
                continue
            if panne.qui not in (TOUS, acteur) or panne.nature not in (None, nature):
                continue
            if not in_time(panne.quand.debut, panne.quand.fin, self._horloge.now()):
                continue
            if compte.ready() and frappe is None:  # each counts the occasion, one strikes
                frappe = posee, compte
        if frappe is None:
            return None
        posee, compte = frappe
        compte.strike()
        detail = {"panne": quoi, "protocole": _PROTOCOLES[sens], "detail": objet}
        self._emettre("reseau", detail | {"acteur": acteur, "nom": posee.nom})
        return posee.panne

    def _for_servers(self, nom: str, panne: Panne) -> PanneServeur:
        return PanneServeur(
            nature=panne.quoi,  # type: ignore[arg-type]  # the kinds held by servers bear the same names
            protocole="smtp" if panne.direction == "emission" else "pop3",
            verbe=panne.verbe.upper(),
            code=panne.code or 0,
            texte=panne.texte,
            apres=panne.quand.apres,
            fois=panne.fois,
            boite="" if panne.qui == TOUS else self._adresses[panne.qui],
            octets=panne.octets,
            du=panne.quand.debut,
            au=panne.quand.fin,
            nom=nom,
        )


def _held_by_servers(panne: Panne) -> bool:
    return panne.sorte.famille == "transport" or (panne.quoi == "boite_pleine" and panne.direction == "emission")


def read_faults(donnees: Sequence[Panne | Mapping[str, Any]]) -> tuple[Panne, ...]:
    """Faults from what a configuration says. Raises pydantic.ValidationError."""
    return tuple(p if isinstance(p, Panne) else Panne.model_validate(dict(p)) for p in donnees)
