"""Return codes of the supplied services: four hexadecimal digits and a label."""

from __future__ import annotations

from norms.paquet import NormPack

FICHIER = "ssv/codes_retour.yaml"
CORRECT = "0000"


class CodesRetour:
    """The table of return codes of a norm pack (``ssv/codes_retour.yaml``)."""

    def __init__(self, pack: NormPack) -> None:
        self._libelles: dict[str, str] = pack.memo(FICHIER, lambda: _load(pack))

    def libelle(self, code: str) -> str:
        """The label of a code, or a sentence saying that it is unknown."""
        return self._libelles.get(code.upper(), f"Code retour {code} inconnu de la table")

    def __contains__(self, code: str) -> bool:
        return code.upper() in self._libelles

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._libelles)


def _load(pack: NormPack) -> dict[str, str]:
    document = pack.charger(FICHIER)
    libelles: dict[str, str] = {}
    for cle in ("codes", "propres"):
        for i, e in enumerate(document.donnees.get(cle, [])):
            if e["code"] in libelles:
                raise document.erreur((cle, i), f"code {e['code']} donné deux fois")
            libelles[e["code"]] = e["libelle"]
    for e in document.donnees["familles"]:
        for n in range(int(e["nombre"])):
            libelles[f"{int(e['base'], 16) + n:04X}"] = f"{e['libelle']} (fichier {n})"
    return libelles
