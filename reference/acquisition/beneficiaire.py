"""Acquisition of the beneficiary: the Vitale card, or what the PS types (cdc §4.2.1.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from norms.contrat.adaptateur import BeneficiaireSaisi
from norms.contrat.ports import Horloge
from norms.identifiants import nir_valide
from norms.ssv import Groupe
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.modele import CARTE_VITALE, SAISIE, Beneficiaire, Complementaire, Couverture, Droits, Periode
from reference.ports import Services
from reference.session import Session

#: A demonstration card is known by its régime and caisse (SV-3.4.5-01).
DEMONSTRATION = ("01", "999")


def est_demonstration(droits: Droits) -> bool:
    """Whether the card belongs to the organisation that doesn't exist (SV-3.4.5-01)."""
    return (droits.regime, droits.caisse) == DEMONSTRATION


def est_perimee(droits: Droits, jour: date) -> bool:
    """Whether the card's end of validity is past (SV-4.2.1.3-22); the last day is still good."""
    return droits.fin_validite is not None and droits.fin_validite < jour


@dataclass
class AcquisitionBeneficiaire:
    """Reads the Vitale card and shows what it holds; what an expired card says is not kept."""

    services: Services
    session: Session
    ecran: Ecran
    horloge: Horloge
    reconnaitre_demonstration: Callable[[Droits], bool] = est_demonstration
    est_perimee: Callable[[Droits, date], bool] = est_perimee
    #: Told of each card read: the opposition list holds it against its own.
    avertir: Callable[[Droits], None] = lambda _: None

    def lire(self, date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        """Reads the card in the reader and keeps it for the invoice to come. Raises Refus."""
        self.session.changer_support()
        droits = self.lire_carte(date_consultation, code_porteur)
        self.session.droits = droits
        self.session.retenir_lecture(droits, self.horloge.now().date())
        self.montrer(droits)
        self.avertir(droits)
        return droits

    def lire_carte(self, date_consultation: date | None = None, code_porteur: str | None = None) -> Droits:
        """Reads the card without keeping anything. Raises Refus when it is absent, mute or expired.

        ``code_porteur`` opens the PS's card when it isn't yet; it goes straight to the services.
        """
        aujourd_hui = self.horloge.now().date()
        jour = date_consultation or aujourd_hui
        droits = parse_droits(self.services.lire_droits_vitale(jour.strftime("%Y%m%d"), code_porteur))
        if self.est_perimee(droits, aujourd_hui):
            fin = droits.fin_validite or aujourd_hui
            raise Refus(
                f"carte Vitale périmée depuis le {fin:%d/%m/%Y} : seul le mode dégradé est possible, avec une identité "
                "issue du dossier du patient ou saisie"
            )
        return droits

    def en_cours(self, code_porteur: str | None) -> Droits:
        """The rights read for the invoice being made, read now if none were (SV-4.2.1.13-06)."""
        return self.session.droits or self.lire(code_porteur=code_porteur)

    def saisir(self, identite: BeneficiaireSaisi) -> Droits:
        """Rights from the patient's file or typed, when no support is read (cdc §3.4.1.2)."""
        if not nir_valide(identite.nir, identite.cle):
            raise Refus("NIR saisi incorrect : treize caractères et sa clé ne concordent pas ; vérifier la saisie")
        personne = Beneficiaire(identite.nom, identite.prenom, identite.naissance, identite.rang, identite.qualite)
        return Droits(
            SAISIE,
            identite.nir,
            identite.cle,
            identite.regime,
            identite.caisse,
            identite.centre,
            identite.code_gestion,
            (personne,),
            situation=identite.situation,
        )

    def montrer(self, droits: Droits) -> None:
        """SV-4.2.1.3-17, SV-4.2.1.3-18: content and origin; SV-3.4.5-02: demonstration."""
        regime, caisse, centre = droits.organisme
        self.ecran.informer(
            f"Données issues de la carte Vitale : assuré {droits.nir_assure} {droits.cle_assure}, organisme "
            f"{regime} {caisse} {centre}"
        )
        for rang, b in enumerate(droits.beneficiaires, start=1):
            self.ecran.informer(f"{rang}. {b.nom} {b.prenom}, né(e) le {b.naissance}, rang {b.rang}{decrire(b)}")
        if self.reconnaitre_demonstration(droits):
            self.ecran.alerter("Carte Vitale de démonstration : vous effectuez un flux de démonstration")
        if len(droits.beneficiaires) > 1:
            self.ecran.questionner("Carte familiale : choisir le bénéficiaire des soins par son numéro")


def decrire(b: Beneficiaire) -> str:
    """The rights of a person in words: AMO periods, covers, complementary insurers."""
    parties = [f"droits AMO {_span(p)}" for p in b.droits]
    parties += [
        f"couverture {c.code_ald}{c.code_situation} {_span(c.periode)}" + (" (ALD)" if c.code_ald != "0" else "")
        for c in b.couvertures
    ]
    parties += [f"{c.nature} {c.numero} {' '.join(_span(p) for p in c.periodes)}" for c in b.complementaires]
    return "".join(f" ; {p}" for p in parties)


def _span(p: Periode) -> str:
    debut = f"du {p.debut:%d/%m/%Y} " if p.debut else ""
    return debut + (f"au {p.fin:%d/%m/%Y}" if p.fin else "sans fin")


# --- groups 101 to 111 ------------------------------------------------------------------------------------
def parse_droits(groupes: Iterable[Groupe]) -> Droits:
    """Groups 101 to 111 as rights: groups 105 to 111 belong to the beneficiary (104) they follow."""
    assure: Groupe | None = None
    paquets: list[list[Groupe]] = []
    for g in groupes:
        if g.id == 101:
            assure = g
        elif g.id == 104:
            paquets.append([g])
        elif g.id > 104 and paquets:
            paquets[-1].append(g)
    if assure is None or not paquets:
        raise Refus(
            "la carte Vitale n'a donné ni assuré ni bénéficiaire (groupes 101 et 104) ; la présenter de nouveau"
        )
    v = assure.valeur
    return Droits(
        support=CARTE_VITALE,
        nir_assure=v("nir"),
        cle_assure=v("cle_nir"),
        regime=v("regime"),
        caisse=v("caisse"),
        centre=v("centre"),
        code_gestion=v("code_gestion"),
        beneficiaires=tuple(_beneficiary(p) for p in paquets),
        fin_validite=parse_date(v("fin_validite")),
        serie=v("numero_serie"),
    )


def _beneficiary(groupes: list[Groupe]) -> Beneficiaire:
    v = groupes[0].valeur
    suite = groupes[1:]
    return Beneficiaire(
        nom=v("nom_usuel") or v("nom_patronymique"),
        prenom=v("prenom"),
        naissance=v("date_naissance"),
        rang=v("rang_naissance"),
        qualite=v("qualite"),
        nir=v("nir_certifie"),
        cle_nir=v("cle_nir_certifie"),
        droits=tuple(_period(g) for g in suite if g.id == 105),
        couvertures=tuple(
            Couverture(_period(g), g.valeur("code_ald"), g.valeur("code_situation")) for g in suite if g.id == 106
        ),
        service=v("code_service_amo"),
        service_periode=Periode(parse_date(v("debut_service_amo")), parse_date(v("fin_service_amo"))),
        complementaires=tuple(_insurers(suite)),
    )


def _insurers(groupes: list[Groupe]) -> Iterable[Complementaire]:
    """Group 107 and its periods (108): managed with the AMO; group 109: managed apart (cdc §4.2.1.3.2)."""
    for g in groupes:
        if g.id == 107 and g.valeur("numero"):
            yield Complementaire(
                nature="mutuelle",
                numero=g.valeur("numero"),
                indicateur_traitement=g.valeur("indicateur_traitement"),
                periodes=tuple(_period(p) for p in groupes if p.id == 108),
            )
        elif g.id == 109 and (g.valeur("numero_b2") or g.valeur("numero_edi")):
            yield Complementaire(
                nature="amc",
                numero=g.valeur("numero_b2") or g.valeur("numero_edi"),
                numero_adherent=g.valeur("numero_adherent"),
                indicateur_traitement=g.valeur("indicateur_traitement"),
                periodes=(_period(g),),
                code_routage=g.valeur("code_routage"),
                identifiant_hote=g.valeur("identifiant_hote"),
                domaine=g.valeur("domaine"),
            )


def _period(g: Groupe) -> Periode:
    return Periode(parse_date(g.valeur("debut")), parse_date(g.valeur("fin")))


def parse_date(texte: str) -> date | None:
    """AAAAMMJJ as a date; None when empty or lunar."""
    try:
        return datetime.strptime(texte, "%Y%m%d").date() if texte else None  # noqa: DTZ007 - a calendar day
    except ValueError:
        return None
