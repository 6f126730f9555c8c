"""Server of the adapter protocol over the workstation (norms.contrat.adaptateur).

``creer`` gives an object whose ``handle`` takes one request and gives one answer, both JSON-RPC in UTF-8. A refusal of
the workstation is an answer, ``issue: refus``; an error tells a breakdown, and never quotes a parameter.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from norms.contrat import adaptateur as contrat
from norms.contrat.base import (
    ERREUR_ANALYSE,
    ERREUR_INTERNE,
    METHODE_INCONNUE,
    PARAMETRES_INVALIDES,
    REQUETE_INVALIDE,
    VERSION_REFUSEE,
    Message,
    ModeSecurisation,
)
from norms.contrat.ports import HorlogeVirtuelle
from norms.paquet import NormPack
from reference import operations_droits, rendu
from reference.erreurs import Refus, ReseauIndisponible
from reference.modele import APCV
from reference.poste import Poste

if TYPE_CHECKING:
    from reference.mutants import Mutant

PRODUIT, EDITEUR, VERSION = "Référence preagrement", "preagrement", "0.1.0"
PROFIL = contrat.ProfilLps(
    professions=("medecins", "prescripteurs", "pharmaciens", "laboratoires", "fournisseurs", "centres_de_sante"),
    specialites=("01",),
    modes=tuple(ModeSecurisation),
    capacites=(
        "gestion_unique",
        "gestion_separee",
        "telemedecine",
        "rpps",
        "donnees_ps",
        "prix_saisis",
        "ApCV",
        "ADR",
        "liste_opposition",
        "referentiel_ps",
        "SMG",
        "echeances",
        "rapprochement_bancaire",
        "choix_lecteurs",
        "clavier_lecteur",
        "centre_polyvalent",
        "reclamation",
        "OCT",
        "DRE_annulation",
    ),
)
MAX_OCTETS = 8 * 1024 * 1024

journal = logging.getLogger("reference")

M = TypeVar("M", bound=Message)


class ErreurProtocole(Exception):
    """A JSON-RPC error to answer."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code, self.message, self.data = code, message, data
        super().__init__(message)


class Adaptateur:
    """One workstation at a time, one operation at a time."""

    def __init__(self, mutant: Mutant | None = None) -> None:
        self.termine = False
        self._mutant = mutant
        self._pack = NormPack.par_defaut()
        self._poste: Poste | None = None
        self._verrou = threading.Lock()
        self._operations: dict[str, Callable[[Any], Message]] = {
            "bonjour": self._bonjour,
            "poste.demarrer": self._demarrer,
            "poste.horloge": self._horloge,
            "ps.lire": self._ps_lire,
            "beneficiaire.lire": self._beneficiaire_lire,
            "facture.elaborer": self._facture_elaborer,
            "facture.signer": self._facture_signer,
            "facture.lister": self._facture_lister,
            "facture.supprimer": self._facture_supprimer,
            "dre.annuler": self._dre_annuler,
            "lot.constituer": self._lot_constituer,
            "lot.lister": self._lot_lister,
            "lot.reemettre": self._lot_reemettre,
            "lot.exporter": self._lot_exporter,
            "fichier.constituer": self._fichier_constituer,
            "transmission.envoyer": self._transmission_envoyer,
            "retours.relever": self._retours_relever,
            "absence.declarer": self._absence_declarer,
            "echeances.lister": self._echeances_lister,
            "rapprochement.bancaire": self._rapprochement_bancaire,
            "reclamation.lister": self._reclamation_lister,
            "reclamation.creer": self._reclamation_creer,
            "reclamation.transmettre": self._reclamation_transmettre,
            "au_revoir": self._au_revoir,
        }
        self._operations |= operations_droits.operations(lambda: self.poste)

    # --- envelope -----------------------------------------------------------------------------------------
    def handle(self, corps: bytes) -> bytes:
        """The answer to one request; never raises."""
        identifiant: int | str | None = None
        try:
            requete = _parse(corps)
            identifiant = _identifiant(requete)
            with self._verrou:
                resultat = self._call(requete)
            reponse: dict[str, Any] = {"jsonrpc": "2.0", "id": identifiant, "result": resultat}
        except ErreurProtocole as exc:
            erreur = {"code": exc.code, "message": exc.message} | ({} if exc.data is None else {"data": exc.data})
            reponse = {"jsonrpc": "2.0", "id": identifiant, "error": erreur}
        return json.dumps(reponse, ensure_ascii=False).encode("utf-8")

    def _call(self, requete: dict[str, Any]) -> dict[str, Any]:
        nom = requete["method"]
        operation = contrat.OPERATIONS.get(nom)
        if operation is None or nom not in self._operations:
            raise ErreurProtocole(METHODE_INCONNUE, f"opération inconnue : « {str(nom)[:80]} »")
        try:
            params = operation.params.model_validate(requete.get("params", {}))
        except ValidationError as exc:
            raise ErreurProtocole(PARAMETRES_INVALIDES, _faults(nom, exc)) from None
        try:
            resultat = self._run(operation.resultat, self._operations[nom], params)
        except ErreurProtocole:
            raise
        except Exception as exc:
            if self._poste is not None:
                self._poste.ecran.vider()  # what a broken operation showed isn't the next one's
            # Where, never what: a local variable or a message could hold the code porteur.
            ou = exc.__traceback__
            while ou is not None and ou.tb_next is not None:
                ou = ou.tb_next
            place = f"{Path(ou.tb_frame.f_code.co_filename).name}:{ou.tb_lineno}" if ou else "?"
            journal.error("panne dans %s : %s à %s", nom, type(exc).__name__, place)
            raise ErreurProtocole(
                ERREUR_INTERNE, f"panne du progiciel dans {nom} ({type(exc).__name__}, {place})"
            ) from None
        return resultat.model_dump(mode="json")

    def _run(self, attendu: type[M], operation: Callable[[Any], Message], params: Message) -> Message:
        """Runs an operation; whatever was shown or printed goes with the answer, refusals included."""
        try:
            reponse = operation(params)
        except Refus as exc:
            if self._poste is not None:
                self._poste.ecran.refuser(exc.motif)
            reponse = attendu.model_validate({"issue": "refus", "motif": exc.motif, "code_retour": exc.code_retour})
        if self._poste is None or not isinstance(reponse, contrat.Reponse):
            return reponse
        affichages, documents = self._poste.ecran.vider()
        return reponse.model_copy(update={"affichages": affichages, "documents": documents})

    @property
    def poste(self) -> Poste:
        """The started workstation. Raises Refus before « poste.demarrer »."""
        if self._poste is None:
            raise Refus("poste non démarré ; appeler d'abord poste.demarrer")
        return self._poste

    # --- session ------------------------------------------------------------------------------------------
    def _bonjour(self, params: contrat.Bonjour) -> Message:
        if params.protocole.partition(".")[0] != contrat.VERSION.partition(".")[0]:
            raise ErreurProtocole(
                VERSION_REFUSEE,
                f"version {params.protocole[:20]} du protocole non parlée ici ; version parlée : {contrat.VERSION}",
                {"versions": [contrat.VERSION]},
            )
        return contrat.Presentation(
            protocole=contrat.VERSION,
            produit=PRODUIT,
            version=VERSION,
            editeur=EDITEUR,
            operations=tuple(self._operations),
            profil=PROFIL,
        )

    def _demarrer(self, params: contrat.PosteDemarrer) -> Message:
        self._fermer()
        poste = Poste(
            Path(params.dossier),
            params.environnement,
            params.parametrage,
            HorlogeVirtuelle(_instant(params.maintenant)),
            graine=params.graine,
            pack=self._pack,
        )
        if self._mutant is not None:
            self._mutant.appliquer(poste)
        self._poste = poste
        poste.ouvrir(mode_test=params.parametrage.mode_test)
        return contrat.Reponse()

    def _horloge(self, params: contrat.PosteHorloge) -> Message:
        try:
            self.poste.horloge.set(_instant(params.maintenant))
        except ValueError as exc:
            raise ErreurProtocole(PARAMETRES_INVALIDES, str(exc)) from None
        return contrat.Reponse()

    def _au_revoir(self, params: contrat.AuRevoir) -> Message:
        self._fermer()
        self.termine = True
        return contrat.JournalEcrit()

    def _fermer(self) -> None:
        poste, self._poste = self._poste, None
        if poste is not None:
            poste.fermer()

    # --- acquisition --------------------------------------------------------------------------------------
    def _ps_lire(self, params: contrat.PsLire) -> Message:
        ps = self.poste.acquisition_ps.lire(params.code_porteur, params.numero_situation)
        self.poste.oppositions.rappeler()
        return contrat.PsLu(
            numero_national=ps.numero_national,
            nom=ps.nom,
            prenom=ps.prenom,
            type_carte=ps.type_carte,
            situations=tuple(rendu.situation(s) for s in ps.situations),
        )

    def _beneficiaire_lire(self, params: contrat.BeneficiaireLire) -> Message:
        acquisition = self.poste.acquisition_beneficiaire
        if params.support == APCV:
            droits = self.poste.acquisition_apcv.lire(params.code_porteur)
        else:
            jour = date.fromisoformat(params.date_consultation) if params.date_consultation else None
            droits = acquisition.lire(jour, params.code_porteur)
        return contrat.DroitsLus(
            nir_assure=droits.nir_assure,
            regime=droits.regime,
            caisse=droits.caisse,
            centre=droits.centre,
            fin_validite=droits.fin_validite.isoformat() if droits.fin_validite else "",
            beneficiaires=tuple(rendu.beneficiaire(b) for b in droits.beneficiaires),
            support=droits.support,
            support_droits="" if droits.support == APCV else droits.support_droits,
            fin_contexte=droits.fin_contexte.isoformat() if droits.fin_contexte else "",
            demonstration=acquisition.reconnaitre_demonstration(droits),
        )

    # --- invoices -----------------------------------------------------------------------------------------
    def _facture_elaborer(self, params: contrat.FactureElaborer) -> Message:
        faites = self.poste.elaboration.elaborer(params)
        return contrat.FacturesRendues(factures=tuple(rendu.facture(f) for f in faites))

    def _facture_signer(self, params: contrat.FactureSigner) -> Message:
        signees = self.poste.secondes_signatures.signer(params.numeros, params.code_porteur)
        return contrat.FacturesRendues(factures=tuple(rendu.facture(f) for f in signees))

    def _facture_lister(self, params: contrat.FactureLister) -> Message:
        return contrat.FacturesRendues(
            factures=tuple(rendu.facture(f) for f in self.poste.factures.toutes(params.statut))
        )

    def _facture_supprimer(self, params: contrat.FactureSupprimer) -> Message:
        supprimees = self.poste.suppression.supprimer(params.numero)
        return contrat.FacturesRendues(factures=tuple(rendu.facture(f) for f in supprimees))

    def _dre_annuler(self, params: contrat.DreAnnuler) -> Message:
        faites = self.poste.annulation.annuler(params)
        return contrat.FacturesRendues(factures=tuple(rendu.facture(f) for f in faites))

    # --- lots, files, transmission, returns ---------------------------------------------------------------
    def _lot_constituer(self, params: contrat.LotConstituer) -> Message:
        faits = self.poste.constitution_lots.constituer(params.code_porteur)
        return contrat.LotsRendus(lots=tuple(rendu.lot(lot) for lot in faits))

    def _lot_lister(self, params: contrat.LotLister) -> Message:
        poste = self.poste
        poste.echeances.rappeler()
        lots = poste.lots.tous()
        if params.reference is not None:
            lots = tuple(lot for lot in lots if lot.reference == params.reference)
        return contrat.LotsRendus(lots=tuple(rendu.lot(lot) for lot in lots))

    def _lot_reemettre(self, params: contrat.LotReemettre) -> Message:
        faits = self.poste.reemission.reemettre(params.reference, params.sans_factures, params.code_porteur)
        return contrat.LotsRendus(lots=tuple(rendu.lot(lot) for lot in faits))

    def _lot_exporter(self, params: contrat.LotExporter) -> Message:
        nom, contenu = self.poste.reemission.exporter(params.reference)
        return contrat.FichierExporte(nom=nom, contenu_base64=base64.b64encode(contenu).decode("ascii"))

    def _fichier_constituer(self, params: contrat.FichierConstituer) -> Message:
        poste = self.poste
        faits = poste.constitution_fichiers.constituer()
        return contrat.FichiersRendus(
            fichiers=tuple(rendu.fichier(f, tuple(lot.reference for lot in poste.lots.par_ids(f.lots))) for f in faits)
        )

    def _transmission_envoyer(self, params: contrat.TransmissionEnvoyer) -> Message:
        """Returns are collected before files leave (SV-4.2.4-06); they are shown by « retours.relever »."""
        poste = self.poste
        try:
            nouveaux = poste.relever_avant_envoi()
            if nouveaux:
                poste.ecran.informer(f"{nouveaux} message(s) reçu(s) avant la transmission")
        except ReseauIndisponible as exc:
            poste.ecran.alerter(f"Retours non relevés avant la transmission : {exc}")
        poste.rappeler_avant_envoi()
        return contrat.Transmission(messages=poste.transmission.envoyer())

    def _retours_relever(self, params: contrat.RetoursRelever) -> Message:
        poste = self.poste
        try:
            poste.reception.collecter()
            if poste.oppositions.boite != poste.oppositions.boite_de_facturation:
                poste.relever_oppositions()
        except ReseauIndisponible as exc:
            poste.ecran.alerter(f"Retours à relever plus tard : {exc}")
        poste.oppositions.rappeler()
        return contrat.Retours(retours=tuple(rendu.retour(r) for r in poste.reception.presenter()))

    # --- deadlines ----------------------------------------------------------------------------------------
    def _absence_declarer(self, params: contrat.AbsenceDeclarer) -> Message:
        du, au = date.fromisoformat(params.du), date.fromisoformat(params.au)
        if au < du:
            raise Refus(f"absence du {params.du} au {params.au} : la fin précède le début")
        self.poste.absences.declarer(du, au)
        return contrat.Reponse()

    def _echeances_lister(self, params: contrat.EcheancesLister) -> Message:
        return contrat.Echeances(echeances=tuple(rendu.echeance(e) for e in self.poste.echeances.toutes()))

    def _rapprochement_bancaire(self, params: contrat.RapprochementBancaire) -> Message:
        virements = [(date.fromisoformat(v.date), v.montant) for v in params.virements]
        lus, attendus = self.poste.rapprocher_banque(virements)
        return contrat.Rapprochement(
            virements=tuple(rendu.virement(v) for v in lus),
            attendus=tuple(contrat.VirementReleve(date=p.date.isoformat(), montant=p.montant) for p in attendus),
        )

    # --- claims -------------------------------------------------------------------------------------------
    def _reclamation_lister(self, params: contrat.ReclamationLister) -> Message:
        return rendu.reclamations(self.poste.reclamations.candidates(), self.poste.rapports, self.poste.factures)

    def _reclamation_creer(self, params: contrat.ReclamationCreer) -> Message:
        self.poste.reclamations.creer(params.numero, params.type)
        return rendu.reclamations((), self.poste.rapports, self.poste.factures)

    def _reclamation_transmettre(self, params: contrat.ReclamationTransmettre) -> Message:
        return contrat.Transmission(messages=self.poste.reclamations.transmettre())


def creer(*, mutant: str = "") -> Adaptateur:
    """An adapter over a fresh reference LPS, or over one of its faulty variants. Raises ValueError when unknown."""
    if not mutant:
        return Adaptateur()
    from reference.mutants import MUTANTS  # noqa: PLC0415 -- heavy, and of no use to a sound LPS

    if mutant not in MUTANTS:
        raise ValueError(f"mutant inconnu : « {mutant} » ; connus : {', '.join(MUTANTS)}")
    return Adaptateur(MUTANTS[mutant])


# --- requests ---------------------------------------------------------------------------------------------
def _refuse_constant(texte: str) -> None:
    raise ValueError(texte)


def _parse(corps: bytes) -> dict[str, Any]:
    if len(corps) > MAX_OCTETS:
        raise ErreurProtocole(REQUETE_INVALIDE, f"requête de plus de {MAX_OCTETS} octets")
    try:
        requete = json.loads(corps.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ErreurProtocole(ERREUR_ANALYSE, "la requête n'est pas du JSON en UTF-8") from None
    if not isinstance(requete, dict):
        raise ErreurProtocole(REQUETE_INVALIDE, "une requête JSON-RPC est un objet")
    return requete


def _identifiant(requete: dict[str, Any]) -> int | str:
    identifiant = requete.get("id")
    if isinstance(identifiant, bool) or not isinstance(identifiant, int | str):
        raise ErreurProtocole(REQUETE_INVALIDE, "« id » (entier ou texte) est obligatoire")
    if requete.get("jsonrpc") != "2.0" or not isinstance(requete.get("method"), str):
        raise ErreurProtocole(REQUETE_INVALIDE, "« jsonrpc » vaut « 2.0 », « method » est un texte")
    if not isinstance(requete.get("params", {}), dict):
        raise ErreurProtocole(PARAMETRES_INVALIDES, "« params » est un objet : les paramètres sont nommés")
    return identifiant


def _faults(nom: str, exc: ValidationError) -> str:
    """Which parameters are wrong, without their values."""
    champs = sorted({".".join(str(e) for e in faute["loc"]) or nom for faute in exc.errors(include_input=False)})
    return f"paramètres de {nom} incorrects : {', '.join(champs[:10])}"


def _instant(texte: str) -> datetime:
    try:
        return datetime.fromisoformat(texte)
    except ValueError:
        raise ErreurProtocole(PARAMETRES_INVALIDES, "« maintenant » : instant ISO 8601 attendu") from None
