"""Checks one file, whatever it is: recognition, opening, checks, verdict."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from harness.fichiers import message as courrier
from harness.fichiers.b2 import Bilan, check_b2
from harness.fichiers.cles import ConfianceFichiers, Trousseau, build_trust
from harness.fichiers.constats import MAX_PAR_CONTROLE, Releve
from harness.fichiers.erreurs import Echeance, ErreurFichier
from harness.fichiers.modele import Enveloppe, ResultatFichier
from harness.fichiers.reconnaissance import TETE, Nature, recognise, separator
from harness.fichiers.retours import MAX_ARL, MAX_GROUPES, MAX_NOEMIE, check_arl, check_noemie, check_zone
from harness.fichiers.source import TAILLE_MAX, Source, open_source
from harness.modele.verdict import Verdict
from norms.b2 import CodecB2
from norms.codec import Disposition
from norms.contrat.ports import PARIS
from norms.noemie import CodecNoemie
from norms.paquet import NormPack
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.valeurs import montre
from simulator.messagerie.message import MessageAnalyse

_B2 = frozenset({Nature.B2, Nature.B2_LOT, Nature.B2_FACTURES})
_PROFILS_TEXTE = frozenset(
    {"art", "dloi", "ar_p", "service_rejet_smtp", "service_rejet_fichier", "service_rejet_chiffrement", "demande_dloi"}
)
_PERSONNE = Organisme("", "OCT", "", "", "")


@dataclass(frozen=True, slots=True)
class Options:
    """How to check. ``date``: day of reception, by default that of the message, else today. Sizes in bytes."""

    aujourdhui: date
    date: date | None = None
    trousseau: Trousseau = field(default_factory=Trousseau)
    profil: str = ""
    zone: bool = False
    taille_max: int = TAILLE_MAX
    delai_s: float = 0.0
    maximum: int = MAX_PAR_CONTROLE


def check_path(chemin: Path, entree: BinaryIO, pack: NormPack, options: Options) -> ResultatFichier:
    """Checks a file of the disk, or standard input for « - ». Never raises: what can't be read is told."""
    try:
        with open_source(chemin, entree, taille_max=options.taille_max) as source:
            return check_source(source, pack, options)
    except ErreurFichier as exc:
        nom = "entrée standard" if chemin.as_posix() == "-" else chemin.as_posix()
        return ResultatFichier(fichier=nom, verdict=Verdict.ERREUR_BANC, cause=str(exc))


def check_source(source: Source, pack: NormPack, options: Options) -> ResultatFichier:
    """Checks an opened file."""
    sha256 = source.sha256()
    try:
        examen = _Examen(source, pack, options)
        resultat = examen.run()
    except ErreurFichier as exc:
        resultat = ResultatFichier(fichier=source.nom, verdict=Verdict.ERREUR_BANC, cause=str(exc))
    return resultat.model_copy(update={"taille": source.taille, "sha256": sha256})


class _Examen:
    """One pass over one file."""

    def __init__(self, source: Source, pack: NormPack, options: Options) -> None:
        self.source, self.pack, self.options = source, pack, options
        self.pulse: Callable[[], None] = Echeance(options.delai_s).check
        self.tete = source.head(TETE)
        self.nature = Nature.ZONE if options.zone else recognise(self.tete)
        self.jour = options.date or options.aujourdhui
        self.releve = Releve(layouts(pack, self.nature), maximum=options.maximum)
        self.bilan: Bilan | None = None
        self.contenu: dict[str, int | str] = {}
        self.enveloppe: Enveloppe | None = None

    def run(self) -> ResultatFichier:
        """Everything the file shows. Raises ErreurFichier."""
        match self.nature:
            case Nature.MESSAGE:
                self._message()
            case Nature.PIECE:
                self._piece()
            case Nature.NOEMIE:
                self.contenu = check_noemie(self.source.read(MAX_NOEMIE), self.pack, self.releve, self.pulse)
            case Nature.ARL:
                self.contenu = check_arl(self.source.read(MAX_ARL), self.pack, self.releve)
            case Nature.ZONE:
                self.contenu = check_zone(self.source.read(MAX_GROUPES), self.pack, self.releve)
            case _:
                self._b2(self.source.flux, self.source.taille, self.nature, self.tete)
        r = self.releve
        verdict, cause = r.verdict_global, ""
        if verdict is Verdict.CONFORME and self.enveloppe is not None and not self.enveloppe.ouverte:
            # What was not read conforms to nothing: only the envelope was.
            verdict, cause = Verdict.NON_TESTE, "seule l'enveloppe a été contrôlée : " + " ; ".join(r.non_verifies)
        return ResultatFichier(
            fichier=self.source.nom,
            nature=self.nature.value,
            date=self.jour.isoformat(),
            verdict=verdict,
            cause=cause,
            contenu=self.contenu,
            enveloppe=self.enveloppe,
            constats=r.constats,
            comptes=dict(sorted(r.comptes.items())),
            non_montres=r.non_montres,
            controles=r.controles,
            non_verifies=tuple(r.non_verifies),
        )

    # --- context ----------------------------------------------------------------------------------------------
    def _instant(self) -> datetime:
        return datetime.combine(self.jour, time(12), PARIS)

    def _trust(self) -> ConfianceFichiers:
        return build_trust(self.options.trousseau, self._instant())

    def _context(self) -> Contexte:
        return Contexte(_PERSONNE, self.pack, self._trust(), self._instant())

    # --- natures ----------------------------------------------------------------------------------------------
    def _b2(self, flux: BinaryIO, taille: int, nature: Nature, tete: bytes) -> None:
        self.bilan = check_b2(
            flux,
            taille,
            nature,
            pack=self.pack,
            confiance=self._trust(),
            instant=self._instant(),
            releve=self.releve,
            separateur=separator(tete),
            pulse=self.pulse,
        )
        self.contenu |= self.bilan.contenu()

    def _message(self) -> None:
        brut = courrier.normalise(self.source.read(courrier.MAX_MESSAGE))
        analyse = courrier.read_message(brut, self._context(), self.options.profil)
        if self.options.date is None:
            self.jour = courrier.sent_on(analyse) or self.jour
        ctx = self._context()
        piece = courrier.open_content(ctx, self._trust(), analyse)
        contenu = piece.contenu
        if contenu is not None and not self.options.profil and analyse.profil == "facture_direct" and _for_oct(contenu):
            analyse = courrier.as_concentrator(brut, ctx)
        courrier.tell_message(analyse, ctx, self.releve)
        piece.tell(self.releve)
        self.enveloppe = piece.enveloppe
        self.contenu = {"profil": analyse.profil, "sujet": analyse.sujet.brut}
        if contenu is not None:
            self._inner(contenu, analyse, ctx)
        elif analyse.piece is None:
            self.releve.unverified("le fichier : le message n'a pas de pièce jointe")

    def _inner(self, piece: bytes, analyse: MessageAnalyse, ctx: Contexte) -> None:
        """The file that a message holds. One that can't be recognised is a finding, not a fault of ours."""
        if analyse.profil in _PROFILS_TEXTE:
            self.contenu["pièce jointe"] = f"{len(piece)} octets de texte"
            return
        try:
            nature = recognise(piece[:TETE])
        except ErreurFichier as exc:
            self.releve.note("FICHIER_SANS_ENTETE", "un fichier que l'on reconnaît", str(exc))
            return
        self.contenu["pièce jointe"] = nature.libelle
        self._content(nature, piece)
        if nature in _B2 and analyse.profil.startswith("facture") and self.bilan is not None:
            self._against_subject(self.bilan, analyse, ctx)

    def _content(self, nature: Nature, piece: bytes) -> None:
        self.releve.dispositions = layouts(self.pack, nature)
        if nature in _B2:
            self._b2(io.BytesIO(piece), len(piece), nature, piece[:TETE])
        elif nature is Nature.NOEMIE:
            self.contenu |= check_noemie(piece, self.pack, self.releve, self.pulse)
        elif nature is Nature.ARL:
            self.contenu |= check_arl(piece[:MAX_ARL], self.pack, self.releve)
        else:
            self.releve.note("FICHIER_SANS_ENTETE", "un fichier B2, NOEMIE ou d'ARL", nature.libelle)

    def _against_subject(self, bilan: Bilan, analyse: MessageAnalyse, ctx: Contexte) -> None:
        """What the subject says of the file (annexe5 §7.1.1)."""
        sujet = analyse.sujet
        if sujet.nb_factures is not None and sujet.nb_factures != bilan.factures:
            annonce = montre(sujet.champs.get("nb_factures", ""))
            self.releve.anomalie(ctx.catalogue.anomalie("SUJET_NB_FACTURES_FAUX", f"{bilan.factures:05d}", annonce))
        if bilan.emetteur and sujet.exercice and bilan.emetteur.lstrip("0") != sujet.exercice.lstrip("0"):
            attendu = f"l'émetteur du fichier, « {bilan.emetteur} »"
            self.releve.anomalie(ctx.catalogue.anomalie("SUJET_EXERCICE_FAUX", attendu, montre(sujet.exercice)))
        self.releve.done(["SUJET_NB_FACTURES_FAUX", *(["SUJET_EXERCICE_FAUX"] if bilan.emetteur else [])])

    def _piece(self) -> None:
        piece = courrier.open_alone(self._context(), self._trust(), self.source.read(courrier.MAX_MESSAGE))
        piece.tell(self.releve)
        self.enveloppe = piece.enveloppe
        if piece.contenu is not None:
            nature = recognise(piece.contenu[:TETE])
            self.contenu["contient"] = nature.libelle
            self._content(nature, piece.contenu)


def _for_oct(piece: bytes) -> bool:
    """Whether the header of a B2 file names a concentrator."""
    return piece.startswith(b"000") and piece[25:27] == b"OT"


def layouts(pack: NormPack, nature: Nature) -> dict[str, Disposition]:
    """The layouts by record type of a nature; none for what isn't made of records."""
    match nature:
        case Nature.NOEMIE:
            return dict(CodecNoemie(pack).dispositions)
        case Nature.ARL:
            return dict(CodecB2(pack, index="arl/index.yaml").dispositions)
        case Nature.ZONE | Nature.MESSAGE:
            return {}
        case _:
            return dict(CodecB2(pack).dispositions)
