"""Checks an adapter's plumbing: does it speak the protocol, whatever the LPS does. Says nothing of conformance."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.adaptateur.client import ClientLps, open_transport, read_response
from harness.adaptateur.configuration import ConfigLps
from harness.adaptateur.pannes import ErreurAdaptateur, OperationAbsente, PanneLps
from harness.adaptateur.stdio import TransportStdio
from harness.adaptateur.transport import Transport
from harness.francais import shorten
from harness.modele.scenario import Monde as MondeScenario
from harness.monde import DemandeMonde, FabriqueMonde, Monde, open_simulated
from norms.contrat.adaptateur import OPERATIONS
from norms.contrat.base import METHODE_INCONNUE, PARAMETRES_INVALIDES
from norms.paquet import NormPack

_INCONNUE = "preagrement.inconnue"
_DELAI = 20.0
_DELAI_FIN = 5.0
#: Without these nothing can be played.
_INDISPENSABLES = ("bonjour", "poste.demarrer")
_RECOMMANDEES = ("poste.horloge", "au_revoir")


@dataclass(frozen=True, slots=True)
class Controle:
    """One check: what was tried, whether it went well, what to do otherwise. ``conseil``: not a fault."""

    nom: str
    reussi: bool
    detail: str = ""
    conseil: bool = False


def check_adapter(config: ConfigLps, monde: FabriqueMonde = open_simulated) -> Iterator[Controle]:
    """Yields the checks as they are done; stops when the adapter can't go on."""
    try:
        transport = open_transport(config)
    except PanneLps as exc:
        yield Controle("lancement", False, str(exc))
        return
    try:
        yield Controle("lancement", True)
        yield from _conversation(transport, config, monde)
    finally:
        transport.fermer()


def _conversation(transport: Transport, config: ConfigLps, fabrique: FabriqueMonde) -> Iterator[Controle]:
    client = ClientLps(transport, delai=config.delai_s)
    try:
        presentation = client.saluer()
    except PanneLps as exc:
        yield Controle("bonjour", False, f"{exc}{_tail(transport)}")
        return
    yield Controle(
        "bonjour", True, f"{presentation.produit} {presentation.version}, protocole {presentation.protocole}"
    )
    inconnues = [o for o in presentation.operations if o not in OPERATIONS]
    proposees = len(presentation.operations) - len(inconnues)
    yield Controle(
        "opérations",
        not inconnues,
        f"inconnues du protocole : {', '.join(inconnues)}"
        if inconnues
        else f"{proposees} déclarées sur {len(OPERATIONS)}",
    )
    for operation in _INDISPENSABLES[1:]:
        if not client.offers(operation):
            yield Controle(operation, False, "non déclarée : aucun scénario ne peut être joué")
            return
    for operation in _RECOMMANDEES:
        if not client.offers(operation):
            yield Controle(operation, False, "non déclarée : à offrir", conseil=True)
    yield _refuses(transport, "méthode inconnue", _INCONNUE, {})
    yield _refuses(transport, "paramètres invalides", "poste.demarrer", {"graine": "éèà"})
    with tempfile.TemporaryDirectory(prefix="preagrement-", ignore_cleanup_errors=True) as temporaire:
        racine = Path(temporaire)
        (racine / "lps").mkdir()
        (racine / "preuves").mkdir()
        with fabrique(DemandeMonde(MondeScenario(), racine / "preuves", 1, NormPack.par_defaut())) as monde:
            yield from _workstation(client, monde, racine / "lps")
    if client.offers("au_revoir"):
        yield from _goodbye(client, transport)


def _refuses(transport: Transport, nom: str, methode: str, params: dict[str, Any]) -> Controle:
    """Whether a wrong request gets a JSON-RPC error, with its id, rather than a crash or a result."""
    attendu = METHODE_INCONNUE if methode == _INCONNUE else PARAMETRES_INVALIDES
    requete = json.dumps({"jsonrpc": "2.0", "id": 9001, "method": methode, "params": params}, ensure_ascii=False)
    try:
        resultat = read_response(methode, transport.echanger(requete.encode(), _DELAI, methode), 9001)
    except OperationAbsente:
        return Controle(nom, methode == _INCONNUE, "" if methode == _INCONNUE else "l'opération déclarée est inconnue")
    except ErreurAdaptateur as exc:
        if exc.code == attendu:
            return Controle(nom, True)
        return Controle(nom, False, f"erreur {exc.code} au lieu de {attendu}", conseil=True)
    except PanneLps as exc:
        return Controle(nom, False, f"{exc}{_tail(transport)}")
    return Controle(nom, False, f"l'erreur JSON-RPC {attendu} est attendue ; résultat : {shorten(resultat)}")


def _workstation(client: ClientLps, monde: Monde, dossier: Path) -> Iterator[Controle]:
    params = {
        "maintenant": monde.horloge.now().isoformat(),
        "graine": 1,
        "dossier": str(dossier),
        "environnement": monde.environnement().model_dump(mode="json"),
        "parametrage": {},
    }
    appels: list[tuple[str, dict[str, Any]]] = [("poste.demarrer", params)]
    appels += [("poste.horloge", {"maintenant": params["maintenant"]})] if client.offers("poste.horloge") else []
    for operation, avec in appels:
        try:
            client.appeler(operation, avec)
        except PanneLps as exc:
            yield Controle(operation, False, str(exc))
            return
        yield Controle(operation, True)


def _goodbye(client: ClientLps, transport: Transport) -> Iterator[Controle]:
    try:
        client.appeler("au_revoir", {})
    except PanneLps as exc:
        yield Controle("au_revoir", False, f"{exc}{_tail(transport)}")
        return
    yield Controle("au_revoir", True)
    if isinstance(transport, TransportStdio):
        code = transport.attendre_fin(_DELAI_FIN)
        detail = (
            f"ne s'arrête pas dans les {_DELAI_FIN:g} s" if code is None else f"code de sortie {code}" if code else ""
        )
        yield Controle("arrêt", code == 0, detail)


def _tail(transport: Transport) -> str:
    fin = transport.erreurs().decode("utf-8", "replace").strip().splitlines()[-3:]
    return "\n" + "\n".join(f"    {ligne}" for ligne in fin) if fin else ""
