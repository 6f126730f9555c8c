"""National identifiers and their keys: NIR (Corsica included), RPPS, ADELI, FINESS, SIREN."""

from __future__ import annotations

import re

from stdnum import luhn
from stdnum.fr import nir as stdnum_nir
from stdnum.fr import siren as stdnum_siren

from norms.paquet import NormPack

FICHIER = "tables/identifiants.yaml"
_NIR = re.compile(r"[1-478][0-9]{2}[0-9]{2}(?:[0-9]{2}|2A|2B)[0-9]{6}\Z")


class ErreurIdentifiant(ValueError):
    """An identifier whose form is wrong; the message says what was expected and found."""


def cle_nir(nir: str) -> str:
    """The two-digit key of a 13-character NIR, "94" for 1421962965167. Raises ErreurIdentifiant on a wrong form."""
    if not _NIR.match(nir):
        raise ErreurIdentifiant(f"NIR : attendu 13 chiffres (ou 2A, 2B pour la Corse) ; constaté « {nir} »")
    return str(stdnum_nir.calc_check_digits(nir))


def nir_valide(nir: str, cle: str) -> bool:
    """Whether a 13-character NIR is well formed and bears this key."""
    return bool(_NIR.match(nir)) and cle_nir(nir) == cle


def est_nir_fictif(nir: str, pack: NormPack) -> bool:
    """Whether a NIR cannot be that of a real person, by the rules of ``tables/identifiants.yaml``."""
    regles: list[tuple[int, int, str]] = pack.memo("nir_fictifs", lambda: _fictitious_rules(pack))
    return any(nir[debut - 1 : fin] == valeur for debut, fin, valeur in regles)


def _fictitious_rules(pack: NormPack) -> list[tuple[int, int, str]]:
    document = pack.charger(FICHIER)
    regles = []
    for i, r in enumerate(document.donnees["nir_fictifs"]):
        m = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", r.get("colonnes", ""))
        if not m or int(m[2]) - int(m[1]) + 1 != len(r.get("valeur", "")):
            raise document.erreur(("nir_fictifs", i), "règle : « colonnes » (8-10) et « valeur » de même longueur")
        regles.append((int(m[1]), int(m[2]), r["valeur"]))
    return regles


def cle_luhn(numero: str) -> str:
    """The Luhn key to append to a number, "9" for 9990006527. Raises ErreurIdentifiant unless it is made of digits."""
    if not numero.isascii() or not numero.isdigit():
        raise ErreurIdentifiant(f"clé de Luhn : attendu des chiffres ; constaté « {numero} »")
    return str(luhn.calc_check_digit(numero))


def _luhn_ok(numero: str, longueur: int) -> bool:
    return len(numero) == longueur and numero.isascii() and numero.isdigit() and bool(luhn.is_valid(numero))


def rpps_valide(numero: str) -> bool:
    """Whether a number is an RPPS: 11 digits, the last one its Luhn key."""
    return _luhn_ok(numero, 11)


def adeli_valide(numero: str) -> bool:
    """Whether a number is an ADELI (or assurance maladie) number: 9 characters, the last one its Luhn key.

    In Corsica the second character is A or B, read as 1 or 2 (``hypothese``: not confirmed by a public text).
    """
    return _luhn_ok(_corsican(numero), 9)


def finess_valide(numero: str) -> bool:
    """Whether a number is a FINESS: 9 characters, the last one its Luhn key; Corsica as for ADELI."""
    return _luhn_ok(_corsican(numero), 9)


def _corsican(numero: str) -> str:
    if numero[:2] in {"2A", "2B"}:
        return "2" + {"A": "1", "B": "2"}[numero[1]] + numero[2:]
    return numero


def siren_valide(numero: str) -> bool:
    """Whether a number is a SIREN: 9 digits, Luhn."""
    return bool(re.fullmatch(r"[0-9]{9}", numero)) and bool(stdnum_siren.is_valid(numero))
