"""Keys of the identifiers written on cards, and the refusal of identifiers that could be a real person's."""

from __future__ import annotations


def nir_key(nir: str) -> str:
    """Key of a 13-character NIR: 97 - (n mod 97); 2A and 2B count as 19 and 18 (public: INSEE)."""
    chiffres = nir.upper().replace("A", "0").replace("B", "0")
    nombre = int(chiffres)
    if "A" in nir.upper():
        nombre -= 1_000_000
    elif "B" in nir.upper():
        nombre -= 2_000_000
    return f"{97 - nombre % 97:02d}"


def luhn_key(numero: str) -> str:
    """Luhn key of a number: RPPS, AM billing number, FINESS (public: ISO/IEC 7812-1 annex B)."""
    total = 0
    for i, chiffre in enumerate(reversed(numero)):
        double = int(chiffre) * (2 if i % 2 == 0 else 1)
        total += double - 9 if double > 9 else double
    return str(-total % 10)


def check_nir(nir: str, cle: str) -> None:
    """Raises ValueError when the key isn't the NIR's."""
    if cle != nir_key(nir):
        raise ValueError(f"la clé du NIR {nir} est {nir_key(nir)}, pas « {cle} »")


def check_test_nir(nir: str) -> None:
    """Raises ValueError for a NIR that a real person could have: only month 19 or commune 999 is fictitious."""
    if nir[3:5] != "19" and nir[7:10] != "999":
        raise ValueError(
            f"le NIR {nir} pourrait être celui d'une vraie personne ; un NIR de test porte le mois 19 ou la commune 999"
        )


def check_test_identifier(type_identification: str, identifiant: str) -> None:
    """Raises ValueError for a professional's number out of the 99 series kept for fictitious people."""
    prefixe = "999" if type_identification == "8" else "99"
    if not identifiant.startswith(prefixe):
        raise ValueError(
            f"le numéro {identifiant} pourrait être celui d'un vrai professionnel ;"
            f" un numéro de test commence par {prefixe}"
        )
