"""A journal that stays on disk: one JSON line an event, bounded memory, readable while the world runs."""

from __future__ import annotations

import json
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from simulator.evenements import Evenement, Journal, Nature

#: One offset kept for so many events.
PAS = 64
#: What an event of this nature keeps of an invoice; the message itself is evidence.
_FACTURE = (
    "acteur", "eml", "message", "type", "numero", "mode", "lot", "montants", "signature_vitale", "signature_cps",
    "chiffrement", "anomalies", "enregistrement",
)  # fmt: skip


class JournalDisque(Journal):
    """Appends to ``chemin``, going on after what it holds. ``ecoute`` sees each event, in order.

    Raises OSError, in the thread that emits, when the disk refuses: nothing is seen that isn't kept.
    """

    def __init__(self, instant: Callable[[], str], chemin: Path, ecoute: Callable[[Evenement], None]) -> None:
        super().__init__(instant)
        self._chemin, self._ecoute = chemin, ecoute
        self._protege = threading.Lock()
        self._nombre = 0
        self._reperes = array("Q")
        self._flux: dict[str, array[int]] = {}
        self._messages = array("Q")
        self.comptes: Counter[str] = Counter()
        chemin.parent.mkdir(parents=True, exist_ok=True)
        self._taille = self._recall() if chemin.exists() else 0
        self._sortie = chemin.open("ab", buffering=0)

    def emettre(self, nature: Nature, donnees: Mapping[str, Any], preuve: str = "") -> None:
        """Adds an event; safe from any thread."""
        with self._protege:
            garde = _slim(donnees) if nature == "flux" else dict(donnees)
            evenement = Evenement(self._nombre, nature, self.instant(), self.etape, garde, preuve)
            ligne = json.dumps(_as_json(evenement), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            self._sortie.write(ligne)
            self._note(evenement.nature, garde, self._taille)
            self._taille += len(ligne)
            self.comptes[nature] += 1
            self._ecoute(evenement)

    def __len__(self) -> int:
        return self._nombre

    def __iter__(self) -> Iterator[Evenement]:
        return (Evenement(**d) for d in self.read(0))

    def of(self, nature: Nature) -> tuple[Evenement, ...]:
        """All events of one nature, in order: reads the whole file."""
        return tuple(e for e in self if e.nature == nature)

    def close(self) -> None:
        """Closes the file."""
        self._sortie.close()

    # --- reading ----------------------------------------------------------------------------------------------
    def read(self, depuis: int, maximum: int | None = None) -> Iterator[dict[str, Any]]:
        """Events from a rank on, as JSON objects."""
        fin = self._nombre if maximum is None else min(self._nombre, depuis + maximum)
        if not 0 <= depuis < fin:
            return
        with self._chemin.open("rb") as entree:
            entree.seek(self._reperes[depuis // PAS])
            for rang in range(depuis // PAS * PAS, fin):
                ligne = entree.readline()
                if rang >= depuis:
                    yield json.loads(ligne)

    @property
    def messages(self) -> int:
        """How many messages were received."""
        return len(self._messages)

    def read_message(self, rang: int) -> dict[str, Any]:
        """The ``rang``-th message received (from 1) and what insurers made of it. Raises LookupError."""
        if not 1 <= rang <= len(self._messages):
            raise LookupError(f"aucun message n° {rang} ; {len(self._messages)} reçu(s)")
        with self._chemin.open("rb") as entree:
            entree.seek(self._messages[rang - 1])
            recu = json.loads(entree.readline())
            flux = []
            for place in self._flux.get(recu["preuve"], ()):
                entree.seek(place)
                flux.append(json.loads(entree.readline())["donnees"])
        return {"instant": recu["instant"], "eml": recu["preuve"], **recu["donnees"], "flux": flux}

    def _recall(self) -> int:
        """Reads what a journal of before left, drops a line cut short; gives its size."""
        place = 0
        with self._chemin.open("r+b") as entree:
            for ligne in entree:
                if not ligne.endswith(b"\n"):
                    entree.truncate(place)
                    break
                evenement = json.loads(ligne)
                self._note(evenement["nature"], evenement["donnees"], place)
                place += len(ligne)
        return place

    def _note(self, nature: str, donnees: Mapping[str, Any], place: int) -> None:
        if self._nombre % PAS == 0:
            self._reperes.append(place)
        self._nombre += 1
        if nature == "message_recu":
            self._messages.append(place)
        elif nature == "flux":
            for eml in dict.fromkeys(objet["eml"] for liste in donnees.values() for objet in liste if objet.get("eml")):
                self._flux.setdefault(eml, array("Q")).append(place)


def _as_json(e: Evenement) -> dict[str, Any]:
    return {
        "rang": e.rang,
        "nature": e.nature,
        "instant": e.instant,
        "etape": e.etape,
        "donnees": e.donnees,
        "preuve": e.preuve,
    }


def _slim(flux: Mapping[str, Any]) -> dict[str, Any]:
    """A ``flux`` event without the fields of each record: they are read again from the message when wanted."""
    garde = dict(flux)
    if "lots" in flux:
        garde["lots"] = [{k: v for k, v in lot.items() if k != "factures"} for lot in flux["lots"]]
    if "factures" in flux:
        garde["factures"] = [{k: f[k] for k in _FACTURE if k in f} for f in flux["factures"]]
    return garde
