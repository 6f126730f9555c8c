"""Faults about concentrators: which address, which file, which text (annexe 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from norms.contrat.adaptateur import ReglagesOct
from norms.contrat.base import TypeFacture
from norms.ssv import Groupe
from reference.flux.fichiers import regrouper_par_critere
from reference.flux.oct import VersOct
from reference.mutants.modele import Mutant, ServicesDelegues, brancher
from reference.poste import Poste
from reference.store import LotConserve, RetourConserve
from reference.suivi.courrier import ART, Courrier

LONGUEUR = 128
AUTRE_OCT = "depot@relais-oct.test"


# --- where files go -----------------------------------------------------------------------------------------
def _never(poste: Poste) -> None:
    poste.constitution_fichiers.vers_oct = None


def _for_ever(poste: Poste) -> None:
    """The first concentrator ever set up stays, whatever the settings become."""
    premier = poste.compteurs.lire("oct_d_origine", "")
    actuel = poste.constitution_fichiers.vers_oct
    if not premier and actuel is not None:
        poste.compteurs.ecrire("oct_d_origine", actuel.adresse)
    elif premier:
        reglages = actuel.reglages if actuel else ReglagesOct()
        poste.constitution_fichiers.vers_oct = VersOct(premier, reglages)


def _first_direct_for_ever(poste: Poste) -> None:
    """A workstation that started without a concentrator never takes one."""
    actuel = poste.constitution_fichiers.vers_oct
    mode = poste.compteurs.lire("mode_d_origine", "")
    if not mode:
        poste.compteurs.ecrire("mode_d_origine", "oct" if actuel else "direct")
    elif mode == "direct":
        poste.constitution_fichiers.vers_oct = None


def _only_that_one(poste: Poste) -> None:
    """One concentrator, the vendor's, whatever address is typed."""
    actuel = poste.constitution_fichiers.vers_oct
    if actuel is not None:
        actuel.adresse = AUTRE_OCT


# --- the single file ----------------------------------------------------------------------------------------
def _by_criterion(poste: Poste) -> None:
    if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
        oct_.regrouper = regrouper_par_critere


def _all_in_one(poste: Poste) -> None:
    if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
        oct_.reglages = oct_.reglages.model_copy(update={"mode": "fichier_unique"})


def _by_caisse(poste: Poste) -> None:
    if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
        oct_.reglages = oct_.reglages.model_copy(update={"regroupement": "par_caisse"})


def _settings(**valeurs: str) -> Callable[[Poste], None]:
    def appliquer(poste: Poste) -> None:
        if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
            oct_.reglages = oct_.reglages.model_copy(update=valeurs)

    return appliquer


class _FichierRetouche(ServicesDelegues):
    """Changes what is given to « Formater fichier », or what it gives back."""

    def __init__(
        self,
        poste: Poste,
        *,
        douze: Callable[[dict[str, str]], dict[str, str]] = lambda champs: champs,
        critere: Callable[[str], str] = lambda critere: critere,
        rendu: Callable[[bytes], bytes] = lambda octets: octets,
    ) -> None:
        super().__init__(poste.services)
        self._catalogue = poste.constitution_fichiers.catalogue
        self._douze, self._critere, self._rendu = douze, critere, rendu

    def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
        donnes = [
            self._catalogue.creer(12, **self._douze(g.en_dict())) if g.id == 12 else self._catalogue.creer(14, **x)
            for g in groupes
            for x in [g.en_dict() | {"critere_fichier": self._critere(critere_fichier)}]
        ]
        entete, fin = self.vrais.formater_fichier(self._critere(critere_fichier), donnes)
        return self._rendu(entete), self._rendu(fin)


def file_call(
    *,
    douze: Callable[[dict[str, str]], dict[str, str]] = lambda champs: champs,
    critere: Callable[[str], str] = lambda critere: critere,
    rendu: Callable[[bytes], bytes] = lambda octets: octets,
) -> Callable[[Poste], None]:
    def appliquer(poste: Poste) -> None:
        brancher(poste, _FichierRetouche(poste, douze=douze, critere=critere, rendu=rendu))

    return appliquer


def _patch(debut: int, texte: bytes) -> Callable[[bytes], bytes]:
    """Rewrites columns of a header or an end, the first one being ``debut`` (from 1)."""
    return lambda brut: brut[: debut - 1] + texte + brut[debut - 1 + len(texte) :]


def _own_header(poste: Poste) -> None:
    """Header and end written by the software, the services never asked."""

    class _Maison(ServicesDelegues):
        def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
            douze = next(g for g in groupes if g.id == 12).en_dict()
            debut = f"TP{'0' * 14}      {douze['type_destinataire']}{douze['numero_destinataire']:0>14}000000"
            entete = f"000{debut}{douze['application']}{douze['nom_fichier']}{douze['date_fichier'][2:]}CP  B2"
            fin = f"999{debut}{douze['application']}{douze['nom_fichier']}"
            return entete.ljust(LONGUEUR).encode(), fin.ljust(LONGUEUR).encode()

    brancher(poste, _Maison(poste.services))


def _one_envelope_each(poste: Poste) -> None:
    """A header and an end around every lot of the single file."""

    class _Emboitee(ServicesDelegues):
        def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
            entete, fin = self.vrais.formater_fichier(critere_fichier, groupes)
            return entete + entete, fin + fin

    brancher(poste, _Emboitee(poste.services))


def _unsecured_too(poste: Poste) -> None:
    """Lots without their signature go into the file."""
    sain = poste.constitution_fichiers.a_transmettre

    def sans_signature() -> tuple[LotConserve, ...]:
        return tuple(replace(lot, contenu=_strip(lot.contenu)) for lot in sain())

    poste.constitution_fichiers.a_transmettre = sans_signature


def _strip(lot: bytes) -> bytes:
    while lot[-LONGUEUR : -LONGUEUR + 1] == b"8":
        lot = lot[:-LONGUEUR]
    return lot


# --- texts of the concentrator ------------------------------------------------------------------------------
def _swallow_text(poste: Poste) -> None:
    poste.reception.traitements[ART] = lambda _courrier: ()


def _text_unread(poste: Poste) -> None:
    """Shows that a text came, not what it says."""

    def sans_texte(courrier: Courrier) -> tuple[RetourConserve, ...]:
        poste.ecran.informer(f"Message d'un organisme concentrateur : {courrier.sujet}")
        return (RetourConserve(ART, courrier.sujet, rapproche=False),)

    poste.reception.traitements[ART] = sans_texte


def _silent_subjects(poste: Poste) -> None:
    """Keeps no Subject of what it sent, and shows none."""
    poste.fichiers.noter_message = lambda *_a, **_k: None  # type: ignore[method-assign]  # a deviation
    informer = poste.ecran.informer
    poste.ecran.informer = lambda texte: informer(texte.partition(", sujet ")[0])  # type: ignore[method-assign]


def _lots(groupes: Iterable[tuple[LotConserve, ...]]) -> list[tuple[LotConserve, ...]]:
    return [g for g in groupes if g[0].type == TypeFacture.FSE]


def _no_dre_file(poste: Poste) -> None:
    """Only files of FSE go to the concentrator."""
    if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
        regrouper = oct_.regrouper
        oct_.regrouper = lambda lots: _lots(regrouper(lots))


def _only_mixed(poste: Poste) -> None:
    """No single file unless it mixes FSE and DRE."""
    if (oct_ := poste.constitution_fichiers.vers_oct) is not None:
        regrouper = oct_.regrouper
        oct_.regrouper = lambda lots: [g for g in regrouper(lots) if len({lot.type for lot in g}) > 1]


MUTANTS = (
    Mutant(
        "fichier-unique-toujours-mixte",
        "Ne fait de fichier unique que pour des FSE et des DRE ensemble",
        ("SV-A5-4.2.1-01",),
        _only_mixed,
    ),
    Mutant(
        "fichier-sans-nom",
        "Ne donne pas de nom au fichier",
        ("SV-A5-4.2.2.1-12",),
        file_call(douze=lambda g: g | {"nom_fichier": ""}),
    ),
    Mutant(
        "oct-ignore",
        "Transmet aux organismes malgré le concentrateur paramétré",
        (
            "SV-3.2.10.3-07",
            "SV-3.2.3.4-13",
            "SV-3.2.3.5.1.2-14",
            "SV-A5-4-01",
            "SV-A5-4.1.2-02",
            "SV-A5-4.2.2.1-19",
            "SV-A5-4.3.3-02",
            "SV-A5-2.1-02",
            "SV-A5-2.2-02",
        ),
        _never,
    ),
    Mutant(
        "oct-a-demeure",
        "Garde le premier concentrateur paramétré, quoi que devienne le paramétrage",
        ("SV-A5-2.1-01", "SV-A5-2.1-05", "SV-A5-2.2-01", "SV-A5-7.1-04"),
        _for_ever,
    ),
    Mutant(
        "direct-a-demeure",
        "Un poste démarré en direct ne prend plus de concentrateur",
        ("SV-A5-2.1-02",),
        _first_direct_for_ever,
    ),
    Mutant(
        "oct-de-l-editeur",
        "N'écrit qu'au concentrateur de l'éditeur, quelle que soit l'adresse saisie",
        ("SV-A5-2.2-02", "SV-A5-7.1.1-03", "SV-A5-4.2.2.1-19"),
        _only_that_one,
    ),
    Mutant(
        "fichier-unique-par-critere",
        "Fait un fichier par critère là où un fichier unique est convenu",
        ("SV-A5-4.2.2.1-04", "SV-A5-4-02", "SV-A5-4.2.1-03", "SV-A5-4.2.2.1-01"),
        _by_criterion,
    ),
    Mutant(
        "eclatement-source-en-un-fichier",
        "Met tous les lots dans un fichier unique quand l'éclatement à la source est convenu",
        ("SV-A5-4.1.1-01", "SV-A5-7.1.1-01"),
        _all_in_one,
    ),
    Mutant(
        "fichier-unique-sans-dre",
        "N'envoie pas les lots de DRE au concentrateur",
        ("SV-A5-4.2.1-02", "SV-A5-4.2.1-03"),
        _no_dre_file,
    ),
    Mutant(
        "entete-oct-direct",
        "Garde l'en-tête d'un fichier direct pour le fichier unique",
        (
            "SV-A5-4.2.2.2-03",
            "SV-A5-4.2.2.1-13",
            "SV-A5-4.2.2.1-14",
            "SV-A5-4.2.2.1-15",
            "SV-A5-4.2.2.2-02",
            "SV-A5-4.2.2.2-04",
            "HD-06",
            "HD-07",
            "HD-08",
        ),
        file_call(douze=lambda g: g | {"application": "", "type_destinataire": "", "numero_destinataire": ""}),
    ),
    Mutant(
        "entete-oct-application",
        "Laisse l'application des fichiers directs dans le fichier unique",
        ("SV-A5-4.2.2.2-02", "SV-A5-4.2.2.1-13", "HD-08"),
        _settings(application="TR"),
    ),
    Mutant(
        "entete-oct-sans-numero",
        "N'écrit pas le numéro fourni par le concentrateur",
        ("SV-A5-4.2.2.2-04", "SV-A5-4.2.2.1-15", "HD-06"),
        _settings(numero_destinataire=""),
    ),
    Mutant(
        "zone-message-oubliee",
        "Laisse vide la zone de message convenue",
        ("SV-A5-4.2.2.1-16", "SV-A5-4.2.2.2-05"),
        _settings(zone_message=""),
    ),
    Mutant(
        "nom-de-fichier-fixe",
        "Donne le même nom à tous les fichiers",
        ("SV-A5-4.2.2.2-01", "SV-4.2.1.16.2-03"),
        file_call(douze=lambda g: g | {"nom_fichier": "OCT001"}),
    ),
    Mutant(
        "date-de-fichier-fausse",
        "Date les fichiers d'un autre jour",
        ("SV-A5-4.2.2.1-06",),
        file_call(douze=lambda g: g | {"date_fichier": "20221120"}),
    ),
    Mutant(
        "nombre-de-lots-faux",
        "Compte un lot de trop dans le fichier",
        ("SV-A5-4.2.2.1-07",),
        file_call(douze=lambda g: g | {"nombre_lots": str(int(g["nombre_lots"]) + 1)}),
    ),
    Mutant(
        "taille-des-lots-fausse",
        "Annonce une taille de lots qui n'est pas la leur",
        ("SV-A5-4.2.2.1-08",),
        file_call(douze=lambda g: g | {"taille_lots": str(int(g["taille_lots"]) + LONGUEUR)}),
    ),
    Mutant(
        "type-emetteur-reecrit",
        "Se dit concentrateur dans l'en-tête du fichier",
        ("SV-A5-4.2.2.1-09", "SV-A5-4.2.2.1-17", "SV-A5-4.2.2.2-06", "SV-4.2.1.16.2-10"),
        file_call(rendu=_patch(4, b"OT")),
    ),
    Mutant(
        "numero-emetteur-reecrit",
        "Réécrit le numéro d'émetteur de l'en-tête",
        ("SV-A5-4.2.2.1-10", "SV-A5-4.2.2.1-17", "SV-A5-4.2.2.2-06"),
        file_call(rendu=_patch(6, b"00000999999999")),
    ),
    Mutant(
        "critere-invente",
        "Donne à la mise en forme du fichier un critère qui ne vient d'aucun lot",
        ("SV-A5-4.2.2.1-11", "SV-4.2.1.16.2-08", "SV-4.2.1.16.1-19"),
        file_call(critere=lambda critere: critere[::-1]),
    ),
    Mutant(
        "entete-maison",
        "Écrit lui-même l'en-tête et la fin du fichier unique",
        ("SV-A5-4.2.2.1-05", "SV-A5-4.2.2.1-17"),
        _own_header,
    ),
    Mutant(
        "enveloppes-emboitees",
        "Met plusieurs en-têtes et plusieurs fins autour des lots",
        ("SV-A5-4.2.2.1-02",),
        _one_envelope_each,
    ),
    Mutant(
        "lots-non-securises-en-fichier",
        "Met en fichier des lots sans leur signature",
        ("SV-A5-4.2.2.1-03", "SV-A5-4.1.1-02", "SV-A5-4.2.1-05", "SV-A5-4.3.1-03"),
        _unsecured_too,
    ),
    Mutant(
        "enrichies-jamais-unique",
        "Fait un fichier par caisse quand un fichier unique de FSE enrichies est convenu",
        ("SV-A5-4.3.2-06",),
        _by_caisse,
    ),
    Mutant(
        "enrichies-toujours-unique",
        "Fait un fichier unique de FSE enrichies quand un fichier par caisse est convenu",
        ("SV-A5-4.3.2-07",),
        _settings(regroupement="fichier_unique"),
    ),
    Mutant(
        "art-avale",
        "Ne dit rien des textes du concentrateur",
        ("SV-A5-5.1-03", "SV-A5-7.2-02", "SV-A5-7.2.1-01", "SV-A5-7.2.1-02", "SV-A5-7.2.1-05"),
        _swallow_text,
    ),
    Mutant(
        "art-non-lu",
        "Annonce un texte du concentrateur sans le montrer",
        ("SV-A5-7.2-02", "SV-A5-7.2.1-04"),
        _text_unread,
    ),
    Mutant(
        "sujets-oublies",
        "Ne garde ni ne montre le sujet des messages émis",
        ("SV-A5-7.1.1-16", "SV-A5-7.1.1-15"),
        _silent_subjects,
    ),
)
