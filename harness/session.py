"""One LPS at work in one scenario: started, driven operation by operation, ended; every exchange is journaled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.adaptateur.client import ClientLps, Echange, open_transport
from harness.adaptateur.configuration import ConfigLps
from harness.fuites import CodesPorteur
from harness.monde import DELAI_TRAITEMENT, Monde
from harness.parametres import shape
from norms.contrat.adaptateur import Presentation
from norms.contrat.base import Message

_ENVIRONNEMENT = "(adresses et jetons du banc)"
_DOSSIER = "(dossier du LPS)"


class SessionLps:
    """Drives the LPS of a configuration in a world. A session may be ended and started again in the same folder."""

    def __init__(self, config: ConfigLps, monde: Monde, dossier: Path, graine: int, codes: CodesPorteur) -> None:
        self._config, self._monde, self._dossier, self._graine, self._codes = config, monde, dossier, graine, codes
        self._client: ClientLps | None = None
        self._nom = ""
        self._ecrits: list[tuple[str, bytes]] = []
        self._erreurs = ""

    def open(self) -> Presentation:
        """Starts the LPS and introduces the bench. Raises PanneLps."""
        self._client = ClientLps(
            open_transport(self._config), delai=self._config.delai_s, observer=self._journal_exchange
        )
        return self._client.saluer()

    def offers(self, operation: str) -> bool:
        return self._client is not None and self._client.offers(operation)

    def start(self, parametrage: Mapping[str, Any], nom: str = "") -> Message:
        """``poste.demarrer`` with what the bench alone knows. Raises PanneLps, ErreurParametres."""
        return self.call(
            "poste.demarrer",
            {
                "maintenant": self._monde.horloge.now().isoformat(),
                "graine": self._graine,
                "dossier": str(self._dossier),
                "environnement": self._monde.environnement().model_dump(mode="json"),
                "parametrage": dict(parametrage),
            },
            nom,
        )

    def tell_time(self) -> Message:
        """``poste.horloge`` with the virtual time."""
        return self.call("poste.horloge", {"maintenant": self._monde.horloge.now().isoformat()})

    def call(self, operation: str, avec: Mapping[str, Any], nom: str = "") -> Message:
        """Calls one operation. Raises PanneLps, ErreurParametres."""
        params = shape(operation, avec)
        self._codes.learn(params)
        if self._client is None:
            self.open()
        assert self._client is not None  # noqa: S101 -- open() set it
        self._nom = nom
        return self._client.appeler(operation, params)

    def end(self, *, poli: bool = True) -> None:
        """Says goodbye if the LPS can hear it, then ends its process. Raises PanneLps from the goodbye only."""
        try:
            if poli and self.offers("au_revoir"):
                self.call("au_revoir", {})
        finally:
            self.close()

    def close(self) -> None:
        """Ends the process without a word; never raises."""
        if self._client is None:
            return
        client, self._client = self._client, None
        client.fermer()
        self._erreurs += client.erreurs()

    @property
    def erreurs(self) -> str:
        """What the LPS wrote on its standard error so far, masked and without temporary names."""
        texte = self._erreurs + (self._client.erreurs() if self._client else "")
        return self._codes.hide(texte.replace(str(self._dossier), _DOSSIER))

    def writings(self) -> list[tuple[str, bytes]]:
        """Everything the LPS wrote to us, raw: its answers and its standard error."""
        erreurs = self._erreurs + (self._client.erreurs() if self._client else "")
        return [*self._ecrits, ("sortie d'erreur", erreurs.encode())]

    def _journal_exchange(self, echange: Echange) -> None:
        params = self._codes.hide_in(dict(echange.params))
        if echange.operation == "poste.demarrer":
            params |= {"environnement": _ENVIRONNEMENT, "dossier": _DOSSIER}
        resultat = None if echange.resultat is None else dict(echange.resultat)
        if resultat is not None:
            self._ecrits.append((f"réponse à {echange.operation}", str(resultat).encode()))
        # What the operation set off is noted before its answer, however quick the LPS was: same order, same bytes.
        self._monde.attendre_traitement(DELAI_TRAITEMENT)
        self._monde.journal.emettre(
            "lps",
            {
                "operation": echange.operation,
                "nom": self._nom,
                "params": params,
                "resultat": resultat,
                "panne": self._codes.hide(echange.panne),
            },
        )
