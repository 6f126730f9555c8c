"""What « preagrement decode » shows, record by record, as it reads: nothing is held but the record at hand."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import BinaryIO

from harness.fichiers import message as courrier
from harness.fichiers.cles import Trousseau, build_trust
from harness.fichiers.enregistrements import iter_records
from harness.fichiers.erreurs import Echeance, ErreurFichier
from harness.fichiers.modele import ChampVu, EnregistrementVu
from harness.fichiers.reconnaissance import TETE, Nature, recognise, separator
from harness.fichiers.retours import MAX_ARL, MAX_GROUPES, MAX_NOEMIE, iter_arl, iter_entities
from harness.fichiers.sens import view_record
from harness.fichiers.source import Source
from norms.b2 import CodecB2
from norms.codec import Enregistrement
from norms.contrat.ports import PARIS
from norms.noemie import CodecNoemie
from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes, ErreurGroupe, ErreurZone, Groupe, decode_zone
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.organismes import Organisme
from simulator.messagerie.message import MessageAnalyse
from simulator.messagerie.mime import Partie

MAX_TEXTE = 20_000
_B2 = frozenset({Nature.B2, Nature.B2_LOT, Nature.B2_FACTURES})


@dataclass(frozen=True, slots=True)
class OptionsVue:
    """How to decode: keys at hand, forced message profile, zone of the services, time allowed."""

    aujourdhui: date
    trousseau: Trousseau = field(default_factory=Trousseau)
    profil: str = ""
    zone: bool = False
    delai_s: float = 0.0


def open_view(source: Source, pack: NormPack, options: OptionsVue) -> tuple[Nature, Iterator[EnregistrementVu]]:
    """The nature of a file and its records, read as they are asked for. Raises ErreurFichier, also on the way."""
    tete = source.head(TETE)
    nature = Nature.ZONE if options.zone else recognise(tete)
    vue = _Vue(pack, options)
    if nature in _B2:
        return nature, vue.b2(source.flux, source.taille, tete)
    if nature is Nature.MESSAGE:
        return nature, vue.message(source.read(courrier.MAX_MESSAGE))
    if nature is Nature.PIECE:
        return nature, vue.piece_seule(source.read(courrier.MAX_MESSAGE))
    maximum = {Nature.NOEMIE: MAX_NOEMIE, Nature.ARL: MAX_ARL, Nature.ZONE: MAX_GROUPES}[nature]
    return nature, vue.held(nature, source.read(maximum))


class _Vue:
    """One pass over one file."""

    def __init__(self, pack: NormPack, options: OptionsVue) -> None:
        self._pack, self._options = pack, options
        self._pulse: Callable[[], None] = Echeance(options.delai_s).check

    def b2(self, flux: BinaryIO, taille: int, tete: bytes) -> Iterator[EnregistrementVu]:
        """The records of a B2 flow."""
        codec = CodecB2(self._pack)
        for e in iter_records(codec, flux, taille, separateur=separator(tete), pulse=self._pulse):
            yield view_record(e, self._pack)

    def held(self, nature: Nature, brut: bytes) -> Iterator[EnregistrementVu]:
        """The records of what is held whole: NOEMIE, ARL, zone."""
        if nature is Nature.ZONE:
            yield from self._zone(brut)
        elif nature is Nature.ARL:
            yield from (view_record(e, self._pack) for e in iter_arl(brut, self._pack))
        else:
            for lue in iter_entities(CodecNoemie(self._pack), brut, self._pulse):
                if isinstance(lue, Enregistrement):
                    yield view_record(lue, self._pack)
                else:
                    yield EnregistrementVu(
                        rang=lue.rang, type="?", libelle="Entité illisible", octet=lue.offset, fautes=(str(lue),)
                    )

    def _zone(self, brut: bytes) -> Iterator[EnregistrementVu]:
        try:
            groupes = decode_zone(brut)
        except ErreurZone as exc:
            yield EnregistrementVu(rang=1, type="?", libelle="Zone illisible", octet=exc.octet, fautes=(str(exc),))
            return
        catalogue = CatalogueGroupes(self._pack)
        for rang, groupe in enumerate(groupes, start=1):
            yield _view_group(catalogue, rang, groupe)

    # --- messages ---------------------------------------------------------------------------------------------
    def message(self, brut: bytes) -> Iterator[EnregistrementVu]:
        """Headers, subject, parts, envelope, then the records of the file inside when it can be opened."""
        brut = courrier.normalise(brut)
        ctx = self._context(self._options.aujourdhui)
        analyse = courrier.read_message(brut, ctx, self._options.profil)
        ctx = self._context(courrier.sent_on(analyse) or self._options.aujourdhui)
        yield EnregistrementVu(
            rang=1,
            type="en-têtes",
            libelle=f"En-têtes du message, profil {analyse.profil}",
            champs=tuple(
                ChampVu(nom=h.nom, libelle=f"ligne {h.ligne}", colonnes="", brut=h.valeur, valeur=h.texte)
                for h in analyse.entetes
            ),
            fautes=tuple(f"{e.code} : {e.texte}" for e in analyse.anomalies),
        )
        yield _view_subject(analyse)
        for rang, partie in enumerate(analyse.parties, start=3):
            yield _view_part(rang, partie)
        try:
            piece = courrier.open_content(ctx, build_trust(self._options.trousseau, ctx.instant), analyse)
        except ErreurFichier as exc:
            yield EnregistrementVu(rang=len(analyse.parties) + 3, type="?", libelle="Pièce jointe", fautes=(str(exc),))
            return
        yield from self._opened(piece, len(analyse.parties) + 3)

    def piece_seule(self, octets: bytes) -> Iterator[EnregistrementVu]:
        """An attachment without its message."""
        ctx = self._context(self._options.aujourdhui)
        piece = courrier.open_alone(ctx, build_trust(self._options.trousseau, ctx.instant), octets)
        yield from self._opened(piece, 1)

    def _opened(self, piece: courrier.PieceLue, rang: int) -> Iterator[EnregistrementVu]:
        fautes = tuple(f"{a.code} : attendu {a.attendu} ; constaté {a.constate}" for a in piece.anomalies)
        if piece.enveloppe is not None:
            e = piece.enveloppe
            champs = [_line("destinataire", d) for d in e.destinataires]
            champs += [_line("algorithme", e.algorithme), _line("ouverte", "oui" if e.ouverte else f"non : {e.motif}")]
            yield EnregistrementVu(
                rang=rang, type="enveloppe", libelle="Enveloppe chiffrée", champs=tuple(champs), fautes=fautes
            )
        elif fautes:
            yield EnregistrementVu(rang=rang, type="enveloppe", libelle="Pièce jointe", fautes=fautes)
        if piece.contenu is None:
            return
        try:
            nature = recognise(piece.contenu[:TETE])
        except ErreurFichier:
            nature = Nature.TEXTE
        if nature in _B2:
            yield from self.b2(io.BytesIO(piece.contenu), len(piece.contenu), piece.contenu[:TETE])
        elif nature in {Nature.NOEMIE, Nature.ARL}:
            yield from self.held(nature, piece.contenu)
        else:
            texte = piece.contenu[:MAX_TEXTE].decode("latin-1")
            propre = "".join(c if c.isprintable() or c == "\n" else "·" for c in texte.replace("\r\n", "\n"))
            yield EnregistrementVu(
                rang=rang + 1,
                type="texte",
                libelle=f"Contenu de la pièce jointe, {len(piece.contenu)} octets",
                champs=tuple(_line(f"ligne {i}", ligne) for i, ligne in enumerate(propre.split("\n"), start=1)),
            )

    def _context(self, jour: date) -> Contexte:
        instant = datetime.combine(jour, time(12), PARIS)
        personne = Organisme("", "OCT", "", "", "")
        return Contexte(personne, self._pack, build_trust(self._options.trousseau, instant), instant)


def _line(nom: str, valeur: str) -> ChampVu:
    return ChampVu(nom=nom, libelle="", colonnes="", brut=valeur, valeur=valeur)


def _view_subject(analyse: MessageAnalyse) -> EnregistrementVu:
    champs = tuple(_line(nom, valeur) for nom, valeur in analyse.sujet.champs.items())
    return EnregistrementVu(rang=2, type="sujet", libelle="Sujet, champ par champ", champs=champs)


def _view_part(rang: int, partie: Partie) -> EnregistrementVu:
    champs = [_line("type", partie.type_contenu), _line("taille", f"{len(partie.octets)} octets décodés")]
    noms = ("Content-Description", "Content-Transfer-Encoding", "Content-Disposition")
    champs += [_line(nom, partie.get(nom)) for nom in noms if partie.get(nom)]
    if partie.nom_fichier:
        champs.append(_line("nom du fichier", partie.nom_fichier))
    libelle = f"Partie du message, ligne {partie.ligne}"
    return EnregistrementVu(rang=rang, type="partie", libelle=libelle, champs=tuple(champs))


def _view_group(catalogue: CatalogueGroupes, rang: int, groupe: Groupe) -> EnregistrementVu:
    fautes = tuple(str(f) for f in catalogue.faults([groupe]))
    try:
        definition = catalogue.definition(groupe.id)
    except ErreurGroupe:
        champs = tuple(_line(f"champ {i}", v) for i, v in enumerate(groupe.champs, start=1))
        return EnregistrementVu(rang=rang, type=str(groupe.id), libelle="Groupe inconnu", champs=champs, fautes=fautes)
    definis = {c.rang: c for c in definition.champs}
    vus = []
    for i, valeur in enumerate(groupe.champs, start=1):
        c = definis.get(i)
        vus.append(
            ChampVu(
                nom=c.nom if c else f"champ {i}",
                libelle=c.libelle if c else "",
                colonnes=str(i),
                brut=valeur,
                valeur=valeur,
                source=c.source if c else "",
                hypothese=c.source.startswith("hypothese") if c else False,
            )
        )
    return EnregistrementVu(
        rang=rang,
        type=str(groupe.id),
        libelle=definition.libelle,
        hypothese=definition.source.startswith("hypothese"),
        champs=tuple(vus),
        fautes=fautes,
    )
