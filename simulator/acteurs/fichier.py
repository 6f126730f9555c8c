"""The envelope of a file: 000 and 999, counts, addressee, and what may come between (cdc §3.2.10.2, §4.2.1.16.2)."""

from __future__ import annotations

from norms.b2.structure import tell_type
from norms.codec import Enregistrement
from simulator.acteurs.analyse import AnalyseFichier
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.lecture import LONGUEUR, FichierLu, read_file
from simulator.acteurs.lot import check_lot
from simulator.acteurs.valeurs import entier, jour, montre

REPETES = (
    "type_emetteur",
    "numero_emetteur",
    "type_destinataire",
    "numero_destinataire",
    "application",
    "identifiant_fichier",
)


def check_file(ctx: Contexte, octets: bytes) -> AnalyseFichier:
    """Analyses the bytes of a file: envelope, lots, invoices; pure, whatever the bytes."""
    if len(octets) > ctx.regles.max_fichier:
        octets_lus = octets[: ctx.regles.max_fichier - ctx.regles.max_fichier % LONGUEUR]
    else:
        octets_lus = octets
    lu = read_file(ctx.codec, octets_lus)
    examen = _Examen(ctx, lu)
    if len(octets) > ctx.regles.max_fichier:
        examen.note("FICHIER_TROP_GROS", f"{ctx.regles.max_fichier} octets au plus", f"{len(octets)} octets")
    lots = tuple(check_lot(ctx, lot) for lot in lu.lots)
    examen.run(len(octets))
    fichier = AnalyseFichier(lu, lots)
    recus = ctx.organisme.types_factures
    for lot in lots:
        if lot.type not in recus:
            attendu = f"des lots de {' et '.join(recus)}"
            examen.note("FICHIER_CONTENU_MELANGE", attendu, f"un lot de {lot.type}", lot.lu.entete)
    return AnalyseFichier(fichier.lu, fichier.lots, tuple(examen.anomalies))


def check_envelope(ctx: Contexte, lu: FichierLu, taille: int) -> tuple[Anomalie, ...]:
    """The envelope alone, of a file whose lots are judged one by one elsewhere. ``taille`` in bytes."""
    examen = _Examen(ctx, lu)
    examen.run(taille)
    return tuple(examen.anomalies)


class _Examen:
    """One pass over one envelope."""

    def __init__(self, ctx: Contexte, lu: FichierLu) -> None:
        self.ctx, self.lu = ctx, lu
        self.anomalies: list[Anomalie] = []

    def note(self, code: str, attendu: str, constate: str, en: Enregistrement | None = None, champ: str = "") -> None:
        self.anomalies.append(self.ctx.catalogue.anomalie(code, attendu, constate, en=en, champ=champ))

    def run(self, taille: int) -> None:
        lu = self.lu
        if not taille:
            self.note("FICHIER_VIDE", "un fichier de factures", "0 octet")
            return
        if lu.reste:
            self.note("FICHIER_LONGUEUR", f"un multiple de {LONGUEUR} octets", f"{taille} octets")
        premier = lu.enregistrements[0] if lu.enregistrements else None
        if lu.entete is None:
            self.note("FICHIER_SANS_ENTETE", "un type 000", tell_type(premier) if premier else "aucun", premier)
        if lu.fin is None:
            dernier = lu.enregistrements[-1] if lu.enregistrements else None
            self.note("FICHIER_SANS_FIN", "un type 999", tell_type(dernier) if dernier else "aucun", dernier)
        for e in (lu.entete, lu.fin):
            for faute in e.anomalies if e is not None else ():
                self.anomalies.append(self.ctx.catalogue.layout("FICHIER_ENREGISTREMENT", faute, e.brut if e else b""))
        for e in lu.egares[:1]:
            self.note("FICHIER_STRUCTURE", "un type 1, en-tête de lot", tell_type(e), e)
        if not lu.lots:
            self.note("FICHIER_SANS_LOT", "au moins un lot", "aucun")
        self._check_end()
        self._check_header()

    def _check_end(self) -> None:
        fin, entete = self.lu.fin, self.lu.entete
        if fin is None:
            return
        total = self.lu.nombre_enregistrements
        if entier(fin, "nombre_enregistrements") != total:
            constate = montre(entier(fin, "nombre_enregistrements"))
            self.note("FICHIER_NOMBRE_ENREGISTREMENTS", str(total), constate, fin, "nombre_enregistrements")
        if entier(fin, "nombre_lots") != self.lu.nombre_lots:
            constate = montre(entier(fin, "nombre_lots"))
            self.note("FICHIER_NOMBRE_LOTS", str(self.lu.nombre_lots), constate, fin, "nombre_lots")
        for champ in REPETES if entete is not None else ():
            voulu = entete.texte(champ) if entete else ""
            if fin.texte(champ) != voulu:
                self.note("FICHIER_ENTETE_FIN", f"{champ} {montre(voulu)}", montre(fin.texte(champ)), fin, champ)
                break

    def _check_header(self) -> None:
        entete, organisme = self.lu.entete, self.ctx.organisme
        if entete is None or entete.anomalies:
            return
        type_ = entete.texte("type_destinataire")
        if organisme.role == "OCT" and type_ != organisme.type_destinataire:
            self._check_sender(entete)  # split at source: the file its final recipient will get (annexe5 §4.1)
            return
        if type_ != organisme.type_destinataire:
            attendu = f"le type {organisme.type_destinataire}"
            self.note("FICHIER_TYPE_DESTINATAIRE", attendu, montre(type_), entete, "type_destinataire")
        numero = entete.texte("numero_destinataire")
        if organisme.numero_destinataire and numero.lstrip("0") != organisme.numero_destinataire.lstrip("0"):
            attendu = f"le numéro {organisme.numero_destinataire}"
            self.note("FICHIER_DESTINATAIRE", attendu, montre(numero), entete, "numero_destinataire")
        self._check_sender(entete)

    def _check_sender(self, entete: Enregistrement) -> None:
        emetteur = entete.texte("numero_emetteur")
        for lot in self.lu.lots:
            ps = lot.entete.texte("numero_ps") if lot.entete.type == "1" else ""
            if ps.lstrip("0") != emetteur.lstrip("0"):
                self.note("FICHIER_EMETTEUR", f"l'émetteur {ps}", montre(emetteur), entete, "numero_emetteur")
                break
        creation = jour(entete, "date_creation")
        limite = self.ctx.regles.latest(self.ctx.reception)
        if creation is None or creation > limite:
            attendu = f"une date, au plus tard le {limite.isoformat()}"
            self.note("FICHIER_DATE", attendu, montre(creation), entete, "date_creation")
