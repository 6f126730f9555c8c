"""One lot: reference, date, totals, order, grouping, signature (cdc §3.2.9.3.2, §3.2.10.1, §3.3.1.2, §4.2.1.16.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from norms.b2.securite import SIGNATURE_LOT, ErreurSecurite, lire_blocs, octets_a_signer_lot
from norms.codec import Enregistrement, ErreurEnregistrement
from simulator.acteurs.analyse import AnalyseFacture, AnalyseLot
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.confiance import ABSENTE, Signature
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.facture import MAX_FAUTES_CITEES, check_invoice
from simulator.acteurs.lecture import FactureLue, LotLu
from simulator.acteurs.regles import Critere
from simulator.acteurs.valeurs import entier, jour, mode_of, montre

REFERENCES = {"FSE": re.compile(r"(?!000)[0-9]{3}"), "DRE": re.compile(r"[A-Z]{3}")}
FORMES = {"FSE": "de 001 à 999", "DRE": "de AAA à ZZZ"}

#: (field of the record 6, check, what it must equal).
COMPTES: tuple[tuple[str, str, Callable[[LotLu], int]], ...] = (
    ("nombre_factures", "LOT_NOMBRE_FACTURES", lambda lot: len(lot.factures)),
    ("nombre_lignes", "LOT_NOMBRE_LIGNES", lambda lot: _count(lot, "4")),
    ("nombre_type_2", "LOT_NOMBRE_TYPE_2", lambda lot: _count(lot, "2")),
    ("nombre_type_5", "LOT_NOMBRE_TYPE_5", lambda lot: _count(lot, "5")),
)
TOTAUX = (
    ("total_facture", "LOT_TOTAL_FACTURE"),
    ("total_amo", "LOT_TOTAL_AMO"),
    ("total_amc", "LOT_TOTAL_AMC"),
)


def check_lot(ctx: Contexte, lu: LotLu) -> AnalyseLot:
    """Analyses a lot and its invoices; pure."""
    return _Examen(ctx, lu).run()


def _count(lot: LotLu, type_: str) -> int:
    return sum(e.type == type_ for e in lot.enregistrements)


class _Examen:
    """One pass over one lot."""

    def __init__(self, ctx: Contexte, lu: LotLu) -> None:
        self.ctx, self.lu = ctx, lu
        self.anomalies: list[Anomalie] = []

    def note(self, code: str, attendu: str, constate: str, en: Enregistrement, champ: str = "") -> None:
        self.anomalies.append(self.ctx.catalogue.anomalie(code, attendu, constate, en=en, champ=champ))

    def run(self) -> AnalyseLot:
        entete, lu = self.lu.entete, self.lu
        mode, date_lot = mode_of(entete), jour(entete, "date_lot")
        for faute in lu.fautes[:MAX_FAUTES_CITEES]:
            brut = next((e.brut for e in lu.enregistrements if e.rang == faute.rang), b"")
            self.anomalies.append(self.ctx.catalogue.layout("LOT_SYNTAXE", faute, brut))
        factures = tuple(
            check_invoice(self.ctx, f, mode=mode, lot=lu.reference, date_lot=date_lot) for f in lu.factures
        )
        types = [f.type for f in factures] or list(self.ctx.organisme.types_factures[:1])
        type_ = max(sorted(set(types)), key=types.count)
        if not mode:
            attendu = "S, F ou D"
            self.note(
                "LOT_CERTIFICATION", attendu, montre(entete.texte("top_certification")), entete, "top_certification"
            )
        self._check_date()
        self._check_reference(type_)
        self._check_addressee()
        self._check_counts()
        self._check_order(factures)
        self._check_grouping(type_, factures)
        signature = self._check_signature()
        return AnalyseLot(lu, type_, mode, self._with_duplicates(factures), signature, tuple(self.anomalies))

    def _check_date(self) -> None:
        entete, reception, regles = self.lu.entete, self.ctx.reception, self.ctx.regles
        date_lot = jour(entete, "date_lot")
        if date_lot is None:
            self.note("LOT_DATE_ABSENTE", "une date", montre(date_lot), entete, "date_lot")
        elif date_lot < regles.oldest(reception):
            attendu = f"au plus tôt le {regles.oldest(reception).isoformat()}, reçu le {reception.isoformat()}"
            self.note("LOT_DATE_ANCIENNE", attendu, montre(date_lot), entete, "date_lot")
        elif date_lot > regles.latest(reception):
            attendu = f"au plus tard le {regles.latest(reception).isoformat()}, reçu le {reception.isoformat()}"
            self.note("LOT_DATE_FUTURE", attendu, montre(date_lot), entete, "date_lot")

    def _check_reference(self, type_: str) -> None:
        entete, fin = self.lu.entete, self.lu.fin
        if not REFERENCES[type_].fullmatch(self.lu.reference):
            self.note("LOT_REFERENCE", f"{FORMES[type_]} ({type_})", montre(self.lu.reference), entete, "numero_lot")
        if fin is not None and fin.texte("numero_lot") != self.lu.reference:
            constate = montre(fin.texte("numero_lot"))
            self.note("LOT_REFERENCE_FIN", f"la référence {self.lu.reference}", constate, fin, "numero_lot")
        numero = entete.texte("numero_ps")
        for e in self.lu.enregistrements[1:]:
            if e.type not in {"?", "000", "999"} and not e.anomalies and e.texte("numero_ps") != numero:
                self.note("LOT_PS_DIFFERENT", f"le PS {numero}", montre(e.texte("numero_ps")), e, "numero_ps")
                break
        if fin is not None and not fin.texte("agrement_progiciel"):
            self.note("LOT_AGREMENT_ABSENT", "un numéro d'agrément", "aucun", fin, "agrement_progiciel")

    def _check_addressee(self) -> None:
        organisme, entete = self.ctx.organisme, self.lu.entete
        if organisme.role != "AMO":
            return
        attendu = organisme.numero_destinataire[-3:]
        if entete.texte("organisme_destinataire") != attendu:
            constate = montre(entete.texte("organisme_destinataire"))
            self.note("LOT_DESTINATAIRE", f"l'organisme {attendu}", constate, entete, "organisme_destinataire")

    def _check_counts(self) -> None:
        lu, fin = self.lu, self.lu.fin
        if not lu.factures:
            self.note("LOT_SANS_FACTURE", "au moins une facture", "aucune", lu.entete)
        if fin is None:
            return
        for champ, code, compte in COMPTES:
            if entier(fin, champ) != compte(lu):
                self.note(code, str(compte(lu)), montre(entier(fin, champ)), fin, champ)
        for champ, code in TOTAUX:
            somme = sum(entier(f.structure.fin, champ) or 0 for f in lu.factures if f.structure)
            if entier(fin, champ) != somme and all(f.structure for f in lu.factures):
                self.note(code, f"{somme} centimes", f"{montre(entier(fin, champ))} centimes", fin, champ)

    def _check_order(self, factures: tuple[AnalyseFacture, ...]) -> None:
        for avant, apres in pairwise(factures):
            if apres.numero < avant.numero:
                attendu = f"un numéro supérieur à {avant.numero}"
                self.note("LOT_NON_TRIE", attendu, montre(apres.numero), apres.lue.entete, "numero_facture")
                return

    def _with_duplicates(self, factures: tuple[AnalyseFacture, ...]) -> tuple[AnalyseFacture, ...]:
        vus: set[str] = set()
        sortie = []
        for facture in factures:
            f = facture
            if f.numero in vus:
                anomalie = self.ctx.catalogue.anomalie(
                    "FACTURE_EN_DOUBLE",
                    "un numéro propre à chaque facture",
                    montre(f.numero),
                    en=f.lue.entete,
                    champ="numero_facture",
                )
                f = replace(f, anomalies=(*f.anomalies, anomalie))
            vus.add(f.numero)
            sortie.append(f)
        return tuple(sortie)

    def _check_grouping(self, type_: str, factures: tuple[AnalyseFacture, ...]) -> None:
        for f in factures:
            if f.type != type_:
                self.note("LOT_CRITERES_MELES", f"des {type_}", f"une {f.type}", f.lue.entete)
                return
        for critere in self.ctx.regles.criteres:
            if critere.type != type_:
                continue
            lues = [(v, f) for f in factures if (v := _criterion(critere, f.lue)) is not None]
            autre = next(((v, f) for v, f in lues if v != lues[0][0]), None)
            if autre is not None:
                e = _bearer(critere, autre[1].lue)
                attendu = f"{critere.champ} {montre(lues[0][0])}, comme la première facture"
                self.note("LOT_CRITERES_MELES", attendu, montre(autre[0]), e or autre[1].lue.entete, critere.champ)
                return

    def _check_signature(self) -> Signature:
        entete, lu = self.lu.entete, self.lu
        try:
            blocs = lire_blocs(lu.securite)
        except (ErreurEnregistrement, ErreurSecurite) as faute:
            if isinstance(faute, ErreurEnregistrement):
                brut = next((e.brut for e in lu.securite if e.rang == faute.rang), b"")
                self.anomalies.append(self.ctx.catalogue.layout("LOT_SYNTAXE", faute, brut))
            return Signature(True, motif="signature du lot illisible")
        if not blocs:
            self.note("LOT_SIGNATURE_ABSENTE", "une signature de nature L", "aucune", entete)
            return ABSENTE
        bloc = blocs[0]
        if len(blocs) > 1 or bloc.nature != SIGNATURE_LOT:
            self.note("LOT_SYNTAXE", "un seul bloc de nature L", ", ".join(b.nature for b in blocs), lu.securite[0])
            return Signature(True, motif="segments de sécurité inattendus après la fin du lot")
        numero = entete.texte("numero_ps")
        instant = self.ctx.noon(jour(entete, "date_lot"))
        signature = self.ctx.confiance.verify("PS", bloc, octets_a_signer_lot(lu.enregistrements), instant, numero)
        if bloc.reference != lu.reference:
            self.note("LOT_REFERENCE_FIN", f"la référence {lu.reference}", bloc.reference, lu.securite[0], "reference")
        if not signature.reconnu:
            self.note("LOT_SIGNATURE_FAUSSE", "une signature vérifiable", signature.motif, entete)
        elif not signature.valide:
            self.note("LOT_SIGNATAIRE", "un certificat valide", signature.motif, entete)
        elif signature.porteur is not None and not signature.porteur.signs_lots_of(numero):
            self.note("LOT_SIGNATAIRE", f"une carte habilitée pour {numero}", signature.signataire, entete, "numero_ps")
        return signature


def _bearer(critere: Critere, lue: FactureLue) -> Enregistrement | None:
    return next((e for e in lue.enregistrements if e.type == critere.enregistrement and not e.anomalies), None)


def _criterion(critere: Critere, lue: FactureLue) -> str | None:
    e = _bearer(critere, lue)
    if e is None:
        return None
    valeur = e.texte(critere.champ)
    return critere.classes.get(valeur, valeur)
