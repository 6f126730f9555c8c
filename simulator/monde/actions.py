"""What a scenario may do to the world: one small function per action, its parameters validated first (seam 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from norms.conventions import ErreurTable, NatureTable
from simulator.acteurs.bureau import ErreurActeur
from simulator.acteurs.comportement import Comportement, NatureService
from simulator.acteurs.conventions import DefautTable, ErreurEmetteur
from simulator.acteurs.francais import explain
from simulator.acteurs.oppositions import DefautLoi
from simulator.apcv.portefeuille import Defaut
from simulator.cards.modele import ImageVitale
from simulator.monde.config import ErreurMonde
from simulator.pannes.grammaire import Panne, shift
from simulator.pannes.registre import ErreurPanne
from simulator.readers.equipement import ErreurEquipement
from simulator.readers.script import Incident

if TYPE_CHECKING:
    from simulator.monde.monde import MondeSimule

NomLecteur = Literal["ps", "vitale", "ps2", "vitale2"]


class ErreurAction(ValueError):
    """An action that cannot be done: unknown, wrong parameter, or impossible now; the message says what to do."""


class Parametres(BaseModel):
    """Base of the parameters of an action."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Aucun(Parametres):
    pass


class Insertion(Parametres):
    lecteur: NomLecteur
    carte: str


class DuLecteur(Parametres):
    lecteur: NomLecteur


class RetraitApres(Parametres):
    lecteur: NomLecteur
    apdu: Annotated[int, Field(ge=1, le=1_000_000)]


class DefautCarte(Parametres):
    """``muette``, ``statut`` (with ``sw``), ``tronquer`` (with ``octets``), from the next matching APDU on.

    ``abimee``: its files can't be understood; ``clonee``: it has not the private key of its certificate;
    ``opposition``: it is entered in the opposition list. These three last as long as the card stays in.
    """

    lecteur: NomLecteur
    defaut: Literal["muette", "statut", "tronquer", "abimee", "clonee", "opposition"]
    apres_apdu: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    motif: str = "*"
    fois: Annotated[int, Field(ge=1)] | None = None
    sw: str = "6F00"
    octets: Annotated[int, Field(ge=1, le=256)] = 1


class Frappe(Parametres):
    """The PS types his code on the keypad of the reader, when it asks for it."""

    lecteur: NomLecteur = "ps"
    code: Annotated[str, Field(pattern=r"^[0-9]{4}$", repr=False)]


class Occupation(Parametres):
    """Another application holds the channel of a reader; ``tentatives``: it lets go after so many attempts."""

    lecteur: NomLecteur
    tentatives: Annotated[int, Field(ge=1, le=10_000)] | None = None


class HorlogeLecteur(Parametres):
    """How far the clock of a reader is from the time of the world, forward or back."""

    lecteur: NomLecteur
    minutes: Annotated[int, Field(ge=-5_270_400, le=5_270_400)]


class Avance(Parametres):
    jours: Annotated[int, Field(ge=0, le=3660)] = 0
    heures: Annotated[int, Field(ge=0, le=87_840)] = 0
    minutes: Annotated[int, Field(ge=0, le=5_270_400)] = 0
    jours_ouvres: Annotated[int, Field(ge=0, le=2600)] = 0

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if not (self.jours or self.heures or self.minutes or self.jours_ouvres):
            raise ValueError("donner jours, heures, minutes ou jours_ouvres")
        return self


class Reglage(Comportement):
    acteur: str


class Liquidation(Parametres):
    acteur: str = ""


class Service(Parametres):
    acteur: str
    nature: NatureService


class Presentation(Parametres):
    """The phone that holds the cards of this Vitale; ``validite_minutes``: how long a context of it lasts.

    ``beneficiaires``: who of the card is in the phone, by rank on the card, its user first; empty: everybody.
    """

    carte: str
    beneficiaires: tuple[Annotated[int, Field(ge=1, le=9)], ...] = ()
    validite_minutes: Annotated[int, Field(ge=1, le=1440)] = 30


class DefautApcv(Parametres):
    """What goes wrong with ApCV and ADR from now on; empty: all is well again.

    Authentication: ``refus`` by the user, ``silence``. Signature: ``signature_refusee``, ``signature_muette``,
    ``expire_a_la_signature`` (the context ends during the elaboration). ADR: ``adr_erreur``, ``adr_silence``.
    ``delai_ms``: every answer of the two comes that much later, real time.
    """

    defaut: Defaut = ""
    delai_ms: Annotated[int, Field(ge=0, le=60_000)] = 0


class Publication(Parametres):
    """Cards put in opposition and taken out of it, by name; the next increment of the list says so.

    ``diffuser``: it is also sent to the PS, who asked for nothing.
    """

    ajouter: tuple[str, ...] = ()
    retirer: tuple[str, ...] = ()
    diffuser: bool = False


class Diffusion(Parametres):
    """Increments already published, sent to the PS in this order, one message each."""

    numeros: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]


class DefautDistributeur(Parametres):
    """``muet``: requests stay without answer; ``altere``: files arrive cut short; empty: all is well again."""

    defaut: DefautLoi = ""


class DiffusionTable(Parametres):
    """A normed file sent to the PS: the issuer's own unless ``lignes`` are given; ``altere``: it arrives cut short."""

    emetteur: str
    nature: NatureTable
    lignes: Annotated[tuple[dict[str, str], ...], Field(max_length=10_000)] | None = None
    defaut: DefautTable = ""


class Certificats(Parametres):
    """What is on the workstation: the certificate of an organisation, the revocation list of a usage, or both."""

    usage: Literal["donnees", "piece_jointe"]
    organisme: str = ""
    certificat: Literal["valide", "renouvele", "expire", "revoque", "pas_encore_valide"] | None = None
    liste: Literal["a_jour", "perimee"] | None = None

    @model_validator(mode="after")
    def _sets(self) -> Self:
        if bool(self.organisme) != bool(self.certificat) or not (self.certificat or self.liste):
            raise ValueError("donner organisme et certificat, ou liste")
        return self


class Levee(Parametres):
    """Without a name, every fault."""

    nom: str = ""


P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the model of its parameters, what it does, what it is for."""

    params: type[BaseModel]
    faire: Callable[[MondeSimule, Any], None]
    resume: str


def _insert(monde: MondeSimule, p: Insertion) -> None:
    monde.scene.insert(p.lecteur, p.carte)


def _remove(monde: MondeSimule, p: DuLecteur) -> None:
    monde.scene.remove(p.lecteur)


def _remove_after(monde: MondeSimule, p: RetraitApres) -> None:
    # pulled out instead of answering the next one: n exchanges succeed
    monde.scene.arm(p.lecteur, Incident(action="retirer", apres_apdu=p.apdu, fois=1))


def _fault(monde: MondeSimule, p: DefautCarte) -> None:
    if p.defaut == "opposition":
        nom = monde.scene.oppose(p.lecteur)
        monde.distributeur.publier((monde.population.serie(nom),))
        return
    incident = Incident(action=p.defaut, apres_apdu=p.apres_apdu, motif=p.motif, fois=p.fois, sw=p.sw, octets=p.octets)
    monde.scene.arm(p.lecteur, incident)


def _type_code(monde: MondeSimule, p: Frappe) -> None:
    monde.terminaux.taper(p.lecteur, p.code)


def _occupy(monde: MondeSimule, p: Occupation) -> None:
    monde.terminaux.occuper(p.lecteur, p.tentatives)


def _let_go(monde: MondeSimule, p: DuLecteur) -> None:
    monde.terminaux.liberer(p.lecteur)


def _unplug(monde: MondeSimule, p: DuLecteur) -> None:
    monde.terminaux.debrancher(p.lecteur)


def _plug(monde: MondeSimule, p: DuLecteur) -> None:
    monde.terminaux.rebrancher(p.lecteur)


def _set_clock(monde: MondeSimule, p: HorlogeLecteur) -> None:
    monde.terminaux.decaler(p.lecteur, timedelta(minutes=p.minutes))


def _network_down(monde: MondeSimule, p: Aucun) -> None:
    monde.messagerie.couper()


def _network_up(monde: MondeSimule, p: Aucun) -> None:
    monde.messagerie.retablir()


def _advance(monde: MondeSimule, p: Avance) -> None:
    monde.avancer(
        shift(monde.horloge.now(), jours=p.jours, heures=p.heures, minutes=p.minutes, jours_ouvres=p.jours_ouvres)
    )


def _behave(monde: MondeSimule, p: Reglage) -> None:
    monde.bureau.regler(p.acteur, p.model_dump(exclude_unset=True, exclude={"acteur"}))


def _hold_out(monde: MondeSimule, p: Presentation) -> None:
    image = monde.population.image(p.carte)
    if not isinstance(image, ImageVitale):
        raise ErreurMonde(f"« {p.carte} » n'est pas une carte Vitale ; une ApCV porte des identités de carte Vitale")
    if p.beneficiaires:
        if max(p.beneficiaires) > len(image.beneficiaires):
            raise ErreurMonde(f"« {p.carte} » porte {len(image.beneficiaires)} bénéficiaire(s)")
        presents = tuple(image.beneficiaires[rang - 1] for rang in p.beneficiaires)
        image = image.model_copy(update={"beneficiaires": presents})
    monde.portefeuille.image, monde.portefeuille.validite = image, timedelta(minutes=p.validite_minutes)


def _apcv_fault(monde: MondeSimule, p: DefautApcv) -> None:
    monde.portefeuille.defaut, monde.portefeuille.delai_s = p.defaut, p.delai_ms / 1000


def _publish(monde: MondeSimule, p: Publication) -> None:
    serie = monde.population.serie
    dloi = monde.distributeur.publier(tuple(map(serie, p.ajouter)), tuple(map(serie, p.retirer)))
    if p.diffuser:
        monde.distributeur.diffuser((dloi.numero,), monde.adresse_ps)


def _spread(monde: MondeSimule, p: Diffusion) -> None:
    publies = len(monde.distributeur.publies)
    if max(p.numeros) > publies:
        raise ErreurMonde(f"incrément {max(p.numeros)} jamais publié ; le dernier est le {publies}")
    monde.distributeur.diffuser(p.numeros, monde.adresse_ps)


def _send_table(monde: MondeSimule, p: DiffusionTable) -> None:
    monde.tables.diffuser(p.emetteur, p.nature, monde.adresse_ps, p.lignes, p.defaut)


def _loi_fault(monde: MondeSimule, p: DefautDistributeur) -> None:
    monde.distributeur.defaut = p.defaut


def _set_certificates(monde: MondeSimule, p: Certificats) -> None:
    if p.certificat:
        if p.organisme not in {o.numero for o in monde.organismes}:
            raise ErreurMonde(f"organisme « {p.organisme} » inconnu : il n'a pas de certificat")
        en_place = monde.ssv.certificats.variantes if p.usage == "donnees" else monde.ssv.publies.piece_jointe
        en_place[p.organisme] = p.certificat
    if p.liste:
        monde.ssv.publies.listes[p.usage] = p.liste


def _settle(monde: MondeSimule, p: Liquidation) -> None:
    monde.bureau.liquider(p.acteur)


def _send_service(monde: MondeSimule, p: Service) -> None:
    monde.bureau.envoyer_service(p.acteur, p.nature)


def _put_fault(monde: MondeSimule, p: Panne) -> None:
    monde.pannes.poser(p)


def _lift_fault(monde: MondeSimule, p: Levee) -> None:
    monde.pannes.lever(p.nom)
    monde.relacher()


_FICHIERS = (ErreurEmetteur, ErreurTable)
ACTIONS: dict[str, Action] = {
    "carte.inserer": Action(Insertion, _insert, "Insère une carte de la population dans un lecteur."),
    "carte.retirer": Action(DuLecteur, _remove, "Retire la carte d'un lecteur."),
    "carte.retirer_apres": Action(RetraitApres, _remove_after, "Retire la carte après le n-ième échange à venir."),
    "carte.defaut": Action(DefautCarte, _fault, "Rend défaillante la carte présente."),
    "lecteur.taper_code": Action(Frappe, _type_code, "Le PS tape son code sur le clavier du lecteur."),
    "lecteur.occuper": Action(Occupation, _occupy, "Une autre application tient le canal d'un lecteur."),
    "lecteur.liberer": Action(DuLecteur, _let_go, "L'autre application rend le lecteur."),
    "lecteur.debrancher": Action(DuLecteur, _unplug, "Débranche le lecteur : ses cartes sont hors d'atteinte."),
    "lecteur.rebrancher": Action(DuLecteur, _plug, "Rebranche le lecteur."),
    "lecteur.regler_horloge": Action(HorlogeLecteur, _set_clock, "Décale l'horloge d'un lecteur."),
    "apcv.presenter": Action(Presentation, _hold_out, "Présente l'ApCV qui porte les identités d'une carte Vitale."),
    "apcv.defaut": Action(DefautApcv, _apcv_fault, "Fait refuser, taire, tarder ou échouer l'ApCV ou ADR."),
    "tables.diffuser": Action(DiffusionTable, _send_table, "Envoie au PS un fichier normé de conventions."),
    "loi.publier": Action(Publication, _publish, "Ajoute un incrément à la liste d'opposition."),
    "loi.diffuser": Action(Diffusion, _spread, "Envoie au PS des incréments de la liste d'opposition."),
    "loi.defaut": Action(
        DefautDistributeur, _loi_fault, "Fait taire le distributeur d'opposition, ou abîme ses fichiers."
    ),
    "certificats.regler": Action(
        Certificats, _set_certificates, "Met sur le poste un autre certificat d'organisme, ou une liste de révocation."
    ),
    "reseau.couper": Action(Aucun, _network_down, "Coupe le réseau : SMTP et POP3 refusent les connexions."),
    "reseau.retablir": Action(Aucun, _network_up, "Rétablit le réseau sur les mêmes ports."),
    "panne.poser": Action(Panne, _put_fault, "Pose une panne (docs/pannes.md)."),
    "panne.lever": Action(Levee, _lift_fault, "Lève une panne par son nom, ou toutes ; libère ce qu'elle retenait."),
    "horloge.avancer": Action(Avance, _advance, "Avance l'horloge virtuelle."),
    "acteur.regler": Action(Reglage, _behave, "Change le comportement d'un organisme."),
    "acteurs.liquider": Action(Liquidation, _settle, "Fait envoyer les RSP 580 des lots acceptés."),
    "acteur.envoyer_service": Action(Service, _send_service, "Fait envoyer un message de service."),
}


def act(monde: MondeSimule, action: str, avec: Mapping[str, Any]) -> None:
    """Does an action. Raises ErreurAction, in French, on anything unknown, wrong or impossible now."""
    description = ACTIONS.get(action)
    if description is None:
        raise ErreurAction(f"action « {action} » inconnue du monde ; actions : {', '.join(ACTIONS)}")
    try:
        params = description.params.model_validate(dict(avec))
    except ValidationError as exc:
        raise ErreurAction(f"action « {action} » : {explain(exc)}") from exc
    try:
        description.faire(monde, params)
    except (ErreurMonde, ErreurActeur, ErreurEquipement, ErreurPanne, *_FICHIERS, ValidationError) as exc:
        texte = explain(exc) if isinstance(exc, ValidationError) else str(exc)
        raise ErreurAction(f"action « {action} » : {texte}") from exc
