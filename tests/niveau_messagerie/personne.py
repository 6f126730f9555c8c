"""A person at the mail level, played by a script: standard library only, nothing of ours is imported.

``python personne.py PLAN.json`` starts the bench named in the plan, reads its prompts, does what the plan says for each
of them (sends prepared messages, collects the mailbox), answers, and prints one JSON account of all that happened.
"""

from __future__ import annotations

import json
import poplib
import re
import smtplib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

DELAI = 30.0
REGLAGES = re.compile(r"port (\d+) ; réception \(POP3\) (\S+) port (\d+), identifiant (\S+), mot de passe (\S+) ;")


class Personne:
    """Answers the prompts of one run of the bench."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._smtp = self._pop3 = 0
        self._identifiant = self._secret = self._hote = ""
        self.compte: dict[str, Any] = {"avis": [], "invites": [], "releves": [], "fin": None, "imprevu": []}

    def play(self) -> int:
        with subprocess.Popen(
            self._plan["commande"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._plan["dossier"],
            text=True,
            encoding="utf-8",
        ) as banc:
            assert banc.stdin
            assert banc.stdout
            for ligne in banc.stdout:
                objet = json.loads(ligne)
                if "avis" in objet:
                    self._listen(objet["avis"])
                elif "fin" in objet:
                    self.compte["fin"] = objet["fin"]
                else:
                    reponse = self._answer(objet["invite"])
                    if reponse is None:
                        banc.stdin.close()
                        continue
                    banc.stdin.write(reponse + "\n")
                    banc.stdin.flush()
            return banc.wait(DELAI)

    def _listen(self, avis: dict[str, str]) -> None:
        self.compte["avis"].append(avis["texte"])
        lus = REGLAGES.search(avis["texte"])
        if lus:
            self._smtp, self._hote, self._pop3 = int(lus[1]), lus[2], int(lus[3])
            self._identifiant, self._secret = lus[4], lus[5]

    def _answer(self, invite: dict[str, Any]) -> str | None:
        self.compte["invites"].append(invite)
        tours = self._plan["reponses"].get(invite["id"], [])
        if not tours:
            self.compte["imprevu"].append(invite["id"])
            return None
        tour = tours.pop(0)
        fils = [threading.Thread(target=self._send, args=(m,)) for m in tour.get("envoyer", [])]
        for fil in fils:
            fil.start()
        for fil in fils:
            fil.join(DELAI)
        if tour.get("relever"):
            self._collect(invite["id"])
        if "ligne" in tour:
            return str(tour["ligne"])
        if "valeur" not in tour:
            return None
        return json.dumps({"id": invite["id"], "valeur": tour["valeur"], "fichier": tour.get("fichier", "")})

    def _send(self, message: dict[str, Any]) -> None:
        with smtplib.SMTP(self._hote, self._smtp, timeout=DELAI) as smtp:
            smtp.ehlo("poste.cabinet.test")
            smtp.sendmail(message["de"], message["a"], Path(message["eml"]).read_bytes())

    def _collect(self, ou: str) -> None:
        pop = poplib.POP3(self._hote, self._pop3, timeout=DELAI)
        pop.user(self._identifiant)
        pop.pass_(self._secret)
        nombre = len(pop.list()[1])
        sujets = []
        for rang in range(1, nombre + 1):
            lignes = pop.retr(rang)[1]
            sujets += [bytes(x).decode("latin-1") for x in lignes if bytes(x).lower().startswith(b"subject:")]
            pop.dele(rang)
        pop.quit()
        self.compte["releves"].append({"ou": ou, "nombre": nombre, "sujets": sujets})


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    personne = Personne(plan)
    code = personne.play()
    sys.stdout.write(json.dumps({"code": code, **personne.compte}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
