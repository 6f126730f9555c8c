"""Faults about cards, code porteur and what the PS is told."""

from __future__ import annotations

from collections.abc import Sequence

from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.ssv import Groupe
from reference.ecran import Ecran
from reference.erreurs import CodeRetour, Refus
from reference.facturation.modes import VITALE_INUTILISABLE
from reference.facturation.securisation import Securisation, Signataire
from reference.mutants.modele import Mutant, ServicesDelegues, brancher, ignore_coherence
from reference.ports import FactureFormee, LotMisEnForme, Services
from reference.poste import Poste

CODE_FAUX = "F003"
VITALE_PERIMEE = "F30A"


class _Memoire(ServicesDelegues):
    """Remembers the code porteur and gives it again."""

    def __init__(self, vrais: Services) -> None:
        super().__init__(vrais)
        self._code: str | None = None

    def _recall(self, code: str | None) -> str | None:
        self._code = code or self._code
        return self._code

    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
        return self.vrais.lire_carte_ps(self._recall(code_porteur))

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        return self.vrais.lire_droits_vitale(jour, self._recall(code_porteur))

    def signer_facture_ps(self, facture: bytes, numero_situation: str, code_porteur: str | None) -> FactureFormee:
        return self.vrais.signer_facture_ps(facture, numero_situation, self._recall(code_porteur))

    def formater_lot(
        self,
        *,
        reference: str,
        jour: str,
        numero_agrement: str,
        factures: Sequence[bytes],
        code_porteur: str | None,
        fin_de_serie: bool,
    ) -> LotMisEnForme:
        return super().formater_lot(
            reference=reference,
            jour=jour,
            numero_agrement=numero_agrement,
            factures=factures,
            code_porteur=self._recall(code_porteur),
            fin_de_serie=fin_de_serie,
        )


def _remember_code(poste: Poste) -> None:
    brancher(poste, _Memoire(poste.services))
    poste.constitution_lots.exiger_code = lambda _code: None


def _write_code(poste: Poste) -> None:
    trace = poste.reemission.dossier_exports.parent / "trace.log"

    class Bavard(ServicesDelegues):
        def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
            trace.write_text(f"lecture de la carte du PS, code {code_porteur}\n", encoding="utf-8")
            return super().lire_carte_ps(code_porteur)

    brancher(poste, Bavard(poste.services))


def _read_without_code(poste: Poste) -> None:
    class DerniereLecture(ServicesDelegues):
        """Falls back on the PS kept from the last reading when the card asks for its code."""

        def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
            try:
                return super().lire_carte_ps(code_porteur)
            except CodeRetour as exc:
                if exc.code_retour != CODE_FAUX:
                    raise
                catalogue = poste.constitution_fichiers.catalogue
                return (
                    catalogue.creer(1, type_carte="0", nom="INCONNU"),
                    catalogue.creer(2, numero_logique="1", specialite="01"),
                )

    brancher(poste, DerniereLecture(poste.services))


def _judge_code(poste: Poste) -> None:
    class JugeLeCode(ServicesDelegues):
        """Finds a code of four times the same digit too simple, and doesn't pass it on."""

        def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
            if code_porteur and len(set(code_porteur)) == 1:
                raise Refus("code porteur refusé par le progiciel")
            return super().lire_carte_ps(code_porteur)

    brancher(poste, JugeLeCode(poste.services))


def _always_ask_code(poste: Poste) -> None:
    class Exigeant(ServicesDelegues):
        def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
            if code_porteur is None:
                raise Refus("code porteur exigé à chaque lecture de la carte du PS")
            return super().lire_carte_ps(code_porteur)

    brancher(poste, Exigeant(poste.services))


class _Repli(Securisation):
    """Without a Vitale signature, secures all the same with the PS's card, and says nothing."""

    admis: frozenset[str] = frozenset()

    def securiser(
        self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe], signataire: Signataire
    ) -> FactureFormee:
        try:
            return super().securiser(type_, mode, groupes, signataire)
        except CodeRetour as exc:
            if exc.code_retour not in self.admis:
                raise
            return super().securiser(type_, ModeSecurisation.DEGRADE, groupes, signataire)


def _fall_back(poste: Poste, admis: frozenset[str]) -> None:
    repli = _Repli(poste.services)
    repli.admis = admis
    poste.securisation = poste.elaboration.securisation = poste.secondes_signatures.securisation = repli


def _do_without_vitale(poste: Poste) -> None:
    ignore_coherence(poste)
    _fall_back(poste, VITALE_INUTILISABLE)


def _accept_expired(poste: Poste) -> None:
    poste.acquisition_beneficiaire.est_perimee = lambda *_: False
    _fall_back(poste, frozenset({VITALE_PERIMEE}))


def _hide_demonstration(poste: Poste) -> None:
    poste.acquisition_beneficiaire.reconnaitre_demonstration = lambda _droits: False


class _SansAlerte(Ecran):
    """Shares the real screen but lets warnings fall."""

    def __init__(self, vrai: Ecran) -> None:
        super().__init__()
        self.informer = vrai.informer  # type: ignore[method-assign]  # same screen
        self.questionner = vrai.questionner  # type: ignore[method-assign]  # same screen

    def alerter(self, texte: str) -> None:
        return


def _mute_demonstration(poste: Poste) -> None:
    poste.acquisition_beneficiaire.ecran = _SansAlerte(poste.ecran)


def _mute_refusals(poste: Poste) -> None:
    poste.ecran.refuser = lambda texte: None  # type: ignore[method-assign]  # the fault itself


MUTANTS = (
    Mutant(
        "code-porteur-memorise",
        "Garde le code porteur en mémoire et le redonne sans le demander",
        ("SV-3.2.9.3.1.1-20", "SV-3.2.9.3.1.1-14", "SV-3.2.9.3.2.1-02", "SV-3.2.9.3.2.1-04", "SV-4.2.3.2-02"),
        _remember_code,
    ),
    Mutant("code-porteur-ecrit", "Écrit le code porteur dans un journal", ("SV-3.2.9.3.1.1-20",), _write_code),
    Mutant(
        "lecture-ps-sans-code",
        "Présente un PS fictif quand la carte exige le code porteur",
        ("SV-3.2.9.3.1.1-18", "SV-3.2.1-03"),
        _read_without_code,
    ),
    Mutant(
        "code-porteur-juge",
        "Juge le code porteur au lieu de le transmettre aux services",
        ("SV-4.2.1.2.1-09",),
        _judge_code,
    ),
    Mutant(
        "code-porteur-toujours-exige",
        "Redemande le code porteur à chaque lecture de la carte du PS",
        ("SV-3.2.9.3.1.1-19",),
        _always_ask_code,
    ),
    Mutant(
        "vitale-absente-toleree",
        "Sécurise en SESAM-Vitale sans carte Vitale, par un mode dégradé caché",
        ("SV-3.2.9.3.1.1-02", "SV-4.2.1.1-29"),
        _do_without_vitale,
    ),
    Mutant(
        "vitale-perimee-acceptee",
        "Accepte une carte Vitale périmée",
        ("SV-4.2.1.3-22", "SV-3.2.2-07", "SV-3.2.3.2-07"),
        _accept_expired,
    ),
    Mutant(
        "demonstration-muette",
        "Ne reconnaît pas une carte Vitale de démonstration",
        ("SV-3.4.5-01", "SV-3.4.5-02"),
        _hide_demonstration,
    ),
    Mutant(
        "demonstration-sans-message",
        "Reconnaît la carte de démonstration sans le dire au PS",
        ("SV-3.4.5-02",),
        _mute_demonstration,
    ),
    Mutant(
        "refus-sans-message",
        "Refuse sans rien afficher au PS",
        ("SV-3.4.1.2-04", "SV-4.2.1.1-29"),
        _mute_refusals,
    ),
)
