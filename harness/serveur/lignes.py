"""One French line for each thing that happens, for the live log. Nothing secret: no password, no card code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.evenements import Evenement

Donnees = Mapping[str, Any]

_DSN = {"failed": "avis de non-remise", "delayed": "avis de retard", "delivered": "avis de remise"}


def describe(e: Evenement) -> tuple[str, str] | None:
    """The line and its style (rich); None for what would only be noise."""
    faire = _LIGNES.get(e.nature)
    ligne = faire(e.donnees) if faire else None
    return ligne if ligne is None or isinstance(ligne, tuple) else (ligne, "")


def _received(d: Donnees) -> str:
    tls = ", TLS" if d["tls"] else ""
    return f"reçu      message n° {d['numero']} pour {', '.join(d['destinataires'])} ({d['taille']} octets{tls})"


def _flow(d: Donnees) -> tuple[str, str] | None:
    if "messages" not in d:
        return _other_flow(d)
    message = d["messages"][0]
    lots = ", ".join(f"{lot['reference']} ({lot['type']}, {len(lot['numeros'])} fact.)" for lot in d["lots"][:5])
    objets = [*d["messages"], *d["fichiers"], *d["lots"], *d["factures"]]
    codes = list(dict.fromkeys(a["code"] for o in objets for a in o["anomalies"]))
    suite = f" ; anomalies : {', '.join(codes[:6])}{'…' if len(codes) > 6 else ''}" if codes else ""
    return f"lu        par {message['acteur']} : lots {lots or 'aucun'}{suite}", "yellow" if codes else "green"


def _other_flow(d: Donnees) -> tuple[str, str] | None:
    """Claims, opposition requests, files split by a concentrator."""
    genre, objets = next(iter(d.items()))
    objet = objets[0]
    lu, fautes = f"lu        par {objet['acteur']} : ", objet.get("irregularites", [])
    match genre:
        case "reclamations":
            lu += f"{len(objet['rapports'])} rapport(s) de réclamation"
        case "oppositions":
            lu += f"demande d'incréments, liste {objet['numero_detenu']} détenue, {len(objet['envoyes'])} envoyé(s)"
        case "eclatements":
            lettres = ", ".join(f"{x['destinataire']} ({' '.join(x['lots'])})" for x in objet["lettres"])
            lu += f"transmis à {lettres or 'personne'}"
        case _:
            return None
    return f"{lu} ; irrégularités : {' ; '.join(fautes[:3])}" if fautes else lu, "yellow" if fautes else "green"


def _deposited(d: Donnees) -> str:
    nature, positif = d.get("nature", ""), "positif" if d.get("positif") else "négatif"
    quoi = {
        "ARL": f"ARL {positif} du lot {d.get('lot')}",
        "RSP": f"RSP de {len(d.get('factures', ()))} facture(s)",
        "SERVICE": f"message de service {d.get('code')}",
        "ART": "texte du concentrateur (ART)",
        "DLOI": "incrément de la liste d'opposition",
        "TABLE": f"fichier normé ({d.get('code')}, {d.get('libelle')})",
        "DSN": _DSN.get(str(d.get("code")), "avis"),
    }.get(nature, "message")
    code = f" ({d['code']} {d.get('libelle', '')})".replace(" )", ")") if nature == "ARL" and d.get("code") else ""
    return f"déposé    {quoi}{code} de {d.get('acteur') or '?'} dans {d['destinataire']}"


def _fetched(d: Donnees) -> str:
    return f"relevé    {d['uid']} {'supprimé' if d['action'] == 'supprime' else 'lu'} par le LPS"


def _smtp(d: Donnees) -> tuple[str, str] | str | None:
    if d["nature"] == "refus":
        voulu = " (panne posée)" if d["injecte"] else ""
        return f"refus     SMTP {d['verbe']} : {d['reponse']}{voulu}", "red"
    if d["nature"] == "session" and d["fin"] != "QUIT":
        return f"session   SMTP n° {d['session']} : {d['fin']}"
    return None


def _pop3(d: Donnees) -> str | None:
    return f"session   POP3 n° {d['session']} : {d['fin']}" if d["nature"] == "session" and d["fin"] != "QUIT" else None


def _network(d: Donnees) -> tuple[str, str]:
    if "actif" in d:
        return f"réseau    {'rétabli' if d['actif'] else 'coupé'}", "magenta"
    return f"panne     {d['panne']} ({d['protocole']}) : {d['detail']}", "magenta"


def _clock(d: Donnees) -> tuple[str, str]:
    return f"horloge   {d['maintenant'][:16].replace('T', ' ')}", "cyan"


_MOUVEMENTS = {
    "inseree": "{carte} insérée dans {lecteur}",
    "retiree": "{carte} retirée de {lecteur}",
    "code_tape": "code porteur tapé sur le clavier de {lecteur}",
    "occupe": "{lecteur} tenu par une autre application",
    "debranche": "{lecteur} débranché",
    "rebranche": "{lecteur} rebranché",
    "libere": "{lecteur} rendu par l'autre application",
}


def _card(d: Donnees) -> str:
    return f"carte     {_MOUVEMENTS[d['mouvement']].format(**d)}"


def _service(d: Donnees) -> str:
    return f"service   {d.get('fonction')} : {d.get('code_retour')}"


def _order(d: Donnees) -> tuple[str, str]:
    avec = ", ".join(f"{cle} : {valeur}" for cle, valeur in d["avec"].items())
    suite = f" ({avec[:160]})" if avec else ""
    return f"ordre     {d['action']}{suite} → {d['effet']}", "cyan"


def _failure(d: Donnees) -> tuple[str, str]:
    return f"ERREUR DU BANC  {d.get('ou')} : {d.get('message') or d.get('erreur')}", "bold red"


_LIGNES: Mapping[str, Callable[[Donnees], tuple[str, str] | str | None]] = {
    "message_recu": _received,
    "flux": _flow,
    "retour_depose": _deposited,
    "retour_releve": _fetched,
    "smtp": _smtp,
    "pop3": _pop3,
    "reseau": _network,
    "horloge": _clock,
    "carte": _card,
    "ordre": _order,
    "appel_service": _service,
    "erreur_banc": _failure,
}
