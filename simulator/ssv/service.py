"""The supplied services of Assurance Maladie, simulated: functions by registered name, a log of each call.

Signatures are real (the card makes them), sensitive data really encrypted for the recipient; return codes are those of
the SSV. The physical layout of security blocks is ours (``hypothese``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from norms.contrat.base import Message, Operation
from norms.contrat.ports import Alea, Horloge
from norms.contrat.services import SERVICES, Retour, Vide
from norms.paquet import NormPack
from simulator.adr import DroitsEnLigne
from simulator.adr.service import Adr
from simulator.apcv import Portefeuille
from simulator.apcv.service import Apcv
from simulator.evenements import Emettre
from simulator.pki import TestPki
from simulator.readers.base import CardReader
from simulator.readers.equipement import Terminaux
from simulator.services.refus import SansReponse
from simulator.ssv.certificats import CertificatsDonnees, Publies
from simulator.ssv.chiffrement import Chiffrement
from simulator.ssv.contexte import Contexte
from simulator.ssv.criteres import Criteres
from simulator.ssv.divers import Divers
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.fichiers import Fichiers
from simulator.ssv.journal import Journalier
from simulator.ssv.lecture import Lecture
from simulator.ssv.lots import Lots
from simulator.ssv.mise_en_forme import MiseEnForme
from simulator.ssv.signature import Signature

PREFIXE = "ssv."
#: Functions that reach a card or a reader: they wait for the end of a series of lots (cdc §4.2.1.16.1).
EXCLUSIVES = frozenset(
    {
        "ssv.lire_carte_ps",
        "ssv.lire_droits_vitale",
        "ssv.lire_date_lecteur",
        "ssv.lister_lecteurs",
        "ssv.signer_facture_vitale",
        "ssv.signer_facture_ps",
    }
)


class ServicesSsv:
    """The services of one workstation. ``lecteurs``: resource name (``ps``, ``vitale``) -> reader.

    ``fonctions`` is what ``simulator.services.ServiceHttp`` serves; ``certificats.variantes`` puts an expired or
    revoked data encryption certificate in place, ``publies`` other attachment certificates and revocation lists.
    Without ``droits``, ADR isn't served. Not thread-safe: the HTTP service makes one call at a time.
    """

    def __init__(  # noqa: PLR0917 - the ports of one workstation
        self,
        lecteurs: Mapping[str, CardReader],
        pki: TestPki,
        pack: NormPack,
        horloge: Horloge,
        alea: Alea,
        emettre: Emettre,
        portefeuille: Portefeuille | None = None,
        droits: DroitsEnLigne | None = None,
        terminaux: Terminaux | None = None,
    ) -> None:
        self.contexte = Contexte(pack, pki, horloge, alea, lecteurs, terminaux or Terminaux())
        self.publies = Publies()
        self.certificats = CertificatsDonnees(pki, horloge, publies=self.publies)
        self._emettre = emettre
        self._journalier = Journalier(self.contexte.codec)
        self._initialise = False
        criteres = Criteres(self.contexte)
        lecture = Lecture(self.contexte)
        signature = Signature(self.contexte, lecture, criteres)
        self._lots = Lots(self.contexte, lecture, criteres)
        divers = Divers(self.contexte, self.publies)
        self._familles: dict[str, Callable[[Any], Message]] = {
            "ssv.init_lib": self._init_lib,
            "ssv.term_lib": self._term_lib,
            "ssv.lire_config": divers.lire_config,
            "ssv.lire_carte_ps": lecture.lire_carte_ps,
            "ssv.lire_droits_vitale": lecture.lire_droits_vitale,
            "ssv.lire_date_lecteur": lecture.lire_date_lecteur,
            "ssv.lister_lecteurs": divers.lister_lecteurs,
            "ssv.formater_facture": MiseEnForme(self.contexte).formater_facture,
            "ssv.chiffrer_facture": Chiffrement(self.contexte, self.certificats).chiffrer_facture,
            "ssv.signer_facture_vitale": signature.signer_facture_vitale,
            "ssv.signer_facture_ps": signature.signer_facture_ps,
            "ssv.formater_lot": self._lots.formater_lot,
            "ssv.formater_fichier": Fichiers(self.contexte, criteres).formater_fichier,
            "ssv.traduire_arl": divers.traduire_arl,
            "annuaire.certificats": divers.certificats,
        }
        self._portefeuille = portefeuille or Portefeuille()
        apcv = Apcv(self.contexte, lecture, signature, self._portefeuille)
        self._familles |= apcv.fonctions
        if droits is not None:
            adr = Adr(self.contexte, lecture, self._portefeuille, droits, apcv.people)
            self._familles["adr.interroger"] = adr.interroger
        self.registre: dict[str, Operation] = {nom: SERVICES[nom] for nom in self._familles}
        self.fonctions: dict[str, Callable[[Any], Message]] = {nom: self._bind(nom) for nom in self._familles}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.fermer()

    def fermer(self) -> None:
        """Lets go of the readers."""
        self._portefeuille.fermer()
        self.contexte.postes.close()

    # --- one call -------------------------------------------------------------------------------------------
    def appeler(self, nom: str, params: Message) -> Message:
        """Calls a function of the registry; a refusal is an answer with its return code. Emits ``appel_service``."""
        operation = self.registre[nom]
        try:
            self._check_state(nom)
            resultat = self._familles[nom](params)
        except RefusSsv as refus:
            code = self.contexte.donnees.refus.get(refus.nom, refus.nom)
            resultat = operation.resultat(code_retour=code, libelle=refus.libelle)  # type: ignore[call-arg]  # a Retour
        except SansReponse:
            sans_reponse = {"fonction": nom, "parametres": self._journalier.describe(params), "resultat": None}
            self._emettre("appel_service", {**sans_reponse, "code_retour": ""})
            raise
        self._emettre(
            "appel_service",
            {
                "fonction": nom,
                "parametres": self._journalier.describe(params),
                "resultat": self._journalier.describe(resultat),
                "code_retour": getattr(resultat, "code_retour", "0000"),
            },
        )
        return resultat

    def _bind(self, nom: str) -> Callable[[Any], Message]:
        return lambda params: self.appeler(nom, params)

    def _check_state(self, nom: str) -> None:
        if not nom.startswith(PREFIXE) or nom == "ssv.init_lib":
            return
        if not self._initialise:
            raise RefusSsv("non_initialise", "services non initialisés : appeler d'abord « ssv.init_lib »")
        if nom in EXCLUSIVES and self._lots.serie_ouverte:
            raise RefusSsv("serie_ouverte", "une série de lots est ouverte : la finir avant d'accéder aux cartes")

    def _init_lib(self, params: Vide) -> Retour:
        if self._initialise:
            raise RefusSsv("deja_initialise", "services déjà initialisés")
        self._initialise = True
        return Retour()

    def _term_lib(self, params: Vide) -> Retour:
        self._initialise = self._lots.serie_ouverte = False
        self.contexte.postes.close()
        return Retour()
