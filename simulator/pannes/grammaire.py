"""The grammar of faults: what, whom, when, how many times. One flat model; a table says what goes with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from norms.calendrier import Calendrier
from norms.contrat.ports import PARIS

Quoi = Literal[
    "refuser_connexion",
    "repondre",
    "couper_donnees",
    "ralentir",
    "se_taire",
    "boite_pleine",
    "perdre",
    "dupliquer",
    "corrompre",
    "retarder",
    "intervertir",
    "non_remise",
    "site_indisponible",
    "mauvaise_cle",
    "arl_autre_lot",
    "arl_contradictoire",
    "rsp_avant_arl",
]
Sens = Literal["emission", "retour"]
Famille = Literal["transport", "acheminement", "organisme"]
NatureRetour = Literal["ARL", "RSP", "SERVICE", "DSN", "ART", "DLOI", "TABLE"]
TOUS = "*"
#: Verbs at which a server may be told to answer; « . » is the end of DATA.
VERBES_SMTP = ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", ".", "RSET", "NOOP", "QUIT")
VERBES_POP3 = ("CAPA", "STLS", "USER", "PASS", "APOP", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "QUIT")
#: Verbs at which the SMTP server knows the recipient.
VERBES_DESTINATAIRE = ("RCPT", "DATA", ".")
DELAIS = ("jours_ouvres", "jours", "heures", "minutes")
COMMUNS = frozenset({"quoi", "nom", "sens", "qui", "quand", "fois"})


@dataclass(frozen=True, slots=True)
class Sorte:
    """What one kind of fault admits: directions (the first is the default), parameters, those it needs."""

    famille: Famille
    resume: str
    sens: tuple[Sens, ...] = ("emission",)
    parametres: tuple[str, ...] = ()
    requis: tuple[str, ...] = ()
    qui: bool = True


_DEUX: tuple[Sens, ...] = ("emission", "retour")

#: Every kind of fault, in the order of docs/pannes.md.
SORTES: Mapping[Quoi, Sorte] = MappingProxyType(
    {
        "refuser_connexion": Sorte(
            "transport", "La connexion est fermée aussitôt, après « code texte » si un code est donné.",
            _DEUX, ("code", "texte"), qui=False,
        ),
        "repondre": Sorte(
            "transport", "Le serveur répond 4xx ou 5xx (-ERR en réception) au verbe visé.",
            _DEUX, ("verbe", "code", "texte"), ("verbe",),
        ),
        "couper_donnees": Sorte(
            "transport", "La connexion tombe après tant d'octets de DATA (ou du message relevé).", _DEUX, ("octets",),
        ),
        "ralentir": Sorte(
            "transport", "Pendant une session, les réponses partent par morceaux de tant d'octets (1 par défaut).",
            _DEUX, ("octets",), qui=False,
        ),
        "se_taire": Sorte(
            "transport", "À partir du verbe visé, le serveur ne répond plus : au LPS de renoncer.", _DEUX, ("verbe",),
        ),
        "boite_pleine": Sorte(
            "acheminement",
            "Boîte pleine : 452 au RCPT ; au retour, nouvel essai à chaque heure virtuelle, pendant cinq jours.",
            _DEUX, ("nature",),
        ),
        "perdre": Sorte("acheminement", "Le message accepté, ou le retour, n'arrive jamais.", _DEUX, ("nature",)),
        "dupliquer": Sorte("acheminement", "Il arrive deux fois.", _DEUX, ("nature",)),
        "corrompre": Sorte(
            "acheminement", "Seize octets sont abîmés à la position donnée (au milieu par défaut).",
            _DEUX, ("octets", "nature"),
        ),
        "retarder": Sorte(
            "acheminement", "Il arrive quand l'horloge virtuelle a avancé d'autant.", _DEUX, (*DELAIS, "nature"),
        ),
        "intervertir": Sorte("acheminement", "Il arrive après le suivant.", _DEUX, ("nature",)),
        "non_remise": Sorte(
            "acheminement", "Il n'est pas remis ; le réseau envoie un avis de non-remise (RFC 3464).",
            ("emission",), ("statut", "texte", *DELAIS),
        ),
        "site_indisponible": Sorte(
            "acheminement", "L'opérateur envoie un AR_P, puis remet le message le délai passé.",
            ("emission",), DELAIS,
        ),
        "mauvaise_cle": Sorte("organisme", "L'organisme déchiffre avec une clé qui n'est pas la sienne."),
        "arl_autre_lot": Sorte(
            "organisme", "L'ARL porte la référence d'un autre lot (jamais reçu par défaut).", parametres=("reference",),
        ),
        "arl_contradictoire": Sorte(
            "organisme", "L'ARL est suivi d'un second ARL du même lot, de sens contraire.",
            parametres=("arl_code", "arl_libelle"),
        ),
        "rsp_avant_arl": Sorte("organisme", "Les RSP des lots acceptés partent avant leur ARL."),
    }
)  # fmt: skip
#: Faults that only make sense with a delay.
_AVEC_DELAI = ("retarder", "site_indisponible")


class Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quand(Modele):
    """When a fault strikes: occasions let through first, virtual time from ``du`` to ``au`` (excluded)."""

    apres: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    du: datetime | None = None
    au: datetime | None = None

    @property
    def debut(self) -> datetime | None:
        return _paris(self.du)

    @property
    def fin(self) -> datetime | None:
        return _paris(self.au)


class Panne(Modele):
    """One fault. ``qui``: number of an organisation, or ``*``; ``fois``: how many times, 0 for always."""

    quoi: Quoi
    nom: Annotated[str, Field(pattern=r"^[a-z0-9]*(-[a-z0-9]+)*$", max_length=40)] = ""
    sens: Sens | None = None
    qui: Annotated[str, Field(min_length=1, max_length=40)] = TOUS
    quand: Quand = Quand()
    fois: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    nature: NatureRetour | None = Field(default=None, description="seulement ce genre de retour")
    verbe: str = ""
    code: Annotated[int, Field(ge=400, le=599)] | None = None
    texte: Annotated[str, Field(pattern=r"^[ -~]*$", max_length=200)] = ""
    octets: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    jours_ouvres: Annotated[int, Field(ge=0, le=2600)] = 0
    jours: Annotated[int, Field(ge=0, le=3660)] = 0
    heures: Annotated[int, Field(ge=0, le=87_840)] = 0
    minutes: Annotated[int, Field(ge=0, le=5_270_400)] = 0
    statut: Annotated[str, Field(pattern=r"^[45]\.[0-9]{1,3}\.[0-9]{1,3}$")] = "5.1.1"
    reference: Annotated[str, Field(pattern=r"^[0-9A-Z]{3}$")] | None = None
    arl_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    arl_libelle: Annotated[str, Field(max_length=60)] = ""

    @property
    def sorte(self) -> Sorte:
        return SORTES[self.quoi]

    @property
    def direction(self) -> Sens:
        """The direction given, else the one this kind of fault has by default."""
        return self.sens or self.sorte.sens[0]

    @property
    def differee(self) -> bool:
        """Whether a delay was given."""
        return any(getattr(self, d) for d in DELAIS)

    def echeance(self, maintenant: datetime) -> datetime:
        """The virtual instant at which its delay is over."""
        return shift(
            maintenant,
            jours=self.jours,
            heures=self.heures,
            minutes=self.minutes,
            jours_ouvres=self.jours_ouvres,
        )

    @model_validator(mode="after")
    def _check(self) -> Self:
        sorte = self.sorte
        for nom in sorted(self.model_fields_set - COMMUNS - set(sorte.parametres)):
            admis = ", ".join(sorte.parametres) or "aucun"
            raise ValueError(f"« {nom} » ne va pas avec la panne « {self.quoi} » ; paramètres admis : {admis}")
        for nom in sorte.requis:
            if not getattr(self, nom):
                raise ValueError(f"la panne « {self.quoi} » demande « {nom} »")
        if self.direction not in sorte.sens:
            raise ValueError(f"la panne « {self.quoi} » ne va que dans le sens {' ou '.join(sorte.sens)}")
        if self.quoi in _AVEC_DELAI and not self.differee:
            raise ValueError(f"la panne « {self.quoi} » demande un délai : {', '.join(DELAIS)}")
        if self.nature and self.direction != "retour":
            raise ValueError("« nature » choisit parmi les retours : écrire aussi « sens: retour »")
        if self.quand.debut and self.quand.fin and self.quand.fin <= self.quand.debut:
            raise ValueError("« quand » : « au » vient après « du »")
        self._check_verb()
        self._check_whom()
        return self

    def _check_verb(self) -> None:
        verbes = VERBES_SMTP if self.direction == "emission" else VERBES_POP3
        if self.verbe and self.verbe.upper() not in verbes:
            raise ValueError(f"verbe « {self.verbe} » inconnu ; admis : {' '.join(verbes)}")

    def _check_whom(self) -> None:
        if self.qui == TOUS or self.sorte.famille != "transport":
            return
        vise = self.quoi == "couper_donnees" or self.verbe.upper() in VERBES_DESTINATAIRE
        if self.direction == "retour" or not vise:
            raise ValueError(
                "« qui » n'est pas encore connu du serveur à ce moment ; "
                f"le donner avec les verbes {', '.join(VERBES_DESTINATAIRE)} ou avec couper_donnees"
            )


def shift(instant: datetime, *, jours: int = 0, heures: int = 0, minutes: int = 0, jours_ouvres: int = 0) -> datetime:
    """An instant later by days, hours and minutes, then by working days (same time of the day)."""
    apres = instant + timedelta(days=jours, hours=heures, minutes=minutes)
    if jours_ouvres:
        apres += Calendrier().ajouter_jours_ouvres(apres.date(), jours_ouvres) - apres.date()
    return apres


def _paris(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=PARIS) if instant is not None and instant.tzinfo is None else instant
