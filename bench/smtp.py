"""Messages per second through our SMTP side, as a ratio to a bare aiosmtpd sink, in the same run.

Both servers run in this process, one after the other and alternately; the clients are separate processes speaking
plain stdlib smtplib, one connection each. Prints one JSON object; aim: ratio >= 0.5 with evidence on disk.

    python bench/smtp.py [--messages 400] [--clients 4] [--tours 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import smtplib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from norms.contrat.ports import HorlogeVirtuelle
from simulator.messagerie.boites import Boites
from simulator.messagerie.serveur import ServeurMessagerie

# 257 lines of base64, as a lot of some forty invoices once enveloped.
MESSAGE = b"Subject: SV140800/123456789/2026010509000000001/00040\r\n\r\n" + (b"A" * 76 + b"\r\n") * 257
MAX_PREUVES_OCTETS = 512 * 1024 * 1024


class Sink:
    """The least a handler can do."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


def send(port: int, nombre: int) -> float:
    """Sends messages on one connection; gives the seconds it took."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("bench.test")
        debut = time.perf_counter()
        for _ in range(nombre):
            client.sendmail("ps1@cabinet.test", ["amo@org.test"], MESSAGE)
        return time.perf_counter() - debut


@contextmanager
def bare_sink() -> Iterator[int]:
    """A stock aiosmtpd server on a loop in a thread; gives its port."""
    boucle = asyncio.new_event_loop()

    async def open_port() -> asyncio.Server:
        return await boucle.create_server(lambda: SMTP(Sink(), hostname="sink.test", loop=boucle), "127.0.0.1", 0)

    serveur = boucle.run_until_complete(open_port())
    fil = threading.Thread(target=boucle.run_forever)
    fil.start()
    try:
        yield serveur.sockets[0].getsockname()[1]
    finally:
        boucle.call_soon_threadsafe(serveur.close)
        boucle.call_soon_threadsafe(boucle.stop)
        fil.join()
        boucle.close()


@contextmanager
def our_server(dossier: Path | None) -> Iterator[int]:
    """Our mail network, evidence included when ``dossier`` is given; gives its SMTP port."""
    horloge = HorlogeVirtuelle(datetime(2026, 1, 5, 9, 0))  # noqa: DTZ001 - Europe/Paris by contract
    with ServeurMessagerie(Boites(horloge, dossier=dossier), horloge) as serveur:
        yield serveur.port_smtp
        if not serveur.attendre_traitement(60) or serveur.erreurs:
            raise SystemExit("le banc n'a pas tout traité")


def rate(bassin: ProcessPoolExecutor, port: int, clients: int, nombre: int) -> float:
    """Messages per second over all clients."""
    durees = list(bassin.map(send, [port] * clients, [nombre] * clients))
    return clients * nombre / max(durees)


def main() -> int:
    analyseur = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    analyseur.add_argument("--messages", type=int, default=400)
    analyseur.add_argument("--clients", type=int, default=4)
    analyseur.add_argument("--tours", type=int, default=3)
    choix = analyseur.parse_args()
    if choix.messages * choix.tours * len(MESSAGE) > MAX_PREUVES_OCTETS:
        raise SystemExit("trop de messages : plus de 512 Mio de preuves ; réduire --messages ou --tours")
    par_client = max(1, choix.messages // choix.clients)
    mesures: dict[str, list[float]] = {"aiosmtpd_nu": [], "messagerie_avec_preuves": [], "messagerie_en_memoire": []}
    with ProcessPoolExecutor(choix.clients, mp_context=get_context("spawn")) as bassin:
        for _ in range(choix.tours):
            with bare_sink() as port:
                mesures["aiosmtpd_nu"].append(rate(bassin, port, choix.clients, par_client))
            with tempfile.TemporaryDirectory() as dossier, our_server(Path(dossier)) as port:
                mesures["messagerie_avec_preuves"].append(rate(bassin, port, choix.clients, par_client))
            with our_server(None) as port:
                mesures["messagerie_en_memoire"].append(rate(bassin, port, choix.clients, par_client))
    medianes = {nom: statistics.median(valeurs) for nom, valeurs in mesures.items()}
    print(
        json.dumps(
            {
                "mesure": "messages SMTP par seconde",
                "octets_par_message": len(MESSAGE),
                "clients": choix.clients,
                "messages_par_tour": par_client * choix.clients,
                "medianes": {nom: round(v, 1) for nom, v in medianes.items()},
                "ratio": round(medianes["messagerie_avec_preuves"] / medianes["aiosmtpd_nu"], 3),
                "ratio_en_memoire": round(medianes["messagerie_en_memoire"] / medianes["aiosmtpd_nu"], 3),
                "objectif": 0.5,
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
