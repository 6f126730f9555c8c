"""``preagrement serve``: the simulated world on its own, until someone stops it."""

from __future__ import annotations

import os
import secrets
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commun import CONFORME, ERREUR_BANC, OptionGraine, OptionNorme, Sortie, fautes
from norms.contrat.ports import PARIS
from norms.paquet import NormPack

if TYPE_CHECKING:
    from harness.serveur.serveur import Serveur

JETON = "PREAGREMENT_JETON"
AUJOURDHUI = "aujourdhui"
#: The AMO told at start, by caisse; the whole list is in GET /etat.
CAISSES_MONTREES = ("349", "999")


def command(  # noqa: PLR0917 -- the options of the command line
    smtp: Annotated[int, typer.Option("--smtp", min=0, max=65535, help="Port SMTP ; 0 en prend un libre.")] = 2525,
    pop3: Annotated[int, typer.Option("--pop3", min=0, max=65535, help="Port POP3.")] = 2110,
    controle: Annotated[int, typer.Option("--controle", min=0, max=65535, help="Port de l'API de contrôle.")] = 2580,
    services: Annotated[int, typer.Option("--services", min=0, max=65535, help="Port des services fournis.")] = 2581,
    preuves: Annotated[Path, typer.Option("--preuves", help="Dossier de preuves ; repris s'il existe.")] = Path(
        "preagrement-preuves"
    ),
    date: Annotated[str, typer.Option("--date", help="Début de l'horloge virtuelle, AAAA-MM-JJTHH:MM.")] = AUJOURDHUI,
    norme: OptionNorme = None,
    starttls: Annotated[bool, typer.Option("--starttls", help="Offre STARTTLS (SMTP) et STLS (POP3).")] = False,
    auth: Annotated[bool, typer.Option("--auth", help="Exige AUTH avant de prendre un message.")] = False,
    population: Annotated[Path | None, typer.Option("--population", help="Dossier des cartes fictives.")] = None,
    ps: Annotated[str | None, typer.Option("--ps", help="Carte présente dans le lecteur PS.")] = None,
    vitale: Annotated[str | None, typer.Option("--vitale", help="Carte présente dans le lecteur Vitale.")] = None,
    mot_de_passe: Annotated[str, typer.Option("--mot-de-passe", help="Mot de passe de la boîte du PS.")] = "",
    jeton: Annotated[str, typer.Option("--jeton", envvar=JETON, help="Jeton de l'API de contrôle.")] = "",
    graine: OptionGraine = 1,
    journal_json: Annotated[bool, typer.Option("--journal-json", help="Journal en JSON, une ligne par fait.")] = False,
) -> None:
    """Fait tourner le monde simulé seul : messagerie, organismes, services, contrôle ; Ctrl-C l'arrête."""
    from harness.serveur.affichage import Affichage  # noqa: PLC0415 -- heavy imports only when serving
    from harness.serveur.serveur import Options, Serveur  # noqa: PLC0415
    from simulator.monde.config import POPULATION  # noqa: PLC0415

    sortie = Sortie(machine=journal_json)
    with fautes(sortie):
        options = Options(
            preuves=preuves,
            date=datetime.now(PARIS).isoformat(timespec="minutes") if date == AUJOURDHUI else date,
            port_smtp=smtp,
            port_pop3=pop3,
            port_controle=controle,
            port_services=services,
            jeton=jeton or secrets.token_hex(16),
            mot_de_passe=mot_de_passe,
            starttls=starttls,
            auth=auth,
            graine=graine,
            pack=NormPack.avec(norme) if norme else NormPack.par_defaut(),
            population=population or POPULATION,
            lecteurs={"ps": ps, "vitale": vitale},
        )
        ecrire = _write_machine if journal_json else lambda texte, style: sortie.line(texte, style or None)
        with Affichage(ecrire, machine=journal_json) as affichage:
            serveur = Serveur(options, affichage)
            try:
                with serveur:
                    _introduce(sortie, serveur, options.jeton)
                    _wait()
            except KeyboardInterrupt:
                sortie.line()
        _conclude(sortie, serveur, preuves)
    raise typer.Exit(ERREUR_BANC if serveur.erreurs else CONFORME)


def _wait() -> None:
    jamais = threading.Event()
    while not jamais.wait(3600):  # a bounded wait lets Ctrl-C through on every system
        pass


def _write_machine(texte: str, _style: str) -> None:
    os.write(1, texte.encode() + b"\n")


def _introduce(sortie: Sortie, serveur: Serveur, jeton: str) -> None:
    """Says how to point an LPS here."""
    env = serveur.monde.environnement()
    chiffre = " ; STARTTLS offert" if serveur.certificat else ""
    exige = " ; AUTH exigé (même compte)" if serveur.config.reseau.auth_exigee else ""
    sortie.line("Monde simulé prêt. Pour y raccorder un LPS :", "bold")
    sortie.line(f"  émission SMTP     {env.smtp.hote}:{env.smtp.port}{chiffre}{exige}")
    sortie.line(f"  réception POP3    {env.pop3.hote}:{env.pop3.port}{chiffre.replace('STARTTLS', 'STLS')}")
    sortie.line(f"  boîte du PS       {env.pop3.adresse}")
    sortie.line(f"  compte            {env.pop3.utilisateur}   mot de passe  {env.pop3.mot_de_passe}")
    sortie.line(f"  services fournis  {env.services_url}/rpc   jeton  {env.services_jeton}")
    sortie.line(f"  contrôle          {serveur.controle.url}   jeton  {jeton}")
    if serveur.certificat:
        sortie.line(f"  certificat TLS    {serveur.certificat} (à déclarer de confiance dans le LPS)")
    sortie.line("  organismes :")
    montres = [o for o in serveur.monde.organismes if o.role != "AMO" or o.caisse in CAISSES_MONTREES]
    for organisme in montres:
        sortie.line(f"    {organisme.numero:<9} {organisme.adresse:<32} {organisme.nom}")
    autres = len(serveur.monde.organismes) - len(montres)
    sortie.line(
        f"    et {autres} autres caisses, de tous les régimes ; toutes sont dans GET {serveur.controle.url}/etat"
    )
    sortie.line(f"  horloge virtuelle {serveur.monde.horloge.now():%d/%m/%Y %H:%M} ; elle n'avance que sur ordre")
    if serveur.repris:
        sortie.line(f"  reprise : {serveur.repris} message(s) acquitté(s) avant l'arrêt, traités maintenant", "yellow")
    sortie.line("  un ordre          (ici : les RSP des lots acceptés ; les autres : docs/serveur.md)")
    sortie.line(f"    curl -H 'Authorization: Bearer {jeton}' {serveur.controle.url}/actions \\")
    sortie.line("""      -d '{"action": "acteurs.liquider"}'""")
    sortie.line("Ctrl-C pour arrêter.")
    sortie.line()


def _conclude(sortie: Sortie, serveur: Serveur, preuves: Path) -> None:
    boites = serveur.monde.boites
    sortie.line("Arrêt.", "bold")
    sortie.line(f"  messages reçus    {boites.recus}")
    sortie.line(f"  retours déposés   {boites.deposes}")
    if serveur.reste:
        sortie.line(
            f"  à traiter         {serveur.reste} ; le prochain démarrage sur ce dossier les reprendra", "yellow"
        )
    if serveur.erreurs:
        sortie.line(f"  erreurs du banc   {serveur.erreurs} ; voir journal.jsonl", "bold red")
    sortie.line(f"  preuves           {preuves}")
