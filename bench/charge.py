"""Load on one ``preagrement serve``: none lost, none doubled, every one answered, memory over time.

Run from the root: ``python -m bench.charge [--messages 10000] [--clients 20] [--octets 20000] [--morts 0]``; prints one
JSON object. ``--morts N``: the server dies N times of ``kill -9`` in mid-load, and starts again on the same evidence.

Messages are correct: a signed lot of some fifteen encrypted invoices, sealed, each with its own time stamp.
References of lots are three digits: beyond CORPS_MAX the same lots come again and are answered as already received (the
work is the same). What is counted: 250 after DATA (clients), messages and answers in the journal and in the mailbox,
resident memory of the server (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acteurs.outils import ADRESSES, Emetteur, emetteur

DATE = "2026-03-02T09:00"
COMPOSTAGE = "20260302090000"
JETON = "jeton-de-charge"
#: Sealed bodies prepared beforehand; each goes several times under different time stamps.
CORPS_MAX = 450
_MARQUE = b"@@COMPOSTAGE@@"


# --- the server -----------------------------------------------------------------------------------------------
@dataclass
class Banc:
    """A ``preagrement serve`` in a child process. ``preuves`` may be that of one that died."""

    preuves: Path
    options: Sequence[str] = ()
    smtp: int = 0
    pop3: int = 0
    url: str = ""
    compte: tuple[str, str] = ("", "")
    services: tuple[str, str] = ("", "")
    processus: subprocess.Popen[bytes] = field(init=False)

    def __enter__(self) -> Banc:
        self.preuves.mkdir(parents=True, exist_ok=True)
        journal = self.preuves.parent / f"{self.preuves.name}.log"
        depart = journal.stat().st_size if journal.exists() else 0
        ports = ["--smtp", "0", "--pop3", "0", "--controle", "0", "--services", "0"]
        with journal.open("ab") as sortie:
            self.processus = subprocess.Popen(
                [sys.executable, "-m", "harness.cli", "serve", *ports, "--preuves", str(self.preuves), "--date", DATE,
                 "--jeton", JETON, *self.options],
                stdout=sortie, stderr=sortie,
            )  # fmt: skip
        limite = time.monotonic() + 60
        while True:
            texte = journal.read_bytes()[depart:].decode("utf-8", "replace")
            if "Ctrl-C pour arrêter" in texte:
                break
            if self.processus.poll() is not None or time.monotonic() > limite:
                raise RuntimeError(f"le serveur n'a pas démarré : {texte}")
            time.sleep(0.05)
        self.smtp = int(_find(r"SMTP +\S+:(\d+)", texte)[0])
        self.pop3 = int(_find(r"POP3 +\S+:(\d+)", texte)[0])
        self.url = _find(r"contrôle +(\S+)", texte)[0]
        self.compte = _find(r"compte +(\S+) +mot de passe +(\S+)", texte)  # type: ignore[assignment]  # two groups
        self.services = _find(r"services fournis +(\S+) +jeton +(\S+)", texte)  # type: ignore[assignment]  # two groups
        self.journal = journal
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, signal_: int = signal.SIGTERM) -> int:
        """Ends the server; gives its exit code."""
        if self.processus.poll() is None:
            self.processus.send_signal(signal_)
        return self.processus.wait(60)

    def kill(self) -> None:
        """kill -9."""
        self.processus.kill()
        self.processus.wait(30)

    def api(self, chemin: str, ordre: dict[str, Any] | None = None, jeton: str = JETON) -> dict[str, Any]:
        """One call of the control API."""
        corps = json.dumps(ordre).encode() if ordre is not None else None
        requete = urllib.request.Request(f"{self.url}{chemin}", corps, {"Authorization": f"Bearer {jeton}"})  # noqa: S310 - loopback
        with urllib.request.urlopen(requete, timeout=60) as reponse:  # noqa: S310 - loopback
            lu: dict[str, Any] = json.load(reponse)
        return lu

    def settle(self, delai_s: float = 600) -> dict[str, Any]:
        """Waits until every accepted message is processed; gives the state."""
        limite = time.monotonic() + delai_s
        while (etat := self.api("/etat"))["messages"]["a_traiter"]:
            if time.monotonic() > limite:
                raise RuntimeError(f"encore {etat['messages']['a_traiter']} messages à traiter")
            time.sleep(0.1)
        return etat

    @property
    def memoire_kib(self) -> int:
        """Resident memory, in KiB."""
        statut = Path(f"/proc/{self.processus.pid}/status").read_text(encoding="ascii")
        return int(_find(r"VmRSS:\s+(\d+)", statut)[0])


def _find(motif: str, texte: str) -> tuple[str, ...]:
    trouve = re.search(motif, texte)
    if trouve is None:
        raise RuntimeError(f"« {motif} » absent de : {texte}")
    return trouve.groups()


# --- what is sent ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Corps:
    """A sealed file and its headers, time stamp to be filled in; ``numero`` of the organisation."""

    numero: str
    brut: bytes

    def stamped(self, rang: int) -> bytes:
        return self.brut.replace(_MARQUE, f"{COMPOSTAGE}{rang:05d}".encode())


def prepare(combien: int, octets: int) -> list[Corps]:
    """Bodies of about so many bytes, each with a lot of its own."""
    with emetteur(date=DATE) as e:
        factures: list[str] = []
        while not factures or len(_body(e, factures, "900", "01349").brut) < octets:
            factures.append(e.facture(f"{len(factures) + 1:09d}"))
        return [_body(e, factures, f"{n + 1:03d}", "01349") for n in range(min(combien, CORPS_MAX))]


def _body(e: Emetteur, factures: list[str], reference: str, numero: str) -> Corps:
    fichier = e.fichier([e.lot(factures, reference)])
    brut = e.message(e.sceller(fichier, numero), len(factures), numero)
    sujet = re.search(rb"Subject: (\S+)", brut)
    assert sujet is not None
    champs = sujet[1].split(b"/")
    champs[2] = _MARQUE
    return Corps(numero, brut.replace(sujet[1], b"/".join(champs)))


@dataclass
class Bilan:
    """What the clients know: time stamps answered 250, and those refused or broken off."""

    acquittes: list[int] = field(default_factory=list)
    rompus: list[int] = field(default_factory=list)
    _verrou: threading.Lock = field(default_factory=threading.Lock)

    def note(self, rang: int, *, acquitte: bool) -> None:
        with self._verrou:
            (self.acquittes if acquitte else self.rompus).append(rang)


def client(port: int, rangs: Sequence[int], corps: Sequence[Corps], bilan: Bilan) -> None:
    """One client: a connection for every 25 messages. A break ends it: what it had not sent stays unsent."""
    for debut in range(0, len(rangs), 25):
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=120) as smtp:
                for rang in rangs[debut : debut + 25]:
                    c = corps[rang % len(corps)]
                    try:
                        smtp.sendmail(
                            "ps@cabinet.test", [ADRESSES[c.numero]], c.stamped(rang), rcpt_options=["NOTIFY=FAILURE"]
                        )
                    except (smtplib.SMTPException, OSError):
                        bilan.note(rang, acquitte=False)
                        raise
                    bilan.note(rang, acquitte=True)
        except (smtplib.SMTPException, OSError):
            return


def send_all(port: int, corps: Sequence[Corps], messages: int, clients: int, depuis: int = 1) -> Bilan:
    """``clients`` at once, ``messages`` in all."""
    bilan = Bilan()
    parts = [range(depuis + i, depuis + messages, clients) for i in range(clients)]
    with ThreadPoolExecutor(clients) as bassin:
        list(bassin.map(lambda part: client(port, part, corps, bilan), parts))
    return bilan


# --- what was seen --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Vu:
    """From the journal on disk: how many times each time stamp was received and read, answers by nature."""

    recus: int
    lus: Counter[int]
    retours: Counter[str]
    erreurs: list[Any]


def look(preuves: Path) -> Vu:
    """Reads the journal of an evidence folder."""
    lus: Counter[int] = Counter()
    retours: Counter[str] = Counter()
    recus, erreurs = 0, []
    with (preuves / "journal.jsonl").open("rb") as entree:
        for ligne in entree:
            if not ligne.endswith(b"\n"):
                break
            e = json.loads(ligne)
            match e["nature"]:
                case "message_recu":
                    recus += 1
                case "flux" if "messages" in e["donnees"]:
                    lus[int(e["donnees"]["messages"][0]["sujet"]["compostage"][14:])] += 1
                case "retour_depose":
                    retours[e["donnees"]["nature"]] += 1
                case "erreur_banc":
                    erreurs.append(e["donnees"])
    return Vu(recus, lus, retours, erreurs)


def received_stamps(preuves: Path) -> Counter[int]:
    """Time stamps of the messages kept as evidence."""
    sujets = (re.search(rb"Subject: \S+/\d{14}(\d{5})/", p.read_bytes()[:2000]) for p in _received(preuves))
    return Counter(int(s[1]) for s in sujets if s)


def _received(preuves: Path) -> Iterator[Path]:
    return (preuves / "messagerie" / "recus").glob("*.eml")


def deposited(preuves: Path) -> int:
    """How many returns are kept as evidence."""
    return sum(1 for _ in (preuves / "messagerie" / "deposes").glob("*/*.eml"))


class Memoire(threading.Thread):
    """Samples the server's memory every half second."""

    def __init__(self, banc: Banc) -> None:
        super().__init__(daemon=True)
        self._banc, self._fini = banc, threading.Event()
        self.points: list[tuple[float, int]] = []

    def run(self) -> None:
        debut = time.monotonic()
        while not self._fini.wait(0.5):
            self.points.append((time.monotonic() - debut, self._banc.memoire_kib))

    def stop(self) -> None:
        self._fini.set()
        self.join()


def measure(messages: int, clients: int, octets: int, preuves: Path) -> dict[str, Any]:
    """One run."""
    corps = prepare(messages, octets)
    with Banc(preuves) as banc:
        # the caches of a few messages are not growth
        send_all(banc.smtp, corps, 40, clients, depuis=90_000)
        banc.settle()
        memoire = Memoire(banc)
        depart = banc.memoire_kib
        memoire.start()
        debut = time.perf_counter()
        bilan = send_all(banc.smtp, corps, messages, clients)
        envoi = time.perf_counter() - debut
        etat = banc.settle(3600)
        total = time.perf_counter() - debut
        memoire.stop()
        code = banc.stop()
    vu = look(preuves)
    series = [kib for _, kib in memoire.points]
    pas = max(1, len(memoire.points) // 12)
    return {
        "mesure": "charge SMTP sur preagrement serve",
        "messages": messages,
        "clients": clients,
        "octets_par_message": round(sum(len(c.brut) for c in corps) / len(corps)),
        "processeurs": os.cpu_count(),
        "acquittes": len(bilan.acquittes),
        "rompus": len(bilan.rompus),
        "perdus": len(set(bilan.acquittes) - set(vu.lus)),
        "doubles": sum(1 for rang, n in vu.lus.items() if n > 1),
        "retours": dict(vu.retours),
        "retours_en_boite": etat["messages"]["en_boite"],
        "sans_reponse": messages + 40 - sum(vu.retours.values()),
        "erreurs_banc": len(vu.erreurs),
        "code_sortie": code,
        "acceptes_par_s": round(len(bilan.acquittes) / envoi, 1),
        "repondus_par_s": round(messages / total, 1),
        "duree_s": round(total, 1),
        "memoire_kib": {
            "depart": depart,
            "max": max(series),
            "fin": series[-1],
            "croissance": series[-1] - depart,
            "dans_le_temps": [[round(t), kib] for t, kib in memoire.points[::pas]],
        },
    }


def die(corps: Sequence[Corps], rangs: range, clients: int, preuves: Path, assez: int) -> Bilan:
    """Load until ``assez`` acknowledgements, then kill -9 while the clients are still sending."""
    bilan = Bilan()
    with Banc(preuves) as banc:
        parts = [rangs[i::clients] for i in range(clients)]
        fils = [threading.Thread(target=client, args=(banc.smtp, part, corps, bilan)) for part in parts]
        for fil in fils:
            fil.start()
        limite = time.monotonic() + 600
        while len(bilan.acquittes) < assez and time.monotonic() < limite:
            time.sleep(0.002)
        banc.kill()
        for fil in fils:
            fil.join(120)
    return bilan


def measure_deaths(messages: int, clients: int, octets: int, preuves: Path, morts: int) -> dict[str, Any]:
    """``morts`` sudden deaths spread over the load, then a server that ends what is left."""
    corps = prepare(messages, octets)
    part = messages // (morts + 1)
    bilans = [die(corps, range(1 + i * part, 1 + (i + 1) * part), clients, preuves, part // 2) for i in range(morts)]
    debut = time.perf_counter()
    with Banc(preuves) as banc:
        bilans.append(send_all(banc.smtp, corps, part, clients, depuis=1 + morts * part))
        etat = banc.settle(3600)
        code = banc.stop()
    vu, gardes = look(preuves), received_stamps(preuves)
    acquittes = {rang for bilan in bilans for rang in bilan.acquittes}
    return {
        "mesure": "charge SMTP sur preagrement serve, avec arrêts brutaux",
        "morts": morts,
        "clients": clients,
        "acquittes": len(acquittes),
        "gardes": len(gardes),
        "perdus": len(acquittes - set(gardes)) + len(set(gardes) - set(vu.lus)),
        "doubles": sum(n - 1 for n in gardes.values()),
        "relus_apres_une_mort": sum(n - 1 for n in vu.lus.values()),
        "retours": deposited(preuves),
        "retours_en_boite": etat["messages"]["en_boite"],
        "sans_reponse": len(gardes) - deposited(preuves),
        "erreurs_banc": len(vu.erreurs),
        "code_sortie": code,
        "duree_s": round(time.perf_counter() - debut, 1),
    }


def main() -> int:
    analyseur = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    analyseur.add_argument("--messages", type=int, default=10_000)
    analyseur.add_argument("--clients", type=int, default=20)
    analyseur.add_argument("--octets", type=int, default=20_000)
    analyseur.add_argument("--morts", type=int, default=0)
    choix = analyseur.parse_args()
    if not 1 <= choix.messages <= 80_000:
        raise SystemExit("de 1 à 80 000 messages : les compostages ont cinq chiffres")
    with tempfile.TemporaryDirectory(prefix="charge-") as dossier:
        commun = (choix.messages, choix.clients, choix.octets, Path(dossier) / "preuves")
        resultat = measure_deaths(*commun, choix.morts) if choix.morts else measure(*commun)
    print(json.dumps(resultat, ensure_ascii=False, indent=1))
    bon = not (resultat["perdus"] or resultat["doubles"] or resultat["sans_reponse"] or resultat["erreurs_banc"])
    return 0 if bon else 1


if __name__ == "__main__":
    sys.exit(main())
