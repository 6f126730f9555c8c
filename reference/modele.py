"""The words of the cabinet: people, rights, prestations, amounts. Frozen values, no behaviour beyond their own dates.

Amounts are integer centimes, dates ``datetime.date``. A birth is text: on a card its date may be lunar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

CARTE_VITALE = "carte_vitale"
APCV = "apcv"
SAISIE = "saisie"
ADR = "adr"


@dataclass(frozen=True, slots=True)
class SituationFacturation:
    """One situation of practice and billing of the PS (data group 2, cdc §4.2.1.2.1)."""

    numero: str
    numero_facturation: str
    cle_facturation: str
    specialite: str
    code_conventionnel: str
    zone_tarifaire: str
    zone_ik: str
    agrements: tuple[str, str, str]
    raison_sociale: str
    mode_exercice: str
    signe_factures: bool
    signe_lots: bool

    @property
    def significative(self) -> bool:
        """Whether its conventional data mean something: not so for suppliers and health centres (cdc §3.2.1.7)."""
        return self.specialite not in ("", "00") and bool(self.zone_tarifaire)


@dataclass(frozen=True, slots=True)
class ProfessionnelDeSante:
    """The holder of the PS's card (data group 1) and his situations."""

    type_carte: str
    numero_national: str
    civilite: str
    nom: str
    prenom: str
    situations: tuple[SituationFacturation, ...]
    rpps: str = ""


@dataclass(frozen=True, slots=True)
class Periode:
    """A period whose ends belong to it; an absent end is open."""

    debut: date | None
    fin: date | None

    def contient(self, jour: date) -> bool:
        """Whether ``jour`` falls within the period."""
        return (self.debut is None or self.debut <= jour) and (self.fin is None or jour <= self.fin)


@dataclass(frozen=True, slots=True)
class Couverture:
    """A period of AMO cover: ALD code and situation code (data group 106)."""

    periode: Periode
    code_ald: str
    code_situation: str


@dataclass(frozen=True, slots=True)
class Complementaire:
    """A complementary insurer as a support or the PS gives it (data groups 107 and 109).

    ``nature``: mutuelle (single management) or amc (separate management).
    """

    nature: str
    numero: str
    numero_adherent: str = ""
    indicateur_traitement: str = ""
    type_contrat: str = ""
    periodes: tuple[Periode, ...] = ()
    code_routage: str = ""
    identifiant_hote: str = ""
    domaine: str = ""

    def couvre(self, jour: date) -> bool:
        """Whether the contract runs on that day; without any period, what was typed is trusted."""
        return not self.periodes or any(p.contient(jour) for p in self.periodes)


@dataclass(frozen=True, slots=True)
class Beneficiaire:
    """A person who receives care (data group 104 and those that follow it). ``service``: code of his AMO service."""

    nom: str
    prenom: str
    naissance: str
    rang: str
    qualite: str
    nir: str = ""
    cle_nir: str = ""
    droits: tuple[Periode, ...] = ()
    couvertures: tuple[Couverture, ...] = ()
    service: str = ""
    service_periode: Periode | None = None
    complementaires: tuple[Complementaire, ...] = ()

    def couverture_au(self, jour: date) -> Couverture | None:
        """The cover in force on that day."""
        return next((c for c in self.couvertures if c.periode.contient(jour)), None)


@dataclass(frozen=True, slots=True)
class Droits:
    """What a support of rights says: the insured person, the AMO organisation, the beneficiaries (cdc §4.2.1.3).

    ``support``: the one that identifies (card, ApCV, typed); ``support_droits``: the one whose AMO rights are used.
    ``serie``: serial number of the Vitale card; ``piece_amo``: nature of proof that ADR gave.
    """

    support: str
    nir_assure: str
    cle_assure: str
    regime: str
    caisse: str
    centre: str
    code_gestion: str
    beneficiaires: tuple[Beneficiaire, ...]
    fin_validite: date | None = None
    situation: str = ""
    contexte: str = ""
    fin_contexte: datetime | None = None
    serie: str = ""
    source_droits: str = ""
    piece_amo: str = ""
    ame: Periode | None = None

    @property
    def support_droits(self) -> str:
        """Where the AMO rights come from (SV-4.2.1.3.1-06)."""
        return self.source_droits or self.support

    @property
    def organisme(self) -> tuple[str, str, str]:
        """Régime, caisse, centre."""
        return self.regime, self.caisse, self.centre


@dataclass(frozen=True, slots=True)
class PrestationTarifee:
    """A prestation and everything its pricing gave; amounts in centimes, ``taux`` in per cent."""

    code: str
    date_soins: date
    quantite: int
    coefficient: str
    prix_unitaire: int
    honoraires: int
    base_remboursement: int
    taux: int
    montant_amo: int
    montant_amc: int
    justificatif_exoneration: str
    qualificatif_depense: str
    lieu: str


@dataclass(frozen=True, slots=True)
class Totaux:
    """Sums of an invoice, in centimes. ``assure``: what the patient pays at the desk."""

    total: int
    amo: int
    amc: int
    assure: int


@dataclass(frozen=True, slots=True)
class AdresseAmc:
    """The three pieces of a DRE's address; they always come from one support (cdc §4.2.1.12.2.2)."""

    code_routage: str
    identifiant_hote: str
    domaine: str

    @property
    def complete(self) -> bool:
        """Whether the three are present, without which no DRE leaves."""
        return bool(self.code_routage and self.identifiant_hote and self.domaine)
