"""Static check of a B2 flow, one lot held at a time: the insurers' own checks, fed from a stream.

Source of the checks: simulator/acteurs (cdc §3.3.1.2, public B2 norm). What needs memory of earlier flows is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from harness.fichiers.cles import NON_VERIFIEE, ConfianceFichiers, with_identities
from harness.fichiers.constats import Releve
from harness.fichiers.donnees import load_knowledge
from harness.fichiers.enregistrements import iter_records
from harness.fichiers.numeros import check_key
from harness.fichiers.reconnaissance import Nature
from norms.b2.securite import DONNEES_CHIFFREES, ErreurSecurite, champs_sensibles, lire_blocs
from norms.b2.structure import tell_type
from norms.cms import ErreurCms, Identite
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.montants import format_euros
from norms.paquet import NormPack
from simulator.acteurs.analyse import AnalyseFacture, AnalyseLot
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.facture import check_invoice
from simulator.acteurs.fichier import check_envelope
from simulator.acteurs.lecture import LONGUEUR, FactureLue, FichierLu, LotLu, read_invoice, read_lot
from simulator.acteurs.lot import check_lot
from simulator.acteurs.organismes import Organisme, Role

#: The end of a lot counts its invoices on three digits (public: B2, type 6, columns 11-13).
MAX_FACTURES_LOT = 999
MAX_ENREGISTREMENTS_FACTURE = 2000
#: An honest lot, segments of signatures included, is far below (about 30 records an invoice).
MAX_ENREGISTREMENTS_LOT = 60_000
MAX_REFERENCES = 100_000
_TYPES_AMC = frozenset({"OC", "CS"})
_TYPE_OCT = "OT"
SIGNATURES = "les signatures : certificats des signataires inconnus (--signataire)"
DONNEES = "les données chiffrées des factures : aucune clé donnée ne les ouvre"


@dataclass(slots=True)
class Bilan:
    """Totals of a flow, amounts in centimes."""

    enregistrements: int = 0
    lots: int = 0
    factures: int = 0
    total: int = 0
    amo: int = 0
    amc: int = 0
    emetteur: str = ""
    destinataire: str = ""

    def contenu(self) -> dict[str, int | str]:
        """As shown in a report."""
        lu: dict[str, int | str] = {
            "enregistrements": self.enregistrements,
            "lots": self.lots,
            "factures": self.factures,
            "total": format_euros(self.total),
            "part AMO": format_euros(self.amo),
            "part AMC": format_euros(self.amc),
        }
        extremites = {"émetteur": self.emetteur, "destinataire": self.destinataire}
        return lu | {cle: valeur for cle, valeur in extremites.items() if valeur}


def check_b2(
    flux: BinaryIO,
    taille: int,
    nature: Nature,
    *,
    pack: NormPack,
    confiance: ConfianceFichiers,
    instant: datetime,
    releve: Releve,
    separateur: bytes = b"",
    pulse: Callable[[], None] = lambda: None,
) -> Bilan:
    """Checks a file, a bare lot or bare invoices, taken to be received at ``instant``. Never raises on the content."""
    contexte = Contexte(_anybody(), pack, confiance, instant)
    examen = _Examen(contexte, confiance, nature, releve, pulse)
    for e in iter_records(contexte.codec, flux, taille, separateur=separateur, pulse=pulse):
        examen.add(e)
    if separateur:
        constate = "des CR LF" if separateur == b"\r\n" else "des LF"
        releve.note("FICHIER_SEPARATEURS", "des enregistrements de 128 octets à la suite", constate)
    return examen.close(taille, 0 if separateur else taille % LONGUEUR)


def _anybody() -> Organisme:
    """The addressee when no file header tells it: nothing is held against it."""
    return Organisme("", "OCT", "", "", "")


def addressee(entete: Enregistrement) -> Organisme:
    """The addressee that a file header names: its kind, number and, for an AMO, régime (cdc §3.2.10.2)."""
    type_ = entete.texte("type_destinataire")
    numero = entete.texte("numero_destinataire").lstrip("0")
    role: Role = "OCT" if type_ == _TYPE_OCT or not type_ else "AMC" if type_ in _TYPES_AMC else "AMO"
    if role == "AMO":
        numero = numero.zfill(8)
    return Organisme(
        numero, role, "", "", type_, regime=numero[:2] if role == "AMO" else "", numero_destinataire=numero
    )


class _Examen:
    """One pass over a flow."""

    def __init__(
        self, ctx: Contexte, confiance: ConfianceFichiers, nature: Nature, releve: Releve, pulse: Callable[[], None]
    ) -> None:
        self.ctx, self.confiance, self.nature, self.releve, self.pulse = ctx, confiance, nature, releve, pulse
        self.bilan = Bilan()
        self.entete: Enregistrement | None = None
        self.fin: Enregistrement | None = None
        self.premier: Enregistrement | None = None
        self.dernier: Enregistrement | None = None
        self.douteux: Enregistrement | None = None
        self.egares: list[Enregistrement] = []
        self.en_cours: list[Enregistrement] = []
        self.factures_du_lot = 0
        self.deborde = 0
        self.emetteurs: dict[str, LotLu] = {}
        self.references: set[tuple[str, str, str]] = set()
        self.sensibles = champs_sensibles(ctx.pack)
        self.savoir = load_knowledge()

    # --- records ----------------------------------------------------------------------------------------------
    def add(self, e: Enregistrement) -> None:
        """Takes one record, in order."""
        self.bilan.enregistrements += 1
        self.premier = self.premier or e
        self.dernier = e
        if self.douteux is not None:
            douteux, self.douteux = self.douteux, None
            self._inside(douteux)
        if e.type == "000" and self.bilan.enregistrements == 1 and self.nature is Nature.B2:
            self._header(e)
        elif self.nature is Nature.B2_FACTURES:
            self._bare(e)
        elif e.type == "1" and self.fin is None:
            self._flush()
            self.en_cours.append(e)
        elif e.type == "999" and self.nature is Nature.B2 and self.fin is None:
            self._end(e)
        else:
            self._inside(e)

    def _end(self, e: Enregistrement) -> None:
        """An end of file. A faulty one counts as such only if nothing follows: a shifted record may look like it."""
        if e.anomalies:
            self.douteux = e
        else:
            self._flush()
            self.fin = e

    def _inside(self, e: Enregistrement) -> None:
        if self.en_cours:
            self._in_lot(e)
        else:
            self._stray(e, "LOT_SYNTAXE", "un type 1, en-tête de lot")

    def _header(self, e: Enregistrement) -> None:
        self.entete = e
        self.bilan.emetteur, self.bilan.destinataire = e.texte("numero_emetteur"), e.texte("numero_destinataire")
        if not e.anomalies:
            self.ctx = replace(self.ctx, organisme=addressee(e))

    def _in_lot(self, e: Enregistrement) -> None:
        self.factures_du_lot += e.type == "2"
        if self.factures_du_lot > MAX_FACTURES_LOT or len(self.en_cours) >= MAX_ENREGISTREMENTS_LOT:
            self.deborde += 1
        else:
            self.en_cours.append(e)

    def _bare(self, e: Enregistrement) -> None:
        if e.type == "2" and self.en_cours:
            self._flush_invoice()
        if e.type != "2" and not self.en_cours:
            self._stray(e, "FACTURE_SYNTAXE", "un type 2, en-tête de facture")
        elif len(self.en_cours) < MAX_ENREGISTREMENTS_FACTURE:
            self.en_cours.append(e)

    def _stray(self, e: Enregistrement, code: str, attendu: str) -> None:
        """A record out of any lot or invoice: the first one is told (with the envelope, when there is one)."""
        if self.egares:
            return
        self.egares.append(e)
        if self.nature is Nature.B2:
            return
        for faute in e.anomalies[:1]:
            self.releve.fault(code, faute, e.brut)
        if not e.anomalies:
            self.releve.note(code, attendu, tell_type(e), en=e)

    # --- lots -------------------------------------------------------------------------------------------------
    def _flush(self) -> None:
        if not self.en_cours:
            return
        self.pulse()
        lu = read_lot(self.ctx.codec, tuple(self.en_cours))
        ctx = replace(self.ctx, confiance=self._opening(e for f in lu.factures for e in f.enregistrements))
        analyse = check_lot(ctx, lu)
        self.bilan.lots += 1
        self._tell_lot(analyse)
        for facture in analyse.factures:
            self._tell_invoice(facture, analyse.reference)
        self._signatures(analyse)
        self.emetteurs.setdefault(lu.entete.texte("numero_ps"), LotLu(lu.entete, (), None, (), ()))
        self.en_cours, self.factures_du_lot, self.deborde = [], 0, 0

    def _tell_lot(self, analyse: AnalyseLot) -> None:
        lu, reference = analyse.lu, analyse.reference
        for a in analyse.anomalies:
            if not (self.deborde and a.code in self.savoir.groupes["lot_entier"]):
                self._tell(a, lu.enregistrements, lot=reference, type_facture=analyse.type)
        if self.deborde:
            constate = f"{self.factures_du_lot} factures, {len(self.en_cours) + self.deborde} enregistrements"
            attendu = f"{MAX_FACTURES_LOT} factures au plus, {MAX_ENREGISTREMENTS_LOT} enregistrements"
            self.releve.note("LOT_TROP_GRAND", attendu, constate, en=lu.entete, lot=reference)
            self.releve.unverified(f"lot {reference} : la suite du lot, trop grand, et ses totaux")
        cle = (analyse.numero_ps, analyse.type, reference)
        if cle in self.references:
            a = self.ctx.catalogue.anomalie(
                "LOT_DEJA_RECU",
                "une référence propre à chaque lot du fichier",
                f"deux lots {reference}",
                en=lu.entete,
                champ="numero_lot",
            )
            self._tell(a, (lu.entete,), lot=reference, type_facture=analyse.type)
        if len(self.references) < MAX_REFERENCES:
            self.references.add(cle)
        recus = self.ctx.organisme.types_factures
        if self.entete is not None and analyse.type not in recus:
            attendu = f"des lots de {' et '.join(recus)}"
            melange = self.ctx.catalogue.anomalie(
                "FICHIER_CONTENU_MELANGE", attendu, f"un lot de {analyse.type}", en=lu.entete
            )
            self._tell(melange, (lu.entete,), lot=reference)

    # --- invoices ---------------------------------------------------------------------------------------------
    def _flush_invoice(self) -> None:
        self.pulse()
        lue = read_invoice(self.ctx.codec, self.bilan.factures + 1, tuple(self.en_cours))
        ctx = replace(self.ctx, confiance=self._opening(lue.enregistrements))
        self._tell_invoice(check_invoice(ctx, lue, mode="", lot="", date_lot=None), "")
        self.en_cours = []

    def _tell_invoice(self, analyse: AnalyseFacture, lot: str) -> None:
        self.bilan.factures += 1
        self.bilan.total += analyse.montant("total_facture")
        self.bilan.amo += analyse.montant("total_amo")
        self.bilan.amc += analyse.montant("total_amc")
        lue = analyse.lue
        for a in analyse.anomalies:
            self._tell(a, lue.enregistrements, lot=lot, facture=analyse.numero, type_facture=analyse.type)
        self._keys(lue, lot)
        if analyse.chiffrement.present and not analyse.chiffrement.ouvert:
            self.releve.unverified(DONNEES)
            self._clear_zones(lue, lot)
        for signature in (analyse.signature_vitale, analyse.signature_cps):
            if signature.motif == NON_VERIFIEE:
                self.releve.unverified(SIGNATURES)

    def _signatures(self, analyse: AnalyseLot) -> None:
        if analyse.signature.motif == NON_VERIFIEE:
            self.releve.unverified(SIGNATURES)

    def _keys(self, lue: FactureLue, lot: str) -> None:
        for regle in self.savoir.cles:
            for e in lue.enregistrements:
                if e.type != regle.type or e.anomalies:
                    continue
                faux = check_key(e, regle)
                if faux:
                    attendu, constate, champ = faux
                    if regle.controle in self.ctx.catalogue.controles:
                        a = self.ctx.catalogue.anomalie(regle.controle, attendu, constate, en=e, champ=champ)
                        self._tell(a, (e,), lot=lot, facture=lue.numero)
                    else:
                        self.releve.note(
                            regle.controle, attendu, constate, en=e, champ=champ, lot=lot, facture=lue.numero
                        )

    def _clear_zones(self, lue: FactureLue, lot: str) -> None:
        for e in lue.enregistrements:
            for nom in self.sensibles.get(e.type, ()) if not e.anomalies else ():
                if e.texte(nom).strip("0") and not e.est_masque(nom):
                    constate = f"« {e.texte(nom)} »"
                    self.releve.note(
                        "FACTURE_ZONE_EN_CLAIR",
                        "une zone masquée (*)",
                        constate,
                        en=e,
                        champ=nom,
                        lot=lot,
                        facture=lue.numero,
                    )

    def _opening(self, enregistrements: Iterable[Enregistrement]) -> ConfianceFichiers:
        """The trust that opens the encrypted data, if we can open all those of the lot; closed otherwise."""
        trousseau = self.confiance.trousseau
        if not trousseau.identites and not trousseau.cle_de_test:
            return self.confiance
        segments = [
            e for e in enregistrements if e.type == "8" and not e.anomalies and e.texte("nature") == DONNEES_CHIFFREES
        ]
        siennes: dict[int, Identite] = {}
        try:
            for bloc in lire_blocs(segments):
                trouvees = trousseau.opening(bloc.octets)
                if not trouvees:
                    return self.confiance
                siennes |= {id(i.certificat): i for i in trouvees}
        except (ErreurCms, ErreurSecurite, ErreurEnregistrement):
            pass  # told by the checks of the invoice
        return with_identities(self.confiance, donnees=tuple(siennes.values()))

    # --- the end ----------------------------------------------------------------------------------------------
    def close(self, taille: int, reste: int) -> Bilan:
        """Ends the flow: last lot or invoice, envelope."""
        if self.nature is Nature.B2_FACTURES:
            if self.en_cours:
                self._flush_invoice()
        else:
            self._flush()
            self.fin = self.fin or self.douteux
        self._envelope(taille, reste)
        self._done()
        return self.bilan

    def _envelope(self, taille: int, reste: int) -> None:
        bornes = tuple(dict.fromkeys(e for e in (self.premier, self.dernier) if e is not None))
        lu = FichierLu(
            enregistrements=bornes,
            entete=self.entete,
            lots=tuple(self.emetteurs.values()),
            fin=self.fin,
            egares=tuple(self.egares),
            reste=reste,
            total_enregistrements=self.bilan.enregistrements,
            total_lots=self.bilan.lots,
        )
        extrait = self.nature is not Nature.B2
        for a in check_envelope(self.ctx, lu, taille):
            if not extrait or a.code in self.savoir.groupes["extrait"]:
                self._tell(a, bornes)

    def _done(self) -> None:
        """The checks that were made, by what was found to be checked."""
        groupes = self.savoir.groupes
        exclus = set(groupes["historique"])
        if self.entete is None:
            exclus |= groupes["entete"]
        if self.nature is Nature.B2_FACTURES:
            exclus |= groupes["facture_en_lot"]
        if SIGNATURES in self.releve.non_verifies:
            exclus |= groupes["signatures"]
        if DONNEES in self.releve.non_verifies:
            exclus |= groupes["dechiffrement"]
        if self.bilan.lots < 2:
            exclus.add("LOT_DEJA_RECU")
        faits = {"fichier": self.nature is Nature.B2, "lot": self.bilan.lots, "facture": self.bilan.factures}
        regles = self.savoir.regles.values()
        self.releve.done(r.code for r in regles if faits.get(r.niveau) and r.code not in exclus)
        if self.nature is not Nature.B2:
            self.releve.done(groupes["extrait"])

    def _tell(
        self,
        a: Anomalie,
        enregistrements: Iterable[Enregistrement],
        *,
        lot: str = "",
        facture: str = "",
        type_facture: str = "",
    ) -> None:
        porteur = next((e for e in enregistrements if e.rang == a.enregistrement), None)
        self.releve.anomalie(
            a, lot=lot, facture=facture, type_facture=type_facture, enregistrement=porteur.type if porteur else ""
        )
