"""``preagrement cards``: the fictitious cards listed, shown, and served to an unmodified program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from harness.catalogue import scenarios_directory
from harness.cli.commun import CONFORME, ERREUR_BANC, OptionJson, Sortie, fautes
from harness.cli.francais import Commande, Groupe
from norms.paquet import NormPack

OptionPopulation = Annotated[
    Path | None, typer.Option("--population", help="Dossier de cartes et d'attestations ; par défaut, celui du banc.")
]
_AIDE = "Cartes fictives : les lister, les montrer, les servir à un programme par de vrais lecteurs PC/SC."
_AIDE_SERVE = """Démarre un pcscd privé avec les cartes choisies, et un programme qui les lit sans être modifié.

Le code de sortie est celui du programme. Exemple :

preagrement cards serve --ps dr-martin --vitale durand-paul -- mon-logiciel --mode essai

Avec --port-ps et --port-vitale, les cartes vont dans les lecteurs d'un pilote vpcd déjà en marche (Windows, ou pcscd
du système) ; le programme est alors facultatif."""


def register(app: typer.Typer) -> None:
    """Adds ``cards list|show|serve``, and ``cartes``, its older name for the list."""
    cartes = typer.Typer(help=_AIDE, cls=Groupe, no_args_is_help=True)
    cartes.command("list", cls=Commande)(list_cards)
    cartes.command("show", cls=Commande)(show)
    cartes.command("serve", cls=Commande, help=_AIDE_SERVE, context_settings={"allow_interspersed_args": False})(serve)
    app.add_typer(cartes, name="cards")
    app.command("cartes", cls=Commande, hidden=True)(list_cards)


def _directory(population: Path | None) -> Path:
    return population or scenarios_directory() / "population"


def list_cards(
    famille: Annotated[str, typer.Option("--famille", help="« cps », « vitale » ou « attestation ».")] = "",
    population: OptionPopulation = None,
    machine: OptionJson = False,
) -> None:
    """Liste les cartes et attestations fictives, une ligne par fichier."""
    from harness.cartes.population import FAMILLES, fiches  # noqa: PLC0415 -- keeps the start of other commands quick

    sortie = Sortie(machine=machine)
    with fautes(sortie):
        if famille and famille not in FAMILLES:
            raise ValueError(f"famille « {famille} » inconnue ; familles : {', '.join(FAMILLES)}")
        trouvees = [f for f in fiches(_directory(population)) if famille in ("", f.famille)]
    if machine:
        sortie.json([{"nom": f.nom, "famille": f.famille, "libelle": f.but} for f in trouvees])
        return
    largeur = max(len(f.nom) for f in trouvees) + 2
    for fiche in trouvees:
        sortie.line(f"{fiche.famille:<13}{fiche.nom:<{largeur}}{fiche.but}")


def show(
    nom: Annotated[str, typer.Argument(metavar="NOM", help="Nom d'une carte ou d'une attestation (cards list).")],
    famille: Annotated[str, typer.Option("--famille", help="« cps », « vitale » ou « attestation ».")] = "",
    population: OptionPopulation = None,
    machine: OptionJson = False,
) -> None:
    """Montre ce que porte une carte, code porteur de test compris."""
    from harness.cartes.population import FAMILLES, details, find, render  # noqa: PLC0415 -- as above

    sortie = Sortie(machine=machine)
    with fautes(sortie):
        choisie = next((f for f in FAMILLES if f == famille), None)
        if famille and choisie is None:
            raise ValueError(f"famille « {famille} » inconnue ; familles : {', '.join(FAMILLES)}")
        fiche = find(_directory(population), nom, choisie)
        arbre = details(_directory(population), fiche)
    if machine:
        sortie.json({"nom": fiche.nom, "famille": fiche.famille, **arbre})
        return
    sortie.lines([f"{fiche.nom} ({fiche.famille})", *render(arbre, NormPack.par_defaut())], "bold")


def serve(
    programme: Annotated[list[str] | None, typer.Argument(metavar="-- PROGRAMME…", help="Programme à lancer.")] = None,
    *,
    ps: Annotated[str, typer.Option("--ps", help="Carte du lecteur PS, par son nom.")] = "",
    vitale: Annotated[str, typer.Option("--vitale", help="Carte du lecteur Vitale, par son nom.")] = "",
    externe_ps: Annotated[
        str, typer.Option("--externe-ps", help="Carte d'un autre : commande où {port} est le port à joindre.")
    ] = "",
    externe_vitale: Annotated[
        str, typer.Option("--externe-vitale", help="Carte d'un autre : commande où {port} est le port à joindre.")
    ] = "",
    nom_ps: Annotated[str, typer.Option("--nom-ps", help="Nom du lecteur PS (PC/SC y ajoute « 00 00 »).")] = "",
    nom_vitale: Annotated[str, typer.Option("--nom-vitale", help="Nom du lecteur Vitale.")] = "",
    port_ps: Annotated[int, typer.Option("--port-ps", min=0, help="Port d'un pilote vpcd déjà en marche.")] = 0,
    port_vitale: Annotated[int, typer.Option("--port-vitale", min=0, help="Port d'un pilote vpcd en marche.")] = 0,
    lecteur: Annotated[
        list[str] | None,
        typer.Option("--lecteur", help="Un lecteur de plus : NOM=CARTE, ou NOM= pour un lecteur vide."),
    ] = None,
    galss: Annotated[
        Path | None, typer.Option("--galss", help="galss.ini du logiciel : ses lecteurs PC/SC donnent leurs noms.")
    ] = None,
    journal: Annotated[Path | None, typer.Option("--journal", help="Échanges APDU, un objet JSON par ligne.")] = None,
    jour: Annotated[str, typer.Option("--date", help="Jour de la PKI de test (AAAA-MM-JJ).")] = "2026-03-02",
    population: OptionPopulation = None,
) -> None:
    """Runs the program; exits with its code. French help in ``_AIDE_SERVE``."""
    from harness.cartes.journal import open_journal  # noqa: PLC0415 -- as above
    from harness.cartes.service import Poste, cards, names_of, serve_driver, serve_private  # noqa: PLC0415 -- as above
    from simulator.cards.erreurs import ErreurCarte  # noqa: PLC0415 -- as above

    sortie = Sortie(machine=True)  # standard output belongs to the program

    def choices(*couples: tuple[str, str]) -> dict[str, str]:
        return {lecteur: valeur for lecteur, valeur in couples if valeur}

    with fautes(sortie):
        try:
            autres = dict(_more_readers(lecteur or []))
            poste = Poste(
                cartes=choices(("ps", ps), ("vitale", vitale)) | {r: c for r, (_, c) in autres.items() if c},
                externes=choices(("ps", externe_ps), ("vitale", externe_vitale)),
                noms=(names_of(galss) if galss else {})
                | choices(("ps", nom_ps), ("vitale", nom_vitale))
                | {r: nom for r, (nom, _) in autres.items()},
                ports={lecteur: port for lecteur, port in (("ps", port_ps), ("vitale", port_vitale)) if port},
            )
            poste.check()
            if not programme and not poste.ports:
                raise ValueError("il manque le programme à lancer, après « -- » (par exemple : -- bash)")
            presentes = cards(poste, _directory(population), date.fromisoformat(jour))
            with open_journal(journal) as espion:
                if poste.ports:
                    code = serve_driver(
                        poste, presentes, programme or [], espion=espion, attendre=_until_enter, dire=sortie.line
                    )
                else:
                    code = serve_private(poste, presentes, programme or [], espion=espion, dire=sortie.line)
        except ErreurCarte as exc:
            sortie.erreur(str(exc))
            raise typer.Exit(ERREUR_BANC) from exc
    if code != CONFORME:
        raise typer.Exit(code)


def _more_readers(demandes: list[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """« NOM=CARTE » as a reader, its name and its card. Raises ValueError."""
    for rang, demande in enumerate(demandes, start=1):
        nom, egal, carte = demande.partition("=")
        if not egal or not nom.strip():
            raise ValueError(f"--lecteur {demande} : attendu NOM=CARTE")
        yield f"autre{rang}", (nom.strip(), carte.strip())


def _until_enter() -> None:
    """Keeps the cards in until someone presses Enter; works alike on every system."""
    try:
        input("Cartes en place ; Entrée pour les retirer. ")
    except EOFError:
        return
