"""Client of the supplied services: JSON-RPC 2.0 over one kept-alive HTTP connection (norms.contrat.services).

A return code other than 0000 becomes CodeRetour with a reason the PS understands; anything outside the contract
becomes ServicesInjoignables. No message ever quotes the parameters: the code porteur travels in them.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from norms.contrat.adaptateur import LecteursPoste
from norms.contrat.base import Message, ModeSecurisation, TypeFacture
from norms.contrat.services import (
    SERVICES,
    AjouterSignature,
    AnnuaireCertificats,
    CalculerEmpreinte,
    ChiffrerFacture,
    ContexteApcv,
    DemanderAuthentification,
    Empreinte,
    FactureMiseEnForme,
    FichierForme,
    FormaterFacture,
    FormaterFichier,
    FormaterLot,
    GroupeDonnees,
    InterrogerAdr,
    LecteurDecrit,
    LireCartePs,
    LireDroitsVitale,
    LotForme,
    Retour,
    RetourAdr,
    RetourGroupes,
    RetourLecteurs,
    SignatureApcv,
    SignerEmpreinte,
    SignerFacturePs,
    SignerFactureVitale,
    TraduireArl,
    Vide,
)
from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes, CodesRetour, ErreurGroupe, Groupe
from reference.conseils import conseil
from reference.erreurs import CodeRetour, Refus, ServicesInjoignables
from reference.erreurs import SignatureApcv as SignatureImpossible
from reference.ports import FactureFormee, LotMisEnForme, ReponseAdr

MAX_REPONSE = 32 * 1024 * 1024
CORRECT = "0000"
DEJA_INITIALISEE = "F670"
PAS_INITIALISEE = "F600"

R = TypeVar("R", bound=Message)


class ClientServices:
    """Implements reference.ports.Services. One instance per started workstation."""

    def __init__(
        self,
        url: str,
        jeton: str,
        pack: NormPack,
        *,
        alerter: Callable[[str], None] = lambda _: None,
        delai_s: float = 15.0,
        lecteurs: LecteursPoste | None = None,
    ) -> None:
        adresse = urlsplit(url)
        if adresse.scheme != "http" or not adresse.hostname:
            raise ServicesInjoignables(f"adresse des services fournis incorrecte : « {url[:80]} » ; attendu http://…")
        self._hote, self._port, self._delai = adresse.hostname, adresse.port or 80, delai_s
        self._entetes = {"Authorization": f"Bearer {jeton}", "Content-Type": "application/json"}
        self.alerter = alerter
        self._catalogue, self._codes = CatalogueGroupes(pack), CodesRetour(pack)
        self._connexion: http.client.HTTPConnection | None = None
        self._compteur = 0
        #: The readers of the workstation's settings: one SESAM-Vitale reader for both cards, or two PC/SC readers
        #: (SV-4.1.2-24, SV-4.1.2-30).
        choisis = lecteurs or LecteursPoste()
        self.ressource_ps, self.ressource_vitale = choisis.ps, choisis.vitale

    # --- life ---------------------------------------------------------------------------------------------
    def ouvrir(self) -> None:
        """Initialises the services; already done is fine (return code F670)."""
        self._call("ssv.init_lib", Vide(), Retour, admis=(DEJA_INITIALISEE,))

    def fermer(self) -> None:
        """Ends the use of the services and closes the connection."""
        try:
            self._call("ssv.term_lib", Vide(), Retour, admis=(PAS_INITIALISEE,))
        finally:
            self._hang_up()

    # --- cards --------------------------------------------------------------------------------------------
    def lire_carte_ps(self, code_porteur: str | None) -> tuple[Groupe, ...]:
        """Groups 1 and 2 (cdc §4.2.1.2.1)."""
        params = LireCartePs(ressource_ps=self.ressource_ps, code_porteur=code_porteur)
        return self._groups(self._call("ssv.lire_carte_ps", params, RetourGroupes))

    def lire_droits_vitale(self, jour: str, code_porteur: str | None) -> tuple[Groupe, ...]:
        """Groups 101 to 111 (cdc §4.2.1.3); ``jour`` is AAAAMMJJ. The PS's card must be open (cdc §2.2.1.2.1)."""
        params = LireDroitsVitale(
            date_consultation=jour,
            code_porteur=code_porteur,
            ressource_ps=self.ressource_ps,
            ressource_vitale=self.ressource_vitale,
        )
        return self._groups(self._call("ssv.lire_droits_vitale", params, RetourGroupes))

    def lister_lecteurs(self) -> tuple[LecteurDecrit, ...]:
        """The readers of the workstation and the kind of card in each (cdc §4.1.2)."""
        return self._call("ssv.lister_lecteurs", Vide(), RetourLecteurs).lecteurs

    # --- ApCV and ADR -------------------------------------------------------------------------------------
    def authentifier_apcv(self, code_porteur: str | None) -> ContexteApcv:
        """A context of the ApCV held out (cdc §4.2.1.1)."""
        params = DemanderAuthentification(ressource_ps=self.ressource_ps, code_porteur=code_porteur)
        return self._call("apcv.demander_authentification", params, ContexteApcv)

    def interroger_adr(self, demande: InterrogerAdr) -> ReponseAdr:
        """Rights of one person, of an ApCV context or not (cdc §2.2.1.3)."""
        demande = demande.model_copy(update={"ressource_ps": self.ressource_ps})
        r = self._call("adr.interroger", demande, RetourAdr)
        return ReponseAdr(self._groups(r), r.nature_piece_amo, r.nature_piece_amc, r.ame_debut, r.ame_fin)

    def signer_facture_apcv(self, facture: bytes, contexte: str) -> FactureFormee:
        """The ApCV signs the hash of the invoice, the services place its signature (SV-4.2.1.1-30).

        Raises SignatureApcv when it didn't sign.
        """
        empreinte = self._call("ssv.calculer_empreinte", CalculerEmpreinte(facture=_b64(facture)), Empreinte)
        demande = SignerEmpreinte(contexte=contexte, empreinte=empreinte.empreinte)
        try:
            signee = self._call("apcv.signer_empreinte", demande, SignatureApcv)
        except Refus as exc:
            raise SignatureImpossible(exc.motif, exc.code_retour) from exc
        params = AjouterSignature(facture=_b64(facture), signature=signee.signature)
        return _signed(self._call("ssv.ajouter_signature", params, FactureMiseEnForme))

    # --- invoices -----------------------------------------------------------------------------------------
    def formater_facture(self, type_: TypeFacture, mode: ModeSecurisation, groupes: Sequence[Groupe]) -> bytes:
        """Groups 1110 to 1610 in, records out (cdc §4.2.1.13)."""
        params = FormaterFacture(type=type_, mode=mode, groupes=_to_contract(groupes))
        return base64.b64decode(self._call("ssv.formater_facture", params, FactureMiseEnForme).facture)

    def chiffrer_facture(self, facture: bytes) -> bytes:
        """Sensitive data encrypted for the recipient (cdc §3.2.9.2)."""
        params = ChiffrerFacture(facture=_b64(facture))
        return base64.b64decode(self._call("ssv.chiffrer_facture", params, FactureMiseEnForme).facture)

    def signer_facture_vitale(self, facture: bytes) -> FactureFormee:
        """Signature by the beneficiary's card (cdc §3.2.9.3.1.1)."""
        params = SignerFactureVitale(
            facture=_b64(facture), ressource_ps=self.ressource_ps, ressource_vitale=self.ressource_vitale
        )
        return _signed(self._call("ssv.signer_facture_vitale", params, FactureMiseEnForme))

    def signer_facture_ps(self, facture: bytes, numero_situation: str, code_porteur: str | None) -> FactureFormee:
        """Signature by the PS's card; the answer carries the grouping criterion of the lot."""
        params = SignerFacturePs(
            facture=_b64(facture),
            ressource_ps=self.ressource_ps,
            numero_situation=numero_situation,
            code_porteur=code_porteur,
        )
        return _signed(self._call("ssv.signer_facture_ps", params, FactureMiseEnForme))

    # --- lots, files, returns -----------------------------------------------------------------------------
    def formater_lot(
        self,
        *,
        reference: str,
        jour: str,
        numero_agrement: str,
        factures: Sequence[bytes],
        code_porteur: str | None,
        fin_de_serie: bool,
    ) -> LotMisEnForme:
        """Formats and secures one lot of a series (cdc §4.2.1.16.1)."""
        params = FormaterLot(
            ressource_ps=self.ressource_ps,
            reference=reference,
            date=jour,
            numero_agrement=numero_agrement,
            factures=tuple(_b64(f) for f in factures),
            code_porteur=code_porteur,
            fin_de_serie=fin_de_serie,
        )
        rendu = self._call("ssv.formater_lot", params, LotForme)
        groupes = self._groups(rendu)
        if not groupes:
            raise ServicesInjoignables("ssv.formater_lot : groupe d'adressage (13 ou 93) absent de la réponse")
        return LotMisEnForme(base64.b64decode(rendu.lot), rendu.critere_fichier, groupes[0])

    def formater_fichier(self, critere_fichier: str, groupes: Sequence[Groupe]) -> tuple[bytes, bytes]:
        """Header and end of a file (cdc §4.2.1.16.2); no card is used."""
        params = FormaterFichier(critere_fichier=critere_fichier, groupes=_to_contract(groupes))
        rendu = self._call("ssv.formater_fichier", params, FichierForme)
        return base64.b64decode(rendu.entete), base64.b64decode(rendu.fin)

    def traduire_arl(self, fichier: bytes) -> tuple[Groupe, ...]:
        """An ARL is opaque to an LPS; the services read it (cdc §4.2.2.1)."""
        return self._groups(self._call("ssv.traduire_arl", TraduireArl(fichier=_b64(fichier)), RetourGroupes))

    def certificats(self) -> AnnuaireCertificats:
        """The published certificates and revocation lists (cdc §3.2.9.4)."""
        return self._call("annuaire.certificats", Vide(), AnnuaireCertificats)

    # --- transport ----------------------------------------------------------------------------------------
    def _groups(self, retour: RetourGroupes | LotForme) -> tuple[Groupe, ...]:
        try:
            return tuple(self._catalogue.nommer(Groupe(g.groupe, g.champs)) for g in retour.groupes)
        except ErreurGroupe as exc:
            raise ServicesInjoignables(f"réponse des services fournis : {exc}") from exc

    def _call(self, fonction: str, params: Message, attendu: type[R], admis: tuple[str, ...] = ()) -> R:
        self._compteur += 1
        requete = {
            "jsonrpc": "2.0",
            "id": self._compteur,
            "method": fonction,
            "params": params.model_dump(mode="json", exclude_none=True),
        }
        reponse = self._exchange(fonction, json.dumps(requete).encode())
        if "error" in reponse:
            raise ServicesInjoignables(f"{fonction} : appel refusé par les services fournis ({_reason(reponse)})")
        try:
            retour = attendu.model_validate(reponse.get("result"))
        except ValidationError as exc:
            raise ServicesInjoignables(
                f"{fonction} : réponse hors contrat ({exc.error_count()} faute(s)) ; vérifier la version des services"
            ) from None
        if isinstance(retour, Retour) and retour.code_retour not in (CORRECT, *admis):
            libelle = retour.libelle or self._codes.libelle(retour.code_retour)
            raise CodeRetour(fonction, retour.code_retour, conseil(fonction, retour.code_retour, libelle))
        if isinstance(retour, Retour) and retour.code_retour == CORRECT and retour.libelle:
            self._warn(retour.libelle)
        return retour

    def _warn(self, libelle: str) -> None:
        """A label with a correct code is a warning, as for an expired data certificate (SV-4.2.1.13-37)."""
        if libelle != self._codes.libelle(CORRECT):
            self.alerter(libelle)

    def _exchange(self, fonction: str, corps: bytes) -> dict[str, Any]:
        """One call on the kept connection; a connection closed meanwhile by the other side is opened again, once."""
        reprise = self._connexion is not None
        try:
            return self._post(fonction, corps)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as exc:
            self._hang_up()
            if not reprise:
                raise _unreachable(fonction, exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            self._hang_up()
            raise _unreachable(fonction, exc) from exc
        try:
            return self._post(fonction, corps)
        except (OSError, http.client.HTTPException) as exc:
            self._hang_up()
            raise _unreachable(fonction, exc) from exc

    def _post(self, fonction: str, corps: bytes) -> dict[str, Any]:
        if self._connexion is None:
            self._connexion = http.client.HTTPConnection(self._hote, self._port, timeout=self._delai)
        self._connexion.request("POST", "/rpc", corps, self._entetes)
        with self._connexion.getresponse() as reponse:
            contenu = reponse.read(MAX_REPONSE + 1)
        if len(contenu) > MAX_REPONSE:
            self._hang_up()
            raise ServicesInjoignables(f"{fonction} : réponse de plus de {MAX_REPONSE} octets")
        try:
            lu = json.loads(contenu)
        except (ValueError, RecursionError):
            raise ServicesInjoignables(f"{fonction} : réponse HTTP {reponse.status} illisible, JSON attendu") from None
        if not isinstance(lu, dict) or not ("result" in lu or "error" in lu):
            raise ServicesInjoignables(f"{fonction} : réponse HTTP {reponse.status} sans « result » ni « error »")
        return lu

    def _hang_up(self) -> None:
        if self._connexion is not None:
            self._connexion.close()
            self._connexion = None


def _unreachable(fonction: str, exc: Exception) -> ServicesInjoignables:
    return ServicesInjoignables(
        f"{fonction} : services fournis injoignables ({type(exc).__name__}) ; vérifier qu'ils sont démarrés"
    )


def _reason(reponse: dict[str, Any]) -> str:
    erreur = reponse["error"]
    return str(erreur.get("message", "sans motif"))[:300] if isinstance(erreur, dict) else "sans motif"


def _signed(retour: FactureMiseEnForme) -> FactureFormee:
    return FactureFormee(base64.b64decode(retour.facture), retour.critere_lot)


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _to_contract(groupes: Sequence[Groupe]) -> tuple[GroupeDonnees, ...]:
    return tuple(GroupeDonnees(groupe=g.id, champs=g.champs) for g in groupes)


#: The functions this client knows, for a check against the contract.
FONCTIONS = tuple(SERVICES)
