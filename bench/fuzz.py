"""Fuzzing of both ends of the mail network: what insurers receive, what the reference collects.

Run from the root: ``python -m bench.fuzz [--entrees 100000] [--graine 1] [--quoi tout|reception|releve]``; prints one
JSON object, exit code 1 when anything failed. Each input is a correct one damaged by ``bench.mutations``: the message,
its envelope, its attachment sealed anew around a damaged file, a return rebuilt around a damaged NOEMIE or ARL file.

Reception: the world takes each message as the SMTP server hands it over, and must answer, or be right not to (a
degraded lot); no exception, a bounded time. Collection: the reference fetches each message by POP3, must keep it, say
something of it, and empty the mailbox. Memory of the process is looked at all along.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench import mutations as m
from bench.semences import Envoi, Retour, poste_of, received, returns, workstation
from norms.cms import build_enveloped, compress
from norms.contrat.ports import AleaReproductible
from simulator.acteurs.historique import Registre
from simulator.evenements import Journal, Nature
from simulator.messagerie.evenements import DestinataireDsn, MessageRecu, ParametresDsn
from simulator.messagerie.retours import Composteur, build_return
from tests.acteurs.outils import Emetteur, emetteur
from tests.reference.conftest import Cabinet

#: No input may take longer; the largest damaged message is 400 kB.
BORNE_S = 5.0
LOT_RELEVE = 25
MESSAGE = (m.octets, m.couper, m.entetes, m.lignes)
FICHIER = (m.octets, m.couper, m.enregistrements, m.champ, m.chiffres, m.chiffres)


@dataclass
class Bilan:
    """What was seen. ``echecs``: input number and what went wrong (the first ones)."""

    entrees: int = 0
    issues: Counter[str] = field(default_factory=Counter)
    echecs: list[str] = field(default_factory=list)
    plus_long_s: float = 0.0
    depart_kib: int = 0
    max_kib: int = 0
    duree_s: float = 0.0

    def fail(self, rang: int, raison: str) -> None:
        self.issues["ECHEC"] += 1
        if len(self.echecs) < 20:
            self.echecs.append(f"entrée {rang} : {raison[:500]}")

    def took(self, rang: int, duree: float) -> None:
        self.plus_long_s = max(self.plus_long_s, duree)
        if duree > BORNE_S:
            self.fail(rang, f"{duree:.1f} s")

    def weigh(self) -> None:
        self.max_kib = max(self.max_kib, memory_kib())

    def donnees(self) -> dict[str, Any]:
        return {
            "entrees": self.entrees,
            "echecs": self.echecs,
            "issues": dict(self.issues.most_common()),
            "plus_long_s": round(self.plus_long_s, 3),
            "memoire_kib": {"depart": self.depart_kib, "max": self.max_kib},
            "duree_s": round(self.duree_s, 1),
        }


def memory_kib() -> int:
    """Resident memory of this process, in KiB (0 where /proc isn't)."""
    with contextlib.suppress(OSError):
        statut = Path("/proc/self/status").read_text(encoding="ascii")
        return int(next(x for x in statut.splitlines() if x.startswith("VmRSS")).split()[1])
    return 0


class JournalCourt(Journal):
    """Keeps only what happened since it was last emptied."""

    def drain(self) -> list[tuple[Nature, Mapping[str, Any]]]:
        with self._verrou:
            faits = [(e.nature, e.donnees) for e in self._evenements]
            self._evenements.clear()
        return faits


# --- reception ------------------------------------------------------------------------------------------------
def fuzz_reception(combien: int, graine: int, premier: int = 1) -> Bilan:
    """Damaged messages through the world; ``premier``: where to start, to replay one input."""
    bilan = Bilan()
    debut = time.perf_counter()
    with emetteur(journal=JournalCourt) as e:
        semences = received(e)
        for rang in range(premier, premier + combien):
            _receive(e, semences, rang, graine, bilan)
            if rang == premier + min(500, combien // 2):
                bilan.depart_kib = memory_kib()
            if rang % 50 == 0:
                bilan.weigh()
        bilan.weigh()
    bilan.duree_s = time.perf_counter() - debut
    return bilan


def _receive(e: Emetteur, semences: Sequence[Envoi], rang: int, graine: int, bilan: Bilan) -> None:
    hasard = Random(f"{graine}/reception/{rang}")
    monde, envoi = e.monde, hasard.choice(semences)
    brut = _damage(e, envoi, rang, hasard)
    for acteur in monde.bureau.acteurs.values():  # each input meets insurers without a past
        acteur.registre = Registre()
    force = envoi.numero in monde.bureau.acteurs and hasard.random() < 0.3
    if force:  # whatever the lot, it is accepted and settled: returns are built from damaged values
        reglage = {"arl": "positif", "rsp_reference": hasard.choice(("580", "576", "900"))}
        monde.bureau.regler(envoi.numero, reglage)
    monde.journal.drain()  # type: ignore[attr-defined]  # a JournalCourt
    recu = MessageRecu(
        numero=rang,
        instant=monde.horloge.now().isoformat(),
        session=rang,
        expediteur=monde.adresse_ps,
        destinataires=(envoi.adresse,),
        brut=brut,
        dsn=ParametresDsn(destinataires=(DestinataireDsn(envoi.adresse, ("FAILURE",)),)),
    )
    avant = time.perf_counter()
    monde.messagerie.submit(recu)
    fini = monde.messagerie.attendre_traitement(60)
    if force:
        with monde.verrou:
            try:
                monde.bureau.liquider(envoi.numero)
            except Exception as exc:  # what fuzzing is for
                bilan.fail(rang, f"{envoi.nom}, règlement : {type(exc).__name__} : {exc}")
            monde.bureau.regler(envoi.numero, {"arl": "honnete", "rsp_reference": "580"})
    bilan.took(rang, time.perf_counter() - avant)
    bilan.entrees += 1
    if not fini:
        bilan.fail(rang, f"{envoi.nom} : encore en traitement après 60 s")
    _judge(envoi, rang, monde.journal.drain(), bilan)  # type: ignore[attr-defined]  # a JournalCourt
    boite = monde.adresse_ps
    monde.boites.delete(boite, {x.uid for x in monde.boites.messages(boite)})


def _damage(e: Emetteur, envoi: Envoi, rang: int, hasard: Random) -> bytes:
    """One of the layers damaged, those above made anew around it; a time stamp of its own."""
    couche = hasard.choice(("message", "scelle", "compresse", "fichier", "fichier"))
    if couche == "message":
        return m.choisir(envoi.message(rang), hasard, MESSAGE)
    if couche == "scelle" or not envoi.scelle:
        return m.piece(envoi.message(rang), lambda b: m.choisir(b, hasard, (m.octets, m.couper)))
    fichier = envoi.fichier
    if couche == "fichier":
        fichier = m.choisir(fichier, hasard, FICHIER)
    compresse = compress(fichier)
    if couche == "compresse":
        compresse = m.choisir(compresse, hasard, (m.octets, m.couper))
    scelle = build_enveloped(compresse, [e.certificat(envoi.numero)], AleaReproductible(rang))
    return m.piece(envoi.message(rang), lambda _: scelle)


def _judge(envoi: Envoi, rang: int, faits: Sequence[tuple[Nature, Mapping[str, Any]]], bilan: Bilan) -> None:
    for nature, donnees in faits:
        if nature == "erreur_banc":
            bilan.fail(rang, f"{envoi.nom} : {donnees}")
    retours = [f"{d['nature']} {d['code'] or ('+' if d['positif'] else '-')}" for n, d in faits if n == "retour_depose"]
    flux = [d for n, d in faits if n == "flux"]
    if retours:
        bilan.issues[retours[0].split()[0]] += 1
    elif envoi.muet(flux):
        bilan.issues["silence dû"] += 1
    else:
        bilan.fail(rang, f"{envoi.nom} : sans réponse")


# --- collection -----------------------------------------------------------------------------------------------
def fuzz_collection(combien: int, graine: int, dossier: Path, premier: int = 1) -> Bilan:
    """Damaged returns through the reference's collection, by POP3."""
    bilan = Bilan()
    debut = time.perf_counter()
    with workstation(dossier, JournalCourt) as cabinet:
        monde = cabinet.monde
        semences = returns(cabinet)
        composteur = Composteur(monde.horloge, "349.01.rss.test")
        for rang in range(premier, premier + combien, LOT_RELEVE):
            lot = range(rang, min(rang + LOT_RELEVE, premier + combien))
            for r in lot:
                brut = _damaged_return(semences, composteur, Random(f"{graine}/releve/{r}"))
                monde.boites.deposit(monde.adresse_ps, brut)
            _collect(cabinet, lot, bilan)
            if rang <= premier + min(500, combien // 2):
                bilan.depart_kib = memory_kib()
            bilan.weigh()
            monde.journal.drain()  # type: ignore[attr-defined]  # a JournalCourt
    bilan.duree_s = time.perf_counter() - debut
    return bilan


def _damaged_return(semences: Sequence[Retour], composteur: Composteur, hasard: Random) -> bytes:
    s = hasard.choice(semences)
    if s.nature not in ("arl", "rsp") or hasard.random() < 0.3:
        if s.nature in ("arl", "rsp") or not s.contenu or hasard.random() < 0.5:
            return m.choisir(s.brut, hasard, MESSAGE)
        return m.piece(s.brut, lambda b: m.choisir(b, hasard, (m.octets, m.couper, m.champ)))
    parmi = (m.octets, m.couper, m.champ, m.chiffres, m.chiffres, m.entites if s.nature == "rsp" else m.enregistrements)
    contenu = m.choisir(s.contenu, hasard, parmi)
    return build_return(
        s.nature,
        expediteur="01349@349.01.rss.test",
        destinataire="ps@cabinet.test",
        contenu=contenu,
        composteur=composteur,
        champs={"exercice": "991111113", "nb_retours": "00001"},
    )


def _collect(cabinet: Cabinet, lot: range, bilan: Bilan) -> None:
    monde, poste = cabinet.monde, poste_of(cabinet)
    avant = time.perf_counter()
    try:
        poste.reception.collecter()
        retours = poste.reception.presenter()
        poste.ecran.vider()
    except Exception as exc:  # what fuzzing is for
        bilan.fail(lot[0], f"relève des entrées {lot[0]} à {lot[-1]} : {type(exc).__name__} : {exc}")
        monde.boites.delete(monde.adresse_ps, {x.uid for x in monde.boites.messages(monde.adresse_ps)})
        return
    finally:
        bilan.entrees += len(lot)
    bilan.took(lot[0], (time.perf_counter() - avant) / len(lot))
    for r in retours:
        bilan.issues[r.nature] += 1
    restes = monde.boites.messages(monde.adresse_ps)
    trop_gros = {x.uid for x in restes if x.brut and max(map(len, x.brut.split(b"\r\n"))) > 2000}
    for x in restes:
        if x.uid in trop_gros:
            bilan.issues["laissé dans la boîte, dit"] += 1
        else:
            bilan.fail(lot[0], f"message {x.uid} resté dans la boîte")
    monde.boites.delete(monde.adresse_ps, {x.uid for x in restes})
    if len(retours) < len(lot) - len(restes):
        bilan.fail(lot[0], f"{len(lot)} messages, {len(retours)} retours présentés : l'un a été tu")


def _in_folder(combien: int, graine: int) -> Bilan:
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as dossier:
        return fuzz_collection(combien, graine, Path(dossier))


MESURES: dict[str, Callable[[int, int], Bilan]] = {
    "reception": fuzz_reception,
    "releve": _in_folder,
}


def main() -> int:
    analyseur = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    analyseur.add_argument("--entrees", type=int, default=100_000, help="en tout, par moitiés si tout est éprouvé")
    analyseur.add_argument("--graine", type=int, default=1)
    analyseur.add_argument("--quoi", choices=["tout", *MESURES], default="tout")
    choix = analyseur.parse_args()
    noms = list(MESURES) if choix.quoi == "tout" else [choix.quoi]
    bilans = {nom: MESURES[nom](choix.entrees // len(noms), choix.graine) for nom in noms}
    print(
        json.dumps(
            {"graine": choix.graine, **{n: b.donnees() for n, b in bilans.items()}}, ensure_ascii=False, indent=1
        )
    )
    return 1 if any(b.echecs for b in bilans.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
