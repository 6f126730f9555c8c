"""Reading and writing NOEMIE-PS files, entity by entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from norms.codec import Disposition, Enregistrement, ErreurEnregistrement, load_disposition
from norms.codec.champ import Valeur
from norms.codec.erreurs import quote
from norms.noemie.conteneurs import MAX_FICHIER, TERMINATEUR, Conteneur, detect, unwrap, wrap
from norms.paquet import NormPack

INDEX = "noemie/index.yaml"


@dataclass(frozen=True, slots=True)
class FichierNoemie:
    """A file as read: its physical form, its entities in order (000 first, 999 last)."""

    conteneur: Conteneur
    entites: tuple[Enregistrement, ...]

    def __iter__(self) -> Iterator[Enregistrement]:
        return iter(self.entites)

    @property
    def entete(self) -> Enregistrement:
        return self.entites[0]

    @property
    def fin(self) -> Enregistrement:
        return self.entites[-1]

    @property
    def reference(self) -> str:
        """580, 576, 900…: what record 000 announces (columns 62-65)."""
        return self.entete.texte("reference").lstrip("0 ")


class CodecNoemie:
    """Reads and writes NOEMIE-PS files with the layouts of a norm pack."""

    def __init__(self, pack: NormPack) -> None:
        self.pack = pack
        self.dispositions: dict[str, Disposition] = pack.memo((INDEX, "dispositions"), lambda: _load(pack))
        self.references: dict[str, tuple[str, ...]] = {
            r["reference"]: tuple(r["entites"]) for r in pack.charger(INDEX).donnees["references"]
        }

    def disposition(self, code: str, rang: int = 0, offset: int = -1) -> Disposition:
        """The layout of an entity ("198"). Raises ErreurEnregistrement when the code is unknown."""
        try:
            return self.dispositions[code]
        except KeyError:
            raise ErreurEnregistrement(
                rang=rang,
                type_="",
                champ="entite",
                colonnes=(1, 3),
                attendu=f"une entité parmi {', '.join(self.dispositions)}",
                constate=quote(code.encode("latin-1", "replace")),
                offset=offset,
            ) from None

    def decoder_entite(self, brut: bytes, rang: int = 1, *, offset: int = -1, strict: bool = True) -> Enregistrement:
        """Decodes one entity, without its terminator. Raises ErreurEnregistrement."""
        disposition = self.disposition(brut[:3].decode("latin-1"), rang, offset)
        if disposition.motif.fullmatch(brut):
            return Enregistrement(disposition, brut, rang, offset)
        fautes = disposition.faults(brut, rang, offset)
        if fautes and (strict or len(brut) != disposition.longueur):
            raise fautes[0]
        return Enregistrement(disposition, brut, rang, offset, tuple(fautes))

    def lire(self, flux: BinaryIO | bytes, *, strict: bool = True) -> FichierNoemie:
        """Reads a whole file (64 MiB at most), in either container. Raises ErreurEnregistrement.

        Order and totals are not judged here: see ``norms.noemie.controler``.
        """
        brut = bytes(flux) if isinstance(flux, bytes | bytearray | memoryview) else flux.read(MAX_FICHIER + 1)
        conteneur = detect(brut, {c.encode(): d.longueur for c, d in self.dispositions.items()})
        entites = tuple(
            self.decoder_entite(octets, rang, offset=offset, strict=strict)
            for rang, offset, octets in unwrap(brut, conteneur)
        )
        for e, code in ((entites[0], "000"), (entites[-1], "999")):
            if e.type != code:
                raise ErreurEnregistrement(
                    rang=e.rang,
                    type_=e.type,
                    champ="entite",
                    colonnes=(1, 3),
                    attendu=f"« {code} » en {'tête' if code == '000' else 'fin'} de fichier",
                    constate=f"« {e.type} »",
                    offset=e.offset,
                )
        return FichierNoemie(conteneur, entites)

    def creer(self, code: str, valeurs: Mapping[str, Valeur] | None = None, *, rang: int = 0) -> Enregistrement:
        """Builds an entity from values. Raises ErreurEnregistrement: unknown field, overflow, wrong class, ``@``."""
        disposition = self.disposition(code)
        brut = disposition.encode(valeurs or {}, rang=rang)
        if TERMINATEUR in brut and code not in {"000", "999"}:
            raise ErreurEnregistrement(
                rang=rang,
                type_=code,
                attendu="une entité sans « @ », réservé à la fin d'entité",
                constate=quote(brut),
            )
        return Enregistrement(disposition, brut, rang)

    @staticmethod
    def ecrire(entites: Iterable[Enregistrement], conteneur: Conteneur | str = Conteneur.PLAT) -> bytes:
        """Writes a file; the first entity is 000, the last 999. Raises ErreurEnregistrement when they aren't."""
        liste = list(entites)
        if len(liste) < 2 or liste[0].type != "000" or liste[-1].type != "999":
            raise ErreurEnregistrement(
                rang=1,
                type_=liste[0].type if liste else "",
                attendu="des entités de 000 à 999",
                constate=", ".join(e.type for e in liste[:5]) or "aucune entité",
            )
        milieu = liste[1:-1]
        for i, e in enumerate(milieu, start=2):
            if e.type in {"000", "999"}:
                raise ErreurEnregistrement(
                    rang=i, type_=e.type, attendu="000 et 999 une seule fois", constate=f"une entité {e.type} de plus"
                )
        return wrap(liste[0].brut, [e.brut for e in milieu], liste[-1].brut, Conteneur(conteneur))


def _load(pack: NormPack) -> dict[str, Disposition]:
    document = pack.charger(INDEX)
    pivot = int(document.donnees["pivot_siecle"])
    dispositions: dict[str, Disposition] = {}
    for i, entree in enumerate(document.donnees["entites"]):
        disposition = load_disposition(pack.charger(entree["fichier"]), pivot=pivot)
        if disposition.type != entree["entite"]:
            raise document.erreur(("entites", i), f"{entree['fichier']} décrit l'entité {disposition.type}")
        dispositions[disposition.type] = disposition
    return dispositions
