"""Delivery-report parameters of MAIL and RCPT (public: RFC 3461 §4), taken off the command and kept."""

from __future__ import annotations

import re

_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
_ENVID = re.compile(_XTEXT + r"{1,100}")
_ORCPT = re.compile(r"[A-Za-z0-9-]{1,40};" + _XTEXT + r"{1,500}")
_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})

#: Parameters we take per verb. AUTH= (public: RFC 4954 §5) is accepted and dropped.
PARAMETRES = {"MAIL": ("RET", "ENVID", "AUTH"), "RCPT": ("NOTIFY", "ORCPT")}


class ParametreInvalide(ValueError):
    """A delivery-report parameter breaks its grammar; the message is ASCII, for the SMTP reply."""


def take_parameters(verbe: str, parametres: str) -> tuple[dict[str, str], str]:
    """Splits the parameters of MAIL or RCPT into ours (upper-case names, exact values) and the rest.

    Raises ParametreInvalide on a repeated or malformed one.
    """
    notres: dict[str, str] = {}
    reste: list[str] = []
    for mot in parametres.split():
        nom, _, valeur = mot.partition("=")
        nom = nom.upper()
        if nom not in PARAMETRES[verbe]:
            reste.append(mot)
            continue
        if nom in notres:
            raise ParametreInvalide(f"{nom} given twice")
        notres[nom] = _checked(nom, valeur)
    return notres, " ".join(reste)


def _checked(nom: str, valeur: str) -> str:
    majuscules = valeur.upper()
    mots = majuscules.split(",")
    bon = {
        "RET": majuscules in ("FULL", "HDRS"),
        "ENVID": bool(_ENVID.fullmatch(valeur)),
        "NOTIFY": mots == ["NEVER"] or (set(mots) <= _NOTIFY and len(set(mots)) == len(mots)),
        "ORCPT": bool(_ORCPT.fullmatch(valeur)),
        "AUTH": bool(valeur),
    }[nom]
    if not bon:
        raise ParametreInvalide(f"{nom} parameter is malformed")
    return majuscules if nom in ("RET", "NOTIFY") else valeur
