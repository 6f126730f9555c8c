"""What the log keeps of a content: types and numbers of its records, equal ones in a row counted once."""

from __future__ import annotations

import base64

from norms.b2 import CodecB2
from norms.contrat.services import ChiffrerFacture
from simulator.ssv.journal import CODE_MASQUE, MAX_LIGNES, Journalier
from tests.ssv.outils import PACK, Poste, bon

CODEC_B2 = CodecB2(PACK)


def lines(octets: bytes) -> list[dict[str, object]]:
    journalier = Journalier(CODEC_B2)
    decrit = journalier.describe(ChiffrerFacture(facture=base64.b64encode(octets).decode()))
    lu: list[dict[str, object]] = decrit["facture"]["enregistrements"]
    return lu


def test_segments_in_a_row_are_counted_whatever_their_column_36() -> None:
    segments = [
        CODEC_B2.encoder(
            "8",
            {"nature": "V", "reference": "000000007", "rang_segment": i, "nombre_segments": 3, "algorithme": "01",
             "segment": f"AAAAA{c}"},
        )
        for i, c in ((1, "a"), (2, "b"), (3, "c"))
    ]  # fmt: skip
    assert len({s[35:36] for s in segments}) == 3
    facture = CODEC_B2.encoder("2", {"numero_facture": 7})
    assert lines(b"".join([facture, *segments, facture])) == [
        {"type": "2", "numero": "000000007"},
        {"type": "8", "numero": "000000007", "nombre": 3},
        {"type": "2", "numero": "000000007"},
    ]


def test_records_that_cannot_be_read_are_shown_with_what_is_wrong() -> None:
    facture = CODEC_B2.encoder("2", {"numero_facture": 7})
    inconnu, _, court = lines(facture + b"7" * 128 + facture + facture[:50])[1:]
    assert (inconnu["type"], court["type"]) == ("?", "?")
    assert "attendu un type d'enregistrement" in str(inconnu["anomalie"])
    assert "constaté 50 octets" in str(court["anomalie"])


def test_a_long_content_is_cut() -> None:
    factures = b"".join(CODEC_B2.encoder("2", {"numero_facture": n}) for n in range(MAX_LIGNES + 5))
    assert len(lines(factures)) == MAX_LIGNES


def test_the_code_porteur_never_reaches_the_log() -> None:
    poste = Poste().inserer().init()
    bon(poste.lire_ps())
    (_, appel) = poste.evenements[-1]
    assert appel["parametres"]["code_porteur"] == CODE_MASQUE
    assert "1234" not in str(appel["parametres"])
