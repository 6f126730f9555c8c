"""A small emitter for the tests: invoices from the supplied services over HTTP, messages over real SMTP and POP3."""

from __future__ import annotations

import base64
import json
import poplib
import smtplib
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.x509 import load_pem_x509_certificate

from norms.cms import build_enveloped, compress
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.contrat.ports import AleaReproductible
from simulator.monde import ConfigMonde, MondeSimule
from tests.ssv.outils import groupes_facture

AMO, AMC, OCT = "01349", "75500017", "OCT01"
ADRESSES = {
    AMO: "01349@349.01.rss.test",
    "02349": "02349@349.02.rss.test",
    AMC: "MU001@rocher-mutuelle.test",
    OCT: "factures@concentrateur.test",
    "04110": "04110@110.04.rss.test",
    "91311": "91311@311.91.rss.test",
    "94514": "94514@514.94.rss.test",
    "77700041": "OP003@reglement.test",
}
PS = "991111113"
CODE = "1234"
FSE, DRE = TypeFacture.FSE, TypeFacture.DRE
SESAM, SANS_VITALE, DEGRADE = ModeSecurisation.SESAM_VITALE, ModeSecurisation.SANS_VITALE, ModeSecurisation.DEGRADE
DESCRIPTION = "FACTURE/SV/ZK"


@dataclass
class Lot:
    """A lot as the services gave it: bytes, file criterion, number of invoices."""

    brut: bytes
    critere: str
    nombre: int


@dataclass
class Emetteur:
    """What an LPS does, with nothing of its own but its counters."""

    monde: MondeSimule
    _compteurs: dict[str, int] = field(default_factory=dict)
    _alea: AleaReproductible = field(default_factory=lambda: AleaReproductible(3, "emetteur"))

    _annuaire: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rpc("ssv.init_lib")

    # --- services ---------------------------------------------------------------------------------------------
    def rpc(self, fonction: str, **params: Any) -> dict[str, Any]:
        """One call; the test fails when the service refuses."""
        env = self.monde.environnement()
        corps = json.dumps({"jsonrpc": "2.0", "id": 1, "method": fonction, "params": params}).encode()
        entetes = {"Authorization": f"Bearer {env.services_jeton}", "Content-Type": "application/json"}
        requete = urllib.request.Request(f"{env.services_url}/rpc", corps, entetes)  # noqa: S310 - loopback
        with urllib.request.urlopen(requete, timeout=20) as reponse:  # noqa: S310 - loopback
            lue: dict[str, Any] = json.load(reponse)
        assert "result" in lue, lue
        resultat: dict[str, Any] = lue["result"]
        assert resultat.get("code_retour", "0000") == "0000", resultat
        return resultat

    def facture(
        self,
        numero: str = "000000012",
        type_: TypeFacture = FSE,
        mode: ModeSecurisation = SESAM,
        *,
        chiffree: bool = True,
        **champs: str | None,
    ) -> str:
        """A secured invoice, base 64. ``g1610_2="20260301"`` changes a field of its groups."""
        groupes = [g.model_dump() for g in groupes_facture(type_, g1110_1=numero, **champs)]
        f = self.rpc("ssv.formater_facture", type=type_, mode=mode, groupes=groupes)["facture"]
        if chiffree:
            f = self.rpc("ssv.chiffrer_facture", facture=f)["facture"]
        if mode is SESAM:
            f = self.rpc("ssv.signer_facture_vitale", facture=f)["facture"]
        return str(self.rpc("ssv.signer_facture_ps", facture=f, code_porteur=CODE)["facture"])

    def lot(self, factures: Sequence[str], reference: str = "001", date: str = "20260302") -> Lot:
        """A signed lot."""
        reponse = self.rpc(
            "ssv.formater_lot",
            reference=reference,
            date=date,
            numero_agrement="AGR1",
            factures=list(factures),
            code_porteur=CODE,
            fin_de_serie=True,
        )
        return Lot(base64.b64decode(reponse["lot"]), reponse["critere_fichier"], len(factures))

    def fichier(self, lots: Sequence[Lot], date: str = "20260302", **douze: str) -> bytes:
        """A whole file around lots."""
        numero = self.next("fichier")
        taille = sum(len(lot.brut) for lot in lots)
        champs = [date, f"{numero:06d}", str(len(lots)), str(taille), douze.get("application", ""), "", ""]
        if "type_destinataire" in douze:
            champs[5:7] = [douze["type_destinataire"], douze.get("numero_destinataire", "")]
        groupes = [{"groupe": 12, "champs": champs}]
        ends = self.rpc("ssv.formater_fichier", critere_fichier=lots[0].critere, groupes=groupes)
        milieu = b"".join(lot.brut for lot in lots)
        return base64.b64decode(ends["entete"]) + milieu + base64.b64decode(ends["fin"])

    # --- message ----------------------------------------------------------------------------------------------
    def certificat(self, numero: str, variante: str = "valide") -> Any:
        """The attachment certificate of an insurer, from the directory; another variant straight from the PKI."""
        if variante != "valide":
            return self.monde.pki.certificat("chiffrement_piece_jointe", numero, variante)
        if not self._annuaire:
            publies = self.rpc("annuaire.certificats")["certificats"]
            self._annuaire = {c["porteur"]: load_pem_x509_certificate(c["pem"].encode()) for c in publies}
        return self._annuaire[numero]

    def sceller(self, fichier: bytes, numero: str = AMO, variante: str = "valide") -> bytes:
        """Compressed then encrypted for an insurer."""
        return build_enveloped(compress(fichier), [self.certificat(numero, variante)], self._alea)

    def message(self, piece: bytes, nombre: int, numero: str = AMO, **entetes: str) -> bytes:
        """A message of annexe5 §7.1.1. Headers given by keyword (``Content_Description``) replace ours; "" removes."""
        compostage = f"{self.monde.horloge.now():%Y%m%d%H%M%S}{self.next('message'):05d}"
        champs = {
            "From": self.monde.adresse_ps,
            "To": ADRESSES[numero],
            "Subject": f"SV140800/{PS}/{compostage}/{nombre:05d}",
            "Date": "Mon, 02 Mar 2026 09:00:00 +0100",
            "MIME-Version": "1.0",
            "Content-Type": "Application/EDI-consent",
            "Content-Transfer-Encoding": "base64",
            "Content-Description": DESCRIPTION,
        } | {cle.replace("_", "-"): valeur for cle, valeur in entetes.items()}
        tete = "".join(f"{cle}: {valeur}\r\n" for cle, valeur in champs.items() if valeur)
        return tete.encode() + b"\r\n" + base64.encodebytes(piece).replace(b"\n", b"\r\n")

    def envoyer(self, brut: bytes, numero: str = AMO, *, avis: bool = True) -> None:
        """Sends over SMTP and waits for the insurer's answer."""
        boite = self.monde.environnement().smtp
        with smtplib.SMTP(boite.hote, boite.port, timeout=10) as smtp:
            options = ["NOTIFY=FAILURE"] if avis else []
            refuses = smtp.sendmail(boite.adresse, [ADRESSES[numero]], brut, rcpt_options=options)
        assert refuses == {}
        self.monde.attendre_traitement(20)
        assert self.monde.journal.of("erreur_banc") == ()

    def transmettre(self, *lots: Lot, numero: str = AMO) -> None:
        """A correct message with these lots."""
        fichier = self.fichier(lots)
        self.envoyer(self.message(self.sceller(fichier, numero), sum(lot.nombre for lot in lots), numero), numero)

    def releve(self) -> list[bytes]:
        """Every message of the PS's mailbox, by POP3."""
        boite = self.monde.environnement().pop3
        pop = poplib.POP3(boite.hote, boite.port, timeout=10)
        pop.user(boite.utilisateur)
        pop.pass_(boite.mot_de_passe)
        nombre, _ = pop.stat()
        messages = [b"\r\n".join(pop.retr(i)[1]) for i in range(1, nombre + 1)]
        pop.quit()
        return messages

    def next(self, quoi: str) -> int:
        """The next number of a counter."""
        self._compteurs[quoi] = self._compteurs.get(quoi, 0) + 1
        return self._compteurs[quoi]

    # --- what the world saw -------------------------------------------------------------------------------------
    @property
    def flux(self) -> dict[str, list[dict[str, Any]]]:
        """All ``flux`` events folded."""
        total: dict[str, list[dict[str, Any]]] = {"messages": [], "fichiers": [], "lots": [], "factures": []}
        for e in self.monde.journal.of("flux"):
            for cle, liste in total.items():
                liste.extend(e.donnees.get(cle, ()))
        return total

    @property
    def retours(self) -> list[Mapping[str, Any]]:
        return [e.donnees for e in self.monde.journal.of("retour_depose")]

    def codes(self) -> list[str]:
        """Codes of all anomalies that have an effect, message by message, layer by layer."""
        flux = self.flux
        objets = [*flux["messages"], *flux["fichiers"], *flux["lots"], *flux["factures"]]
        return [a["code"] for o in objets for a in o["anomalies"] if a["effet"] != "aucun"]


@contextmanager
def emetteur(**config: Any) -> Iterator[Emetteur]:
    """A world with a doctor and a Vitale card in their readers, and an emitter in it."""
    options: dict[str, Any] = {"lecteurs": {"ps": "dr-martin", "vitale": "durand-paul"}} | config
    with MondeSimule(ConfigMonde(**options)) as monde:
        e = Emetteur(monde)
        yield e
        assert monde.journal.of("erreur_banc") == ()
