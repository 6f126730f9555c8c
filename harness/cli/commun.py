"""What commands share: the console, exit codes, options, errors told in one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import typer
from rich.console import Console

from harness import systeme
from harness.adaptateur.configuration import ErreurConfiguration
from harness.modele.verdict import ResultatScenario, Verdict
from norms.chargement import ErreurChargement
from norms.paquet import ErreurPaquet

CONFORME, NON_CONFORME, ERREUR_BANC, NON_CONCLUANT = 0, 1, 2, 3

Chemins = Annotated[
    list[Path] | None, typer.Argument(help="Fichiers ou dossiers de scénarios ; par défaut, ceux du banc.")
]
OptionLps = Annotated[
    Path | None, typer.Option("--lps", help="Configuration TOML du LPS ; par défaut, le LPS de référence.")
]
OptionGraine = Annotated[int, typer.Option("--graine", min=0, help="Même graine, mêmes octets.")]
OptionLecteurs = Annotated[str, typer.Option("--lecteurs", help="« simules » ou « pcsc ».")]
OptionNorme = Annotated[Path | None, typer.Option("--norme", help="Répertoire d'un paquet de normes.")]
OptionInterne = Annotated[
    bool, typer.Option("--interne", help="LPS dans le même processus (plus rapide, mêmes messages).")
]
OptionJson = Annotated[bool, typer.Option("--json", help="Un objet JSON sur la sortie standard, pour une machine.")]
OptionTrace = Annotated[
    bool, typer.Option("--trace", help="Écrit, par scénario, ordres aux cartes, services et réseau au fil du temps.")
]
OptionAttestations = Annotated[
    Path | None, typer.Option("--attestations", help="Réponses aux questions posées à une personne (YAML).")
]

#: How each verdict is coloured on a terminal.
STYLES = {
    Verdict.CONFORME: "green",
    Verdict.NON_CONFORME: "bold red",
    Verdict.RESERVE: "yellow",
    Verdict.A_ATTESTER: "cyan",
    Verdict.NON_APPLICABLE: "dim",
    Verdict.NON_TESTE: "magenta",
    Verdict.ERREUR_BANC: "bold white on red",
}


class Sortie:
    """The console: rich on a terminal, plain lines otherwise. With ``machine``, people's text goes to stderr."""

    def __init__(self, *, machine: bool = False) -> None:
        self.machine = machine
        self.console = Console(stderr=machine, highlight=False, soft_wrap=True, emoji=False)

    @property
    def terminal(self) -> bool:
        return self.console.is_terminal

    def line(self, texte: str = "", style: str | None = None) -> None:
        """One line of text, shown as it is."""
        self.console.print(texte, style=style, markup=False)

    def lines(self, lignes: list[str], style: str | None = None) -> None:
        """Several lines; the first one styled."""
        for rang, ligne in enumerate(lignes):
            self.line(ligne, style if rang == 0 else None)

    def erreur(self, texte: str) -> None:
        """A fault of ours or of the command line, on standard error."""
        Console(stderr=True, highlight=False, soft_wrap=True, emoji=False).print(
            f"erreur : {texte}", style="bold red", markup=False
        )

    def json(self, objet: Any) -> None:
        """The one object for machines."""
        sys.stdout.write(json.dumps(objet, ensure_ascii=False, indent=1) + "\n")
        sys.stdout.flush()


@contextmanager
def fautes(sortie: Sortie) -> Iterator[None]:
    """Turns the errors of what is loaded into one message and exit code 2."""
    try:
        yield
    except (ErreurConfiguration, ErreurPaquet, ErreurChargement, OSError, ValueError) as exc:
        connue = isinstance(exc, OSError) and exc.errno is not None
        sortie.erreur(systeme.cause(exc) if connue else str(exc))
        raise typer.Exit(ERREUR_BANC) from exc


def show_traces(sortie: Sortie, resultats: Sequence[ResultatScenario], dossier: Path) -> None:
    """Writes the trace of each scenario beside its evidence; a lone one is shown as well."""
    from harness.trace import write_trace  # noqa: PLC0415 -- seldom asked for

    for resultat in resultats:
        try:
            fichier, lignes = write_trace(resultat, dossier)
        except FileNotFoundError:
            sortie.erreur(f"pas de trace de {resultat.id} : rien n'a été observé")
            continue
        except OSError as exc:
            sortie.erreur(f"pas de trace de {resultat.id} : {systeme.cause(exc)}")
            continue
        if len(resultats) == 1:
            sortie.line()
            sortie.lines(lignes, "bold")
        sortie.line(f"trace : {fichier}")


def options(**valeurs: Any) -> SimpleNamespace:
    """Options of a command in the shape that the bench's maker reads."""
    connues: dict[str, Any] = dict.fromkeys(
        ("lps", "graine", "lecteurs", "norme", "dossier", "attestations", "interne"), None
    )
    connues |= {cle: str(v) if isinstance(v, Path) else v for cle, v in valeurs.items()}
    return SimpleNamespace(**{f"preagrement_{cle}": v for cle, v in connues.items()})


def progress(sortie: Sortie, titre: str) -> Any:
    """A progress bar when someone looks, else a silent object with the same two methods."""
    if not sortie.terminal:
        return _Silence()
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    return _Barre(
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=sortie.console,
            transient=True,
        ),
        titre,
    )


class _Silence:
    def __enter__(self) -> _Silence:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def total(self, n: int) -> None:
        """Nothing to show."""

    def step(self, titre: str = "") -> None:
        """Nothing to show."""


class _Barre:
    def __init__(self, barre: Any, titre: str) -> None:
        self._barre, self._titre = barre, titre
        self._tache: Any = None

    def __enter__(self) -> _Barre:
        self._barre.__enter__()
        self._tache = self._barre.add_task(self._titre, total=None)
        return self

    def __exit__(self, *exc: Any) -> None:
        self._barre.__exit__(*exc)

    def total(self, n: int) -> None:
        self._barre.update(self._tache, total=n)

    def step(self, titre: str = "") -> None:
        self._barre.update(self._tache, advance=1, description=titre or self._titre)


Commande = Callable[..., None]
