"""Numbers that bear a key: NIR, assurance maladie numbers, FINESS."""

from __future__ import annotations

from harness.fichiers.donnees import CleNumero
from norms.codec import Enregistrement
from norms.identifiants import ErreurIdentifiant, adeli_valide, cle_nir, finess_valide

_FINESS = 9


def check_key(e: Enregistrement, regle: CleNumero) -> tuple[str, str, str] | None:
    """What is wrong with a number and its key: expected, found, field; None when sound or absent."""
    numero = e.texte(regle.champ)
    if not numero.strip("0 "):
        return None
    if regle.nature == "nir":
        cle = e.texte(regle.cle)
        try:
            attendue = cle_nir(numero)
        except ErreurIdentifiant as exc:
            return "un NIR de 13 caractères", str(exc), regle.champ
        return None if cle == attendue else (f"la clé {attendue} pour le NIR {numero}", f"« {cle} »", regle.cle)
    if regle.nature == "finess":
        if len(numero) != _FINESS or finess_valide(numero):
            return None
        return "un numéro FINESS à clé valide", f"« {numero} »", regle.champ
    return None if adeli_valide(numero) else ("un numéro à clé valide", f"« {numero} »", regle.champ)
