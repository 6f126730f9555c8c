"""What the log keeps of a call: groups in full, the code porteur never, contents as a digest and a short table."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from norms.b2 import CodecB2
from norms.b2.codec import LONGUEUR
from norms.codec import ErreurEnregistrement
from norms.contrat.base import Message

CODE_MASQUE = "****"
SECRETS = frozenset({"code_porteur"})
CONTENUS_B2 = frozenset({"facture", "factures", "lot", "entete", "fin"})
CONTENUS = CONTENUS_B2 | {"fichier", "der", "pem"}
MAX_LIGNES = 60
#: Contents kept to be described once: how many, and of what length at most (characters).
MAX_RESUMES, MAX_RETENU = 64, 64 * 1024
NUMEROS = ("numero_facture", "numero_lot", "reference")


class Journalier:
    """Describes calls. A short content that comes back (an invoice goes from function to function) is read once."""

    def __init__(self, codec: CodecB2) -> None:
        self._codec = codec
        self._colonnes = {
            d.type: (champ.debut - 1, champ.fin)
            for d in codec.dispositions.values()
            if (champ := next((d.par_nom[c] for c in NUMEROS if c in d.par_nom), None))
        }
        self._resumes: dict[tuple[bool, str], dict[str, Any]] = {}
        #: By columns 1 and 36 of a record, which tell its type: that type and the columns of its number.
        self._connus: dict[tuple[bytes, bytes], tuple[str, slice, str]] = {}

    def describe(self, message: Message) -> dict[str, Any]:
        """The parameters or the result of a call, fit for the log: no code porteur, no long content."""
        return {nom: self._value(nom, valeur) for nom, valeur in message.model_dump(mode="json").items()}

    def _value(self, nom: str, valeur: Any) -> Any:
        if nom in SECRETS:
            return CODE_MASQUE if valeur is not None else None
        if nom == "groupes":
            return _groups(valeur)
        if isinstance(valeur, list):
            return [self._value(nom, v) for v in valeur]
        if isinstance(valeur, dict):
            return {n: self._value(n, v) for n, v in valeur.items()}
        if nom in CONTENUS and isinstance(valeur, str):
            return self._content(nom, valeur)
        return valeur

    def _content(self, nom: str, texte: str) -> dict[str, Any]:
        cle = (nom in CONTENUS_B2, texte)
        if cle not in self._resumes:
            resume = self._summary(nom, texte)
            if len(texte) > MAX_RETENU:
                return resume
            if len(self._resumes) >= MAX_RESUMES:
                self._resumes.clear()
            self._resumes[cle] = resume
        return self._resumes[cle]

    def _summary(self, nom: str, texte: str) -> dict[str, Any]:
        try:
            octets = texte.encode() if nom == "pem" else base64.b64decode(texte, validate=True)
        except (binascii.Error, ValueError):
            return {"octets": len(texte), "illisible": True}
        resume: dict[str, Any] = {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
        if nom in CONTENUS_B2 and octets:
            resume["enregistrements"] = self._records(octets)
        return resume

    def _records(self, octets: bytes) -> list[dict[str, Any]]:
        """Type and number of each record, equal ones that follow each other counted once."""
        lignes: list[dict[str, Any]] = []
        derniere: tuple[str, bytes] | None = None
        for i in range(0, len(octets), LONGUEUR):
            brut = octets[i : i + LONGUEUR]
            type_, colonnes, anomalie = self._kind(brut)
            cle = (type_, brut[colonnes])
            if cle == derniere:
                lignes[-1]["nombre"] = lignes[-1].get("nombre", 1) + 1
                continue
            if len(lignes) == MAX_LIGNES:
                break
            derniere = cle
            numero = cle[1].decode("ascii", "backslashreplace").rstrip(" ")
            lignes.append({"type": type_, "numero": numero} | ({"anomalie": anomalie} if anomalie else {}))
        return lignes

    def _kind(self, brut: bytes) -> tuple[str, slice, str]:
        """The type of a record, the columns of its number, and what is wrong when its type can't be told."""
        debut = (brut[:1], brut[35:36])
        connu = self._connus.get(debut) if len(brut) == LONGUEUR else None
        if connu is None:
            try:
                type_ = self._codec.identifier(brut).type
            except ErreurEnregistrement as exc:
                return "?", slice(0), str(exc)[:200]
            connu = self._connus[debut] = (type_, slice(*self._colonnes.get(type_, (0, 0))), "")
        return connu


def _groups(groupes: list[Mapping[str, Any]]) -> dict[str, list[list[str]]]:
    """{"1110": [["…", …], …]}: number -> occurrences -> fields."""
    sortie: dict[str, list[list[str]]] = {}
    for g in groupes:
        sortie.setdefault(str(g["groupe"]), []).append(list(g["champs"]))
    return sortie
