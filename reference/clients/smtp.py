"""Outgoing mail by SMTP, with the request for a non-delivery report when the server offers DSN (cdc §3.2.10.3)."""

from __future__ import annotations

import smtplib

from norms.contrat.adaptateur import Boite
from reference.erreurs import MessageRefuse, ReseauIndisponible


class ClientSmtp:
    """Implements reference.ports.Emission. One connection per message: what passed has passed."""

    #: RFC 3461: report failures and delays, not successes (SV-3.2.10.3-09).
    avis = "FAILURE,DELAY"
    #: SV-3.4.1.2-07: several attempts to connect before giving up for this time.
    tentatives = 2

    def __init__(self, boite: Boite, *, nom_poste: str = "poste.cabinet.test", delai_s: float = 15.0) -> None:
        self._boite, self._nom_poste, self._delai = boite, nom_poste, delai_s

    def envoyer(self, message: bytes, expediteur: str, destinataire: str, identifiant: str) -> str:
        """Hands one message over; gives the server's answer. Raises ReseauIndisponible, MessageRefuse."""
        try:
            with self._connect() as serveur:
                if self._boite.utilisateur and serveur.has_extn("auth"):
                    serveur.login(self._boite.utilisateur, self._boite.mot_de_passe)
                dsn = serveur.has_extn("dsn") and bool(self.avis)
                serveur.sendmail(
                    expediteur,
                    [destinataire],
                    message,
                    mail_options=["RET=HDRS", f"ENVID={identifiant}"] if dsn else [],
                    rcpt_options=[f"NOTIFY={self.avis}"] if dsn else [],
                )
        except smtplib.SMTPRecipientsRefused as exc:
            code, texte = next(iter(exc.recipients.values()))
            raise _refused(code, texte) from exc
        except smtplib.SMTPResponseException as exc:
            raise _refused(exc.smtp_code, exc.smtp_error) from exc
        except (OSError, smtplib.SMTPException) as exc:
            raise ReseauIndisponible(f"réseau de messagerie indisponible en émission ({type(exc).__name__})") from exc
        return "accepté par le serveur"

    def _connect(self) -> smtplib.SMTP:
        for essai in range(1, self.tentatives + 1):
            try:
                serveur = smtplib.SMTP(self._boite.hote, self._boite.port, self._nom_poste, self._delai)
            except OSError:
                if essai == self.tentatives:
                    raise
            else:
                serveur.ehlo_or_helo_if_needed()
                return serveur
        raise AssertionError("au moins une tentative")


def _refused(code: int, texte: bytes | str) -> MessageRefuse | ReseauIndisponible:
    """A 4xx answer is temporary: the message waits; a 5xx one is final."""
    lisible = texte.decode("utf-8", "replace") if isinstance(texte, bytes) else texte
    motif = f"réponse {code} du serveur : {lisible[:200]}"
    return ReseauIndisponible(motif) if 400 <= code < 500 else MessageRefuse(motif)
