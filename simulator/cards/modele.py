"""What is written on a card, as data: the image files of fictitious people and what reading gives back.

Fields follow the order and names of the SSV's groups 1, 2 and 101 to 109 (public: SSV/FSV 1.40.3.2
programming notes, 2005), so that a service can fill these groups one for one. Dates are ISO; a birth date is
an AAAAMMJJ text because lunar dates (month 13 to 20, day 00) are not calendar dates.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from norms import chargement
from simulator.cards.identites import (
    check_nir,
    check_test_identifier,
    check_test_nir,
    luhn_key,
)

MAX_BENEFICIAIRES = 6  # hypothese: the SSV returns at most six groups 104


def _latin(texte: object) -> object:
    if isinstance(texte, str):
        try:
            texte.encode("iso-8859-15")
        except UnicodeEncodeError as exc:
            raise ValueError(f"le caractère « {texte[exc.start]} » n'existe pas sur une carte") from exc
    return texte


Texte = Annotated[str, BeforeValidator(_latin), Field(max_length=80)]
Numerique = Annotated[str, Field(pattern=r"^[0-9]*$", max_length=14)]


class Base(BaseModel):
    """A frozen record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Periode(Base):
    """A period, both ends included; a missing end is open."""

    debut: date | None = None
    fin: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.debut and self.fin and self.fin < self.debut:
            raise ValueError(f"la période finit ({self.fin}) avant de commencer ({self.debut})")
        return self

    def includes(self, jour: date) -> bool:
        return (self.debut is None or self.debut <= jour) and (self.fin is None or jour <= self.fin)


class ServiceAmo(Periode):
    """AMO service: 00 none, 01 C2S managed by the AMO, 02 AMC by convention, 03 AMC, 10 leaver."""

    code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "00"


class Couverture(Periode):
    """A cover (group 106): ALD code and situation code."""

    code_ald: Annotated[str, Field(pattern=r"^[0-9A-Z]$")] = "0"
    code_situation: Annotated[str, Field(pattern=r"^[0-9]{4}$")] = "0100"


class AccidentDuTravail(Base):
    """One work accident (group 103): managing body, BGDH code, identifier."""

    organisme: Annotated[str, Field(pattern=r"^[0-9]{9}$")]
    code_bgdh: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,4}$")] = ""
    identifiant: Annotated[str, Field(pattern=r"^[0-9]{0,9}$")] = ""


class Formulaire(Periode):
    """What a card holds for a European form (E 111, E 112, E 128); the content is free text (hypothese)."""

    contenu: Texte = ""


class Adresse(Base):
    """Five lines, the last one is the postcode and the town (group 104, fields 4 to 8)."""

    ligne1: Texte = ""
    ligne2: Texte = ""
    ligne3: Texte = ""
    ligne4: Texte = ""
    localite: Texte = ""


class Mutuelle(Base):
    """The complementary cover managed by the AMO, "gestion unique" (groups 107 and 108)."""

    numero: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,10}$")]
    garanties_effectives: Annotated[str, Field(pattern=r"^[0-9A-Z ]{0,8}$")] = ""
    indicateur_traitement: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "00"
    type_services: Annotated[str, Field(pattern=r"^[0-9A-Z ]?$")] = ""
    services_contrat: Annotated[str, Field(max_length=17)] = ""
    aiguillage_sts: Annotated[str, Field(pattern=r"^[0-9A-Z ]?$")] = ""
    droits: Annotated[tuple[Periode, ...], Field(max_length=3)] = ()


class Amc(Periode):
    """The complementary cover managed by an AMC body, "gestion séparée" (group 109)."""

    numero_b2: Annotated[str, Field(pattern=r"^[0-9A-Z]{8,10}$")]
    numero_edi: Annotated[str, Field(max_length=19)] = ""
    numero_adherent: Texte = ""
    indicateur_traitement: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "00"
    code_routage: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,2}$")] = ""
    identifiant_hote: Annotated[str, Field(max_length=3)] = ""
    domaine: Annotated[str, Field(max_length=20)] = ""
    aiguillage_sts: Annotated[str, Field(pattern=r"^[0-9A-Z ]?$")] = ""
    type_services: Annotated[str, Field(pattern=r"^[0-9A-Z ]?$")] = ""
    services_contrat: Annotated[str, Field(max_length=17)] = ""


class Assure(Base):
    """The policy holder and the body that manages the rights (group 101, fields 7 to 14)."""

    nom: Texte
    prenom: Texte
    nom_patronymique: Texte = ""
    type_porteur: Annotated[str, Field(pattern=r"^[A-Z]$")] = "A"
    nir: Annotated[str, Field(pattern=r"^[0-9]{6}[0-9AB][0-9]{6}$")]
    cle: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    regime: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    caisse: Annotated[str, Field(pattern=r"^[0-9]{3}$")]
    centre: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    code_gestion: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    ruf_famille: Annotated[str, Field(max_length=2)] = ""

    @model_validator(mode="after")
    def _nir(self) -> Self:
        check_nir(self.nir, self.cle)
        return self


class Beneficiaire(Base):
    """One person of the card (group 104) with the groups 105 to 109 that depend on it."""

    nom_usuel: Texte
    nom_patronymique: Texte = ""
    prenom: Texte
    adresse: Adresse | None = None
    nir_certifie: Annotated[str, Field(pattern=r"^([0-9]{6}[0-9AB][0-9]{6})?$")] = ""
    cle_nir_certifie: Annotated[str, Field(pattern=r"^([0-9]{2})?$")] = ""
    date_certification: date | None = None
    naissance: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    rang: Annotated[str, Field(pattern=r"^[1-9]$")] = "1"
    qualite: Annotated[str, Field(pattern=r"^[0-9]$")] = "0"
    service_amo: ServiceAmo | None = None
    ruf: Annotated[str, Field(max_length=2)] = ""
    droits_amo: Annotated[tuple[Periode, ...], Field(max_length=3)] = ()
    couverture: Annotated[tuple[Couverture, ...], Field(max_length=7)] = ()
    mutuelle: Mutuelle | None = None
    amc: Amc | None = None
    zone_commune: Texte = ""
    netlink: Texte = ""

    @model_validator(mode="after")
    def _certified(self) -> Self:
        if bool(self.nir_certifie) != bool(self.cle_nir_certifie):
            raise ValueError("le NIR certifié va avec sa clé : donner les deux ou aucun")
        if self.nir_certifie:
            check_nir(self.nir_certifie, self.cle_nir_certifie)
        return self


class ContenuVitale(Base):
    """What a Vitale card holds (groups 101 to 111)."""

    profil: str = "vitale_2"
    carte_de_test: bool = True
    numero_serie: Annotated[str, Field(pattern=r"^[0-9]{10,20}$")]
    debut_validite: date | None = None
    fin_validite: date | None = None
    ruf1: Annotated[str, Field(max_length=2)] = ""
    ruf2: Annotated[str, Field(max_length=2)] = ""
    ruf_administration: Annotated[str, Field(max_length=2)] = ""
    assure: Assure
    service_amo_famille: ServiceAmo | None = None
    couverture_famille: Annotated[tuple[Couverture, ...], Field(max_length=7)] = ()
    accidents_du_travail: Annotated[tuple[AccidentDuTravail, ...], Field(max_length=3)] = ()
    e111: Formulaire | None = None
    e112: Formulaire | None = None
    e128: Formulaire | None = None
    transcard: Texte = ""
    beneficiaires: Annotated[tuple[Beneficiaire, ...], Field(min_length=1, max_length=MAX_BENEFICIAIRES)]

    @property
    def type_carte(self) -> str:
        """Group 101 field 1: T for a test card, R for a real one (public: SSV test fixtures; R is a hypothese)."""
        return "T" if self.carte_de_test else "R"

    def expired(self, jour: date) -> bool:
        """Whether the card may no longer be used on ``jour``."""
        return self.fin_validite is not None and self.fin_validite < jour


class ImageVitale(ContenuVitale):
    """The data file of a Vitale card; only fictitious people are accepted."""

    but: Annotated[str, Field(min_length=10, max_length=200)]

    @model_validator(mode="after")
    def _fictitious(self) -> Self:
        check_test_nir(self.assure.nir)
        for beneficiaire in self.beneficiaires:
            if beneficiaire.nir_certifie:
                check_test_nir(beneficiaire.nir_certifie)
        return self


class Situation(Base):
    """A practice and billing situation of a health professional (group 2)."""

    numero_logique: Annotated[str, Field(pattern=r"^[0-9]{1,2}$")]
    mode_exercice: Annotated[str, Field(pattern=r"^[0-9]{1,2}$")] = "0"
    statut_exercice: Annotated[str, Field(pattern=r"^[0-9]{0,3}$")] = ""
    secteur_activite: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,3}$")] = ""
    type_structure: Annotated[str, Field(pattern=r"^[0-9]?$")] = ""
    numero_structure: Annotated[str, Field(pattern=r"^[0-9A-Z]{0,14}$")] = ""
    cle_structure: Annotated[str, Field(pattern=r"^[0-9]?$")] = ""
    raison_sociale: Texte = ""
    numero_facturation: Annotated[str, Field(pattern=r"^([0-9A-Z]{8})?$")] = ""
    cle_facturation: Annotated[str, Field(pattern=r"^[0-9]?$")] = ""
    numero_remplacant: Annotated[str, Field(pattern=r"^([0-9A-Z]{8})?$")] = ""
    cle_remplacant: Annotated[str, Field(pattern=r"^[0-9]?$")] = ""
    code_conventionnel: Annotated[str, Field(pattern=r"^[0-9]$")] = "0"
    specialite: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "01"
    zone_tarifaire: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    zone_ik: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    agrement_1: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    agrement_2: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    agrement_3: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    habilitation_facture: Annotated[str, Field(pattern=r"^[01]$")] = "1"
    habilitation_lot: Annotated[str, Field(pattern=r"^[01]$")] = "1"

    @model_validator(mode="after")
    def _keys(self) -> Self:
        for numero, cle in (
            (self.numero_facturation, self.cle_facturation),
            (self.numero_remplacant, self.cle_remplacant),
        ):
            if numero.isdigit() and cle != luhn_key(numero):
                raise ValueError(f"la clé de {numero} est {luhn_key(numero)}, pas « {cle} »")
        return self


class ContenuCps(Base):
    """What a health-professional card holds (groups 1 and 2). Type 0 CPS, 1 CPF, 2 CPE or CDE, 3 CPA, 4 CSA."""

    profil: str = "cps3"
    carte_de_test: bool = True
    numero_serie: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    debut_validite: date | None = None
    fin_validite: date | None = None
    type_carte: Annotated[str, Field(pattern=r"^[0-4]$")] = "0"
    type_identification: Annotated[str, Field(pattern=r"^[0-9]$")] = "8"
    identification: Annotated[str, Field(pattern=r"^[0-9A-Z/]{8,24}$")]
    cle_identification: Annotated[str, Field(pattern=r"^[0-9]?$")] = ""
    civilite: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    nom: Texte
    prenom: Texte = ""
    langue: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "fr"
    situations: Annotated[tuple[Situation, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _key(self) -> Self:
        if self.type_identification == "8" and self.cle_identification != luhn_key(self.identification):
            attendue = luhn_key(self.identification)
            raise ValueError(f"la clé du RPPS {self.identification} est {attendue}")
        return self


class ImageCps(ContenuCps):
    """The data file of a health-professional card; only fictitious people are accepted."""

    but: Annotated[str, Field(min_length=10, max_length=200)]
    code_porteur: Annotated[str, Field(pattern=r"^[0-9]{4}$", repr=False)] = "1234"
    code_deblocage: Annotated[str, Field(pattern=r"^[0-9]{8}$", repr=False)] = "12345678"

    @model_validator(mode="after")
    def _fictitious(self) -> Self:
        check_test_identifier(self.type_identification, self.identification)
        for situation in self.situations:
            if situation.numero_facturation:
                check_test_identifier("0", situation.numero_facturation)
        return self


Modele = TypeVar("Modele", bound=BaseModel)


def validate(document: chargement.Document, modele: type[Modele]) -> Modele:
    """Validates a loaded document. Raises ErreurChargement with the position of the first fault."""
    try:
        return modele.model_validate(document.donnees)
    except ValidationError as exc:
        faute = exc.errors()[0]
        raise document.erreur(faute["loc"], _explain(faute)) from exc


def explain(erreur: ValidationError) -> str:
    """The first fault of a validation, in French, with the path of the field."""
    faute = erreur.errors()[0]
    return f"{'.'.join(str(x) for x in faute['loc'])} : {_explain(faute)}"


_MESSAGES = {
    "missing": "champ obligatoire absent ; l'ajouter",
    "extra_forbidden": "champ inconnu de ce modèle ; corriger son nom ou l'enlever",
    "string_pattern_mismatch": "forme inattendue",
    "string_too_long": "trop long",
    "string_too_short": "trop court",
    "too_long": "trop d'éléments",
    "too_short": "pas assez d'éléments",
    "date_from_datetime_parsing": "date attendue sous la forme AAAA-MM-JJ",
    "date_parsing": "date attendue sous la forme AAAA-MM-JJ",
    "bool_parsing": "« true » ou « false » attendu",
    "tuple_type": "liste attendue",
}


def _explain(faute: Any) -> str:
    champ = faute["loc"][-1] if faute["loc"] else "document"
    if faute["type"] == "value_error":
        return f"{champ} : {faute['ctx']['error']}"
    message = _MESSAGES.get(faute["type"], faute["msg"])
    borne = next((f" ({k} : {v})" for k, v in (faute.get("ctx") or {}).items()), "")
    valeur = faute["input"]
    lu = f" ; lu : « {valeur} »" if isinstance(valeur, str) and faute["type"] != "missing" else ""
    return f"{champ} : {message}{borne}{lu}"


def load_vitale(chemin: Path) -> ImageVitale:
    """Loads the data file of a Vitale card. Raises ErreurChargement."""
    return _load(chemin, ImageVitale)


def load_cps(chemin: Path) -> ImageCps:
    """Loads the data file of a health-professional card. Raises ErreurChargement."""
    return _load(chemin, ImageCps)


def _load(chemin: Path, modele: type[Modele]) -> Modele:
    """A file is parsed again only when it has changed: each world reads the whole population."""
    try:
        etat = chemin.stat()
    except OSError:
        return validate(chargement.load(chemin), modele)  # which says what is wrong
    return cast(Modele, _parse(chemin, etat.st_mtime_ns, etat.st_size, modele))


@lru_cache(maxsize=512)
def _parse(chemin: Path, _modifie: int, _taille: int, modele: type[BaseModel]) -> BaseModel:
    return validate(chargement.load(chemin), modele)
