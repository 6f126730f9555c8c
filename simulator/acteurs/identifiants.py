"""Keys of identifiers, worked out here: an insurer does not borrow them from the services that wrote the invoice."""

from __future__ import annotations


def nir_key(nir: str) -> str:
    """Key of a 13-character NIR, 97 minus the remainder by 97; 2A and 2B count as 19 and 18. Empty on another form."""
    if len(nir) != 13 or not nir.isascii():
        return ""
    departement = {"2A": "19", "2B": "18"}.get(nir[5:7], nir[5:7])
    chiffres = nir[:5] + departement + nir[7:]
    return f"{97 - int(chiffres) % 97:02d}" if chiffres.isdigit() else ""


def luhn_is_valid(numero: str) -> bool:
    """Whether the last digit is the Luhn key of the others (public: ISO/IEC 7812-1 annex B).

    A number with letters (some ADELI departments) can't be checked and is accepted.
    """
    if not numero.isascii() or not numero.isdigit():
        return bool(numero) and numero.isascii() and numero.isalnum()
    somme = 0
    for i, chiffre in enumerate(reversed(numero)):
        n = int(chiffre) * (1 + i % 2)
        somme += n - 9 * (n > 9)
    return somme % 10 == 0
