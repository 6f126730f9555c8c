"""Gathers what is found in a file: verdict, clause, place; each check counted, the first ones of each kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.fichiers.donnees import Connaissances, Regle, load_knowledge
from harness.fichiers.modele import ConstatFichier
from harness.modele.verdict import Verdict
from norms.codec import Disposition, Enregistrement, ErreurEnregistrement
from simulator.acteurs.anomalies import Anomalie

#: Findings detailed for one check; the others are counted.
MAX_PAR_CONTROLE = 50
_HYPOTHESE = "hypothese"


def _reason(source: str) -> str:
    return source.partition(":")[2].strip() if source.startswith(_HYPOTHESE) else ""


class Releve:
    """What was found in one file, and which checks were made."""

    def __init__(self, dispositions: Mapping[str, Disposition], *, maximum: int = MAX_PAR_CONTROLE) -> None:
        #: Layouts by record type of what is being read; changes when a message gives way to the file it holds.
        self.dispositions = dispositions
        self._maximum = maximum
        self._savoir: Connaissances = load_knowledge()
        self._constats: list[ConstatFichier] = []
        self._faits: dict[str, None] = {}
        self.comptes: Counter[str] = Counter()
        self._verdicts: dict[str, set[Verdict]] = {}
        self.non_verifies: dict[str, None] = {}
        #: The message goes to a concentrator: its profile is published (annexe5 §7.1.1).
        self.oct = False

    # --- what was done ----------------------------------------------------------------------------------------
    def done(self, codes: Iterable[str]) -> None:
        """These checks were made."""
        self._faits.update(dict.fromkeys(codes))

    def unverified(self, quoi: str) -> None:
        """Something that couldn't be verified on this file."""
        self.non_verifies.setdefault(quoi)

    @property
    def controles(self) -> tuple[str, ...]:
        return tuple(sorted({*self._faits, *self.comptes}))

    @property
    def constats(self) -> tuple[ConstatFichier, ...]:
        return tuple(self._constats)

    @property
    def non_montres(self) -> int:
        return self.comptes.total() - len(self._constats)

    def verdict(self, code: str) -> Verdict | None:
        """The verdict on one check; None when it found nothing."""
        trouves = self._verdicts.get(code, set())
        return Verdict.NON_CONFORME if Verdict.NON_CONFORME in trouves else Verdict.RESERVE if trouves else None

    @property
    def verdict_global(self) -> Verdict:
        tous = {self.verdict(c) for c in self.comptes}
        if Verdict.NON_CONFORME in tous:
            return Verdict.NON_CONFORME
        if Verdict.RESERVE in tous:
            return Verdict.RESERVE
        return Verdict.CONFORME if self._faits else Verdict.NON_TESTE

    # --- what was found ---------------------------------------------------------------------------------------
    def anomalie(
        self,
        a: Anomalie,
        *,
        lot: str = "",
        facture: str = "",
        type_facture: str = "",
        enregistrement: str = "",
        ligne: int = 0,
    ) -> None:
        """An anomaly as the insurers tell it. ``enregistrement``: the type of the record; ``ligne`` of the message."""
        controle = a.controle
        connue = self._savoir.regles.get(controle.code)
        regle = Regle(
            controle.code,
            controle.niveau,
            controle.texte,
            controle.source,
            connue.reserve if connue else "",
            connue.conseil if connue else "",
        )
        self._add(
            regle,
            a.attendu,
            a.constate,
            lot=lot,
            facture=facture,
            type_facture=type_facture,
            rang=a.enregistrement,
            type_=enregistrement,
            champ=a.champ,
            colonnes=a.colonnes,
            brut=a.brut,
            ligne=ligne,
        )

    def note(
        self,
        code: str,
        attendu: str,
        constate: str,
        *,
        en: Enregistrement | None = None,
        champ: str = "",
        lot: str = "",
        facture: str = "",
    ) -> None:
        """A finding of ours; ``en`` and ``champ`` show where. Raises KeyError on an unknown check."""
        colonnes = en.disposition.champ(champ).colonnes if en is not None and champ else (0, 0)
        self._add(
            self._savoir.regles[code],
            attendu,
            constate,
            lot=lot,
            facture=facture,
            rang=en.rang if en is not None else 0,
            type_=en.type if en is not None else "",
            champ=champ,
            colonnes=colonnes,
            brut=en.brut.decode("latin-1") if en is not None else "",
        )

    def fault(self, code: str, faute: ErreurEnregistrement, brut: bytes = b"") -> None:
        """A finding made of a fault of a codec."""
        self._add(
            self._savoir.regles[code],
            faute.attendu,
            faute.constate,
            rang=faute.rang,
            type_=faute.type,
            champ=faute.champ,
            colonnes=faute.colonnes,
            brut=brut.decode("latin-1"),
            conseil=faute.conseil,
        )

    def _add(
        self,
        regle: Regle,
        attendu: str,
        constate: str,
        *,
        lot: str = "",
        facture: str = "",
        type_facture: str = "",
        rang: int = 0,
        type_: str = "",
        champ: str = "",
        colonnes: tuple[int, int] = (0, 0),
        brut: str = "",
        conseil: str = "",
        ligne: int = 0,
    ) -> None:
        disposition = self.dispositions.get(type_)
        defini = disposition.par_nom.get(champ) if disposition is not None else None
        sources = (
            regle.source,
            regle.reserve,
            disposition.source if disposition else "",
            defini.source if defini else "",
        )
        hypothese = next((r for r in map(_reason, sources) if r), "")
        verdict = Verdict.RESERVE if hypothese else Verdict.NON_CONFORME
        self.comptes[regle.code] += 1
        self._verdicts.setdefault(regle.code, set()).add(verdict)
        if self.comptes[regle.code] > self._maximum:
            return
        self._constats.append(
            ConstatFichier(
                code=regle.code,
                verdict=verdict,
                texte=regle.texte,
                attendu=attendu or "(rien)",
                constate=constate or "(absent)",
                niveau=regle.niveau,
                lot=lot,
                facture=facture,
                enregistrement=rang or None,
                type_enregistrement=type_ if type_ != "?" else "",
                champ=champ,
                libelle=defini.libelle if defini else "",
                colonnes=_columns(colonnes),
                ligne=ligne or None,
                brut=brut,
                source=regle.source,
                exigence=self._savoir.exigence(regle.code, type_facture, oct_=self.oct),
                hypothese=hypothese,
                conseil=conseil or regle.conseil,
            )
        )


def _columns(colonnes: tuple[int, int]) -> str:
    debut, fin = colonnes
    return "" if not debut else str(debut) if debut == fin else f"{debut}-{fin}"
