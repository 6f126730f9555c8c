"""Adapter protocol: reading the PS and the beneficiary (cdc §3.2.1, §3.2.2, §4.2.1.2, §4.2.1.3)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from norms.contrat.base import Message
from norms.contrat.commun import DateIso, Reponse


class PsLire(Message):
    """cdc §4.2.1.2: reads the PS's card."""

    code_porteur: str | None = Field(default=None, repr=False)
    numero_situation: str | None = None


class SituationLue(Message):
    numero: str
    numero_facturation: str
    specialite: str
    conventionnel: str = ""
    zone_tarifaire: str = ""
    raison_sociale: str = ""


class PsLu(Reponse):
    numero_national: str = ""
    nom: str = ""
    prenom: str = ""
    type_carte: str = ""
    situations: tuple[SituationLue, ...] = ()


class BeneficiaireLire(Message):
    """cdc §4.2.1.3: acquires the beneficiaries from the given support."""

    support: Literal["carte_vitale", "apcv"] = "carte_vitale"
    code_porteur: str | None = Field(default=None, repr=False)
    date_consultation: DateIso | None = None


class BeneficiaireLu(Message):
    nom: str
    prenom: str
    naissance: str = Field(description="AAAAMMJJ, tel qu'en carte")
    rang: str
    qualite: str
    nir: str = ""


class DroitsLus(Reponse):
    nir_assure: str = ""
    regime: str = ""
    caisse: str = ""
    centre: str = ""
    fin_validite: str = ""
    beneficiaires: tuple[BeneficiaireLu, ...] = ()
    demonstration: bool = False
    support: str = Field(default="", description="support Vitale utilisé : carte_vitale, apcv")
    fin_contexte: str = Field(default="", description="fin de validité du contexte ApCV, ISO 8601")
    support_droits: str = Field(default="", description="d'où viennent les droits AMO : carte_vitale, adr, saisie")
