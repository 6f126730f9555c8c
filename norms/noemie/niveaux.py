"""Consistency of a NOEMIE file: membership of the reference, levels closed by 990, totals of 999.

The rules of levels are ours (``hypothese``, ``noemie/index.yaml``): a level is opened by one of the ``ouvrants`` and
closed by a 990 that bears the code of the opening entity, the count of its entities and the sum of what is paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from norms.codec import Enregistrement, ErreurEnregistrement
from norms.noemie.codec import INDEX, CodecNoemie, FichierNoemie


@dataclass(slots=True)
class NiveauOuvert:
    """Running totals of a level; ``cumul`` in centimes, signed."""

    code: str
    rang: int
    compteur: int = 1
    cumul: int = 0


class Niveaux:
    """Follows the levels as entities go by. An unknown reference has the levels of the first one."""

    def __init__(self, codec: CodecNoemie, reference: str = "580") -> None:
        toutes = codec.pack.charger(INDEX).donnees["niveaux"]["references"]
        regles = next((r for r in toutes if r["reference"] == reference), toutes[0])
        self._ouvrants = frozenset(regles["ouvrants"])
        self._cumules = {c["entite"]: c["montant"] for c in regles["cumules"]}
        self.ouverts: list[NiveauOuvert] = []
        self.total = 0

    def add(self, e: Enregistrement) -> None:
        """Takes an entity other than 990 into account."""
        if e.type in self._ouvrants:
            for n in self.ouverts:
                n.compteur += 1
            self.ouverts.append(NiveauOuvert(e.type, e.rang))
            return
        montant = signed(e, self._cumules[e.type]) if e.type in self._cumules else 0
        self.total += montant
        for n in self.ouverts:
            n.compteur += 1
            n.cumul += montant

    def close(self) -> NiveauOuvert | None:
        """Closes the innermost level; None when none is open."""
        return self.ouverts.pop() if self.ouverts else None


def signed(e: Enregistrement, montant: str, signe: str = "signe") -> int:
    """An amount in centimes with the sign of its entity (N: negative; some bear none)."""
    negatif = signe in e.disposition.par_nom and e.texte(signe) == "N"
    return -e.entier(montant) if negatif else e.entier(montant)


def closing_values(niveau: NiveauOuvert) -> dict[str, str | int]:
    """The values of the 990 that closes a level."""
    return {
        "identifiant": niveau.code,
        "compteur": niveau.compteur,
        "cumul": abs(niveau.cumul),
        "signe": "N" if niveau.cumul < 0 else "P",
    }


def controler(codec: CodecNoemie, fichier: FichierNoemie) -> list[ErreurEnregistrement]:
    """All inconsistencies of a file: entity foreign to the reference, wrong 990, wrong 999. Empty when sound."""
    return [
        *(a for e in fichier for a in e.anomalies),
        *_membership(codec, fichier),
        *_levels(codec, fichier),
    ]


def _membership(codec: CodecNoemie, fichier: FichierNoemie) -> Iterable[ErreurEnregistrement]:
    permises = codec.references.get(fichier.reference)
    if permises is None:
        yield _fault(fichier.entete, "reference", "une référence parmi " + ", ".join(codec.references))
        return
    for e in fichier:
        if e.type not in permises:
            yield ErreurEnregistrement(
                rang=e.rang,
                type_=e.type,
                champ="entite",
                colonnes=(1, 3),
                attendu=f"une entité de la référence {fichier.reference} : {', '.join(permises)}",
                constate=f"« {e.type} »",
                offset=e.offset,
            )


def _levels(codec: CodecNoemie, fichier: FichierNoemie) -> Iterable[ErreurEnregistrement]:
    niveaux = Niveaux(codec, fichier.reference)
    for e in fichier.entites[1:-1]:
        if e.anomalies:
            continue
        if e.type != "990":
            niveaux.add(e)
            continue
        niveau = niveaux.close()
        if niveau is None:
            yield _fault(e, "identifiant", "un niveau ouvert à clore")
            continue
        attendues = closing_values(niveau)
        for nom, attendue in attendues.items():
            if e[nom] != attendue:
                yield _fault(e, nom, f"« {attendue} » pour le niveau {niveau.code} ouvert à l'entité {niveau.rang}")
    for niveau in niveaux.ouverts:
        yield _fault(
            fichier.fin, "entite", f"une entité 990 pour le niveau {niveau.code} ouvert à l'entité {niveau.rang}"
        )
    if fichier.fin.anomalies:
        return
    if fichier.fin.entier("nombre_enregistrements") != len(fichier.entites):
        yield _fault(fichier.fin, "nombre_enregistrements", f"{len(fichier.entites)} entités")
    if signed(fichier.fin, "cumul") != niveaux.total:
        yield _fault(fichier.fin, "cumul", f"un cumul de {niveaux.total} centimes")


def _fault(e: Enregistrement, nom: str, attendu: str) -> ErreurEnregistrement:
    c = e.disposition.champ(nom)
    return ErreurEnregistrement(
        rang=e.rang,
        type_=e.type,
        champ=nom,
        libelle=c.libelle,
        colonnes=c.colonnes,
        attendu=attendu,
        constate=f"« {e.texte(nom)} »",
        offset=e.offset,
    )
