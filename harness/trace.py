"""The trace of a scenario, for an engineer: cards, services, network and answers on one thread, in time order.

Made from the evidence alone (``journal.jsonl``), so that a trace can be had again long after. Every line is noted when
its exchange ends; codes are masked in the evidence already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.depot import PREUVES
from harness.modele.verdict import ResultatScenario

FICHIER = "trace.txt"
_LEGENDE = (
    "Heure virtuelle. Chaque ligne est notée quand l'échange s'achève : les ordres à une carte précèdent l'appel de",
    "service qui les a demandés, et celui-ci la réponse du LPS. Codes porteur masqués.",
)
_RETRAIT = " " * 25
_MAX_LIGNE, _MAX_TEXTE, _MAX_HEXA, _MAX_REPONSE = 400, 160, 48, 32
_ATTENTES = {-1: "mise en place du monde", 0: "démarrage du LPS"}
_MOUVEMENTS = {"inseree": "insérée", "retiree": "retirée"}
_MAX_PARTIES = 4
Donnees = Mapping[str, Any]


def write_trace(resultat: ResultatScenario, dossier: Path) -> tuple[Path, list[str]]:
    """Writes the trace of a scenario beside its evidence; gives the file and its lines. Raises OSError."""
    preuves = dossier / PREUVES / resultat.id
    pas = {p.rang: f"étape {p.rang} : {p.resume}" + (f" → {p.issue}" if p.issue else "") for p in resultat.deroule}
    journal = (preuves / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    lignes = list(trace(f"{resultat.id} {resultat.titre}", journal, pas))
    (preuves / FICHIER).write_text("".join(f"{li}\n" for li in lignes), encoding="utf-8", newline="\n")
    return preuves / FICHIER, lignes


def trace(titre: str, journal: Iterable[str], pas: Mapping[int, str]) -> Iterator[str]:
    """The lines of a trace. ``journal``: lines of the evidence; ``pas``: what each step was."""
    yield f"TRACE  {titre}"
    yield from _LEGENDE
    etape = None
    for ligne in journal:
        evenement = json.loads(ligne)
        if evenement["etape"] != etape:
            etape = evenement["etape"]
            yield ""
            yield f"── {pas.get(etape) or _ATTENTES.get(etape) or f'étape {etape}'}"
        heure = str(evenement["instant"])[11:19]
        donnees = evenement["donnees"]
        for rang, (qui, texte) in enumerate(_LIGNES.get(evenement["nature"], _other)(donnees)):
            court = _short(texte, _MAX_LIGNE)
            yield f"  {heure}  {qui:<11}  {court}" if not rang else f"{_RETRAIT}{court}"


# --- one function a nature: (who, what), the first line first ------------------------------------------------
def _apdu(d: Donnees) -> Iterator[tuple[str, str]]:
    qui = str(d["lecteur"])
    commande, reponse = str(d["commande"]), str(d["reponse"])
    if not commande:
        yield qui, str(d["libelle"])
        return
    entete = " ".join((commande[:8], commande[8:10], _short(commande[10:], _MAX_HEXA))).strip()
    sens = str(d["libelle"]) or "ordre inconnu"
    yield qui, f"{sens}   [{entete} → {d['sw'] or 'muette'}]"
    lu = reponse[:-4]
    if lu:
        champs = tlv(bytes.fromhex(lu))
        yield "", "lu : " + ("  ".join(champs) if champs else _short(lu, _MAX_REPONSE))


def tlv(octets: bytes) -> list[str]:
    """The simple data objects of a BER-TLV answer, ``tag=value``; empty when it is none, whole and exact."""
    champs: list[str] = []
    reste = octets
    while reste:
        tag, longueur = reste[0], reste[1] if len(reste) > 1 else 0x80
        valeur, suite = reste[2 : 2 + longueur], reste[2 + longueur :]
        if tag & 0x1F == 0x1F or longueur >= 0x80 or len(valeur) < longueur:
            return []
        if tag & 0x20:  # constructed
            dedans = tlv(valeur)
            if valeur and not dedans:
                return []
            champs += dedans
        else:
            champs.append(f"{tag:02X}={_readable(valeur)}")
        reste = suite
    return champs


def _readable(valeur: bytes) -> str:
    texte = valeur.decode("latin-1")
    lisible = texte.isprintable() and (not texte or any(c.isascii() and c.isalnum() for c in texte))
    return f"« {texte} »" if lisible else valeur.hex().upper()


def _carte(d: Donnees) -> Iterator[tuple[str, str]]:
    yield "cartes", f"{d['carte']} {_MOUVEMENTS.get(d['mouvement'], d['mouvement'])}, lecteur {d['lecteur']}"


def _service(d: Donnees) -> Iterator[tuple[str, str]]:
    parametres = _words(d.get("parametres") or {})
    resultat = dict(d.get("resultat") or {})
    libelle = f" ({resultat['libelle']})" if resultat.get("libelle") else ""
    yield "service", f"{d['fonction']}({parametres}) → {d['code_retour'] or 'sans code'}{libelle}"
    recus = (d.get("parametres") or {}).get("groupes")
    for sens, groupes in (("reçoit", recus), ("rend", resultat.pop("groupes", None))):
        for numero, occurrences in (groupes or {}).items():
            for valeurs in occurrences:
                champs = " | ".join(str(v) for v in valeurs)
                yield "", f"{sens} le groupe {numero} : {_short(champs, _MAX_TEXTE)}"
    reste = _words({c: v for c, v in resultat.items() if c not in ("code_retour", "libelle")})
    if reste:
        yield "", f"rend {reste}"


def _lps(d: Donnees) -> Iterator[tuple[str, str]]:
    resultat = d.get("resultat") or {}
    issue = resultat.get("issue") or ("panne" if d.get("panne") else "ok")
    pourquoi = f" : {resultat.get('motif') or d.get('panne')}" if resultat.get("motif") or d.get("panne") else ""
    yield "LPS", f"{d['operation']}({_words(d.get('params') or {})}) → {issue}{pourquoi}"
    for affichage in resultat.get("affichages") or ():
        yield "", f"affiche ({affichage['niveau']}) : {_line(affichage['texte'])}"
    for document in resultat.get("documents") or ():
        yield "", f"imprime ({document['nature']}) : {_line(document['texte'])}"


def _smtp(d: Donnees) -> Iterator[tuple[str, str]]:
    if d["nature"] == "message":
        yield "SMTP", f"message accepté, de {d['de']} à {', '.join(d['a'])} : {d.get('sujet', '')}"
        return
    yield from _session("SMTP", d)


def _pop3(d: Donnees) -> Iterator[tuple[str, str]]:
    yield from _session("POP3", d)


def _session(qui: str, d: Donnees) -> Iterator[tuple[str, str]]:
    if d["nature"] != "session":
        details = " ".join(str(d[c]) for c in ("verbe", "reponse", "motif") if d.get(c))
        yield qui, f"{d['nature']} {details}".strip()
        return
    yield qui, f"session {d.get('session', '')} finie ({d.get('fin', '')})"
    avant = None
    for ordre, reponse in d.get("echanges") or ():
        yield "", f"{_line(ordre) or '(accueil)'} → {_line(reponse)}" if ordre != avant else f"    {_line(reponse)}"
        avant = ordre


def _message(d: Donnees) -> Iterator[tuple[str, str]]:
    yield "réseau", f"message {d['numero']} de {d['taille']} octets pour {', '.join(d['destinataires'])}"


def _flux(d: Donnees) -> Iterator[tuple[str, str]]:
    for message in d.get("messages") or ():
        yield "organisme", f"{message['acteur']} ouvre {message['sujet']['brut']}"
    for lot in d.get("lots") or ():
        yield "", f"lot {lot['reference']} ({lot['type']}, {lot['mode']}) : factures {', '.join(lot['numeros'])}"
    for facture in d.get("factures") or ():
        montants = ", ".join(f"{c} {v}" for c, v in (facture.get("montants") or {}).items())
        yield "", f"{facture['type']} {facture['numero']} en centimes : {montants}"
    objets = [o for cle in ("messages", "fichiers", "lots", "factures") for o in d.get(cle) or ()]
    for anomalie in (a for objet in objets for a in objet.get("anomalies") or ()):
        yield "", f"anomalie {anomalie['code']} : {anomalie['texte']}"


def _depose(d: Donnees) -> Iterator[tuple[str, str]]:
    sens = (" positif" if d.get("positif") else " négatif") if d["nature"] == "ARL" else ""
    lot = f" du lot {d['lot']}" if d.get("lot") else ""
    code = f", code {d['code']} {d.get('libelle', '')}".rstrip() if d.get("code") else ""
    yield "organisme", f"{d['acteur']} dépose {d['nature']}{sens}{lot}{code} dans {d['boite']}"


def _releve(d: Donnees) -> Iterator[tuple[str, str]]:
    yield "POP3", f"{d['uid']} {d['action']} dans {d['boite']}"


def _other(d: Donnees) -> Iterator[tuple[str, str]]:
    yield "monde", _words(d)


_LIGNES: Mapping[str, Callable[[Donnees], Iterator[tuple[str, str]]]] = {
    "apdu": _apdu,
    "carte": _carte,
    "appel_service": _service,
    "lps": _lps,
    "smtp": _smtp,
    "pop3": _pop3,
    "message_recu": _message,
    "flux": _flux,
    "retour_depose": _depose,
    "retour_releve": _releve,
}


# --- words ------------------------------------------------------------------------------------------------
def _words(valeurs: Donnees) -> str:
    """Parameters in a few words; groups are told apart, one a line."""
    return ", ".join(f"{cle} {_told(v)}" for cle, v in valeurs.items() if v not in (None, "") and cle != "groupes")


def _told(valeur: Any) -> str:
    if isinstance(valeur, Mapping):
        if "octets" in valeur:
            return _file(valeur)
        return f"{{{_words(valeur)}}}" if len(valeur) <= _MAX_PARTIES else "{…}"
    if isinstance(valeur, list):
        suite = ["…"] if len(valeur) > _MAX_PARTIES else []
        return "[" + ", ".join([*map(_told, valeur[:_MAX_PARTIES]), *suite]) + "]"
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return _short(_line(str(valeur)), _MAX_HEXA)


def _file(valeur: Donnees) -> str:
    """Bytes that a service was given or gave: their number, and the records they hold."""
    types = " ".join(str(e.get("type", "?")) for e in valeur.get("enregistrements") or ())
    return f"{valeur['octets']} octets" + (f" (enregistrements {types})" if types else "")


def _line(texte: str) -> str:
    return " / ".join(li.strip() for li in str(texte).splitlines())


def _short(texte: str, longueur: int) -> str:
    return texte if len(texte) <= longueur else f"{texte[:longueur]}… ({len(texte)} caractères)"
