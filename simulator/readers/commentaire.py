"""One French line about an APDU exchange, for the people who read the log."""

from __future__ import annotations

_COMMANDES = {
    0x20: "présentation du code",
    0x22: "préparation d'une opération de sécurité",
    0x24: "changement du code",
    0x2A: "opération de sécurité",
    0x2C: "déblocage du code",
    0x82: "authentification externe",
    0x84: "demande d'un défi",
    0x88: "authentification interne",
    0xA4: "sélection",
    0xB0: "lecture",
    0xC0: "suite de la réponse",
    0xCB: "lecture d'un objet de sécurité",
    0xD6: "écriture",
}
_ETATS = {
    0x6581: "erreur de mémoire",
    0x6700: "longueur incorrecte",
    0x6982: "accès refusé",
    0x6983: "code bloqué",
    0x6985: "conditions d'emploi non remplies",
    0x6986: "aucun fichier sélectionné",
    0x6A80: "données incorrectes",
    0x6A82: "fichier absent",
    0x6A86: "paramètres P1-P2 incorrects",
    0x6A88: "référence absente",
    0x6B00: "déplacement hors du fichier",
    0x6D00: "commande inconnue",
    0x6E00: "classe inconnue",
    0x6F00: "carte hors tension ou erreur",
    0x9000: "réussi",
}
_OPERATIONS = {
    (0x9E, 0x9A): "signature",
    (0x90, 0xA0): "condensat terminé par la carte",
    (0x90, 0x80): "condensat",
    (0x00, 0xBE): "vérification d'un certificat",
}


def comment(commande: bytes, reponse: bytes) -> str:
    """What was asked and what came of it."""
    return f"{_request(commande)} : {_outcome(reponse)}"


def _request(commande: bytes) -> str:
    if len(commande) < 4:
        return "commande incomplète"
    ins, p1, p2 = commande[1], commande[2], commande[3]
    nom = _COMMANDES.get(ins, f"commande {ins:02X}")
    if ins == 0xA4:
        nature = "de l'application" if p1 == 4 else "du fichier"
        return f"{nom} {nature} {commande[5 : 5 + commande[4]].hex().upper() if len(commande) > 5 else ''}".rstrip()
    if ins == 0xB0:
        return f"{nom} du fichier court {p1 & 0x1F}" if p1 & 0x80 else f"{nom} à l'octet {p1 << 8 | p2}"
    if ins == 0x2A:
        return _OPERATIONS.get((p1, p2), nom)
    return nom


def _outcome(reponse: bytes) -> str:
    if len(reponse) < 2:
        return "carte muette"
    sw1, sw2 = reponse[-2], reponse[-1]
    if sw1 == 0x61:
        return f"réussi, {sw2 or 256} octets à lire"
    if sw1 == 0x6C:
        return f"longueur à demander : {sw2 or 256}"
    if sw1 == 0x63 and sw2 & 0xF0 == 0xC0:
        return f"code faux, {sw2 & 0x0F} essai(s) restant(s)"
    return _ETATS.get(sw1 << 8 | sw2, f"état {sw1:02X}{sw2:02X}")
