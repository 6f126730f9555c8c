"""What the tests of faults look at: the mailbox as an LPS reads it, the journal as the bench keeps it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from norms.arl import CodecArl
from norms.paquet import NormPack
from tests.acteurs.outils import ADRESSES, AMO, Emetteur, Lot, emetteur

CODEC = CodecArl(NormPack.par_defaut())


@contextmanager
def monde(*pannes: dict[str, Any], **config: Any) -> Iterator[Emetteur]:
    """An emitter in a world with these faults."""
    with emetteur(pannes=pannes, **config) as e:
        yield e


def lots(e: Emetteur, *references: str) -> list[Lot]:
    """One lot of one invoice for each reference."""
    return [e.lot([e.facture(f"{n:09d}")], r) for n, r in enumerate(references, 1)]


def relever(e: Emetteur) -> list[EmailMessage]:
    """The mailbox over POP3, parsed by the standard library."""
    return [message_from_bytes(brut, policy=policy.default) for brut in e.releve()]  # type: ignore[misc]  # policy


def arls(e: Emetteur) -> list[tuple[str, bool]]:
    """Reference and sense of each ARL that the PS can read, in mailbox order."""
    trouves = []
    for m in relever(e):
        if m["Content-Description"] == "ARL/SV":
            lus = CODEC.lire(m.get_payload(decode=True)).arls
            trouves += [(arl.reference_lot, arl.positif) for arl in lus]
    return trouves


def frappes(e: Emetteur) -> list[tuple[str, str]]:
    """Faults that struck, with what they struck."""
    return [(x.donnees["panne"], x.donnees["detail"]) for x in e.monde.journal.of("reseau") if "panne" in x.donnees]


def natures(e: Emetteur) -> list[str]:
    return [r["nature"] for r in e.retours]


def poster(
    e: Emetteur, brut: bytes, numero: str = AMO, *, mail: tuple[str, ...] = (), rcpt: tuple[str, ...] = ()
) -> None:
    """Sends with chosen parameters of MAIL and RCPT."""
    boite = e.monde.environnement().smtp
    with smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp:
        smtp.sendmail(boite.adresse, [ADRESSES[numero]], brut, mail_options=mail, rcpt_options=rcpt)
    e.monde.attendre_traitement(20)
