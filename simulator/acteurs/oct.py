"""A concentrator: splits what the PS sends, sends it on, passes returns back, tells the PS in a text (annexe 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.x509 import Certificate

from norms.contrat.ports import Alea
from norms.paquet import NormPack
from simulator.acteurs.analyse import AnalyseMessage
from simulator.acteurs.comportement import Comportement
from simulator.acteurs.historique import CleLot, lot_key
from simulator.acteurs.oct_eclatement import Eclatement, Lettre, split
from simulator.acteurs.oct_message import build_file_message, pass_on
from simulator.acteurs.oct_regles import ReglesOct, load_regles_oct
from simulator.acteurs.organismes import Organisme
from simulator.acteurs.reception import profiles
from simulator.acteurs.retour import Annonce, Facteur, Retour
from simulator.evenements import Nature
from simulator.messagerie.evenements import MessageRecu
from simulator.messagerie.mime import header, read_structure
from simulator.messagerie.retours import Composteur, build_return

MAX_TEXTE, MAX_ENTETES = 4_000, 65_536
#: Profile of the requests that a concentrator hands to the distributor of the opposition list.
DEMANDE = "demande_dloi"
#: Two concentrators that write for the same PS at the same second don't give the same stamp.
ECART_COMPOSTAGES = 5_000


class Emission(Protocol):
    """Hands a message to the mail network, as any subscriber does."""

    def __call__(self, expediteur: str, destinataire: str, brut: bytes) -> None: ...


@dataclass(slots=True)
class Abonnes:
    """Which PS entrusted which lot to a concentrator, and who wrote last."""

    lots: dict[CleLot, str] = field(default_factory=dict)
    dernier: str = ""

    def of(self, lots: Iterable[str]) -> str:
        """The address of the PS whose lots these are, by reference; the last one heard of otherwise."""
        vises = set(lots)
        return next((a for cle, a in reversed(self.lots.items()) if cle[2] in vises), self.dernier)


class Concentrateurs:
    """All the concentrators of the world. Implements ``Facteur``: returns addressed to one of them pass through it.

    ``certificat`` gives what to encrypt with for an insurer, by number; ``emettre`` gets the ``flux`` events;
    ``confier`` the complementary parts drawn from enriched FSE: number of the AMC, of the PS, of the invoice. The
    world's lock protects it. What it remembers doesn't survive the process: returns then go to ``adresse_ps``.
    """

    def __init__(
        self,
        organismes: Iterable[Organisme],
        *,
        pack: NormPack,
        facteur: Facteur,
        emission: Emission,
        certificat: Callable[[str], Certificate],
        alea: Alea,
        composteur: Callable[[str, str, int], Composteur],
        emettre: Callable[[Nature, Mapping[str, Any]], None],
        adresse_ps: str,
        regles: ReglesOct | None = None,
        confier: Callable[[str, str, str], None] = lambda _amc, _ps, _numero: None,
    ) -> None:
        self._organismes = tuple(organismes)
        self._par_adresse = {o.adresse.lower(): o for o in self._organismes if o.role == "OCT"}
        self._pack, self._facteur, self._emission, self._emettre = pack, facteur, emission, emettre
        self._certificat, self._alea, self._composteur = certificat, alea, composteur
        self._confier = confier
        self._regles = regles or load_regles_oct()
        self._abonnes = {o.numero: Abonnes(dernier=adresse_ps) for o in self._par_adresse.values()}

    def knows(self, adresse: str) -> bool:
        """Whether this is the address of a concentrator."""
        return adresse.lower() in self._par_adresse

    # --- from the PS ------------------------------------------------------------------------------------------
    def relay(self, organisme: Organisme, comportement: Comportement, recu: MessageRecu, lue: AnalyseMessage) -> None:
        """Splits an analysed message and sends each part on; what can't be is told in the text file (annexe5 §5.4)."""
        abonnes = self._abonnes[organisme.numero]
        abonnes.dernier = recu.expediteur or abonnes.dernier
        fautes = [a for a in lue.envelope_faults() if a.effet != "aucun"]
        eclatement = Eclatement((), (), ())
        if lue.fichier is not None and not fautes and comportement.relaie:
            eclatement = split(lue.fichier, lue.contenu, self._organismes, self._regles)
        for lettre in eclatement.lettres:
            for lot in lettre.lots:
                abonnes.lots[lot_key(lot)] = abonnes.dernier
            self._send_on(organisme, lue, lettre)
        for complement in eclatement.complements:
            self._confier(complement.numero_amc, complement.numero_ps, complement.facture)
        self._emettre("flux", {"eclatements": [_seen(organisme, recu, lue, eclatement)]})
        if comportement.art != "aucun":
            texte = comportement.art_texte or _report(lue, eclatement, [a.controle.texte for a in fautes])
            self._send_text(organisme, comportement, lue, texte, abonnes.dernier)

    def _send_on(self, organisme: Organisme, lue: AnalyseMessage, lettre: Lettre) -> None:
        tampon = self._stamps(organisme).next()
        version = lettre.lots[0].lu.entete.texte("version")
        sujet = f"SV{version}/{lue.sujet.exercice}/{tampon.numero}/{lettre.nombre_factures:05d}"
        brut = build_file_message(
            de=organisme,
            a=lettre.destinataire,
            contenu=lettre.contenu,
            sujet=sujet,
            tampon=tampon,
            certificat=self._certificat(lettre.destinataire.numero),
            alea=self._alea,
        )
        self._emission(organisme.adresse, lettre.destinataire.adresse, brut)

    def _stamps(self, organisme: Organisme) -> Composteur:
        rang = list(self._abonnes).index(organisme.numero)
        premier = self._regles.premier_compostage + rang * ECART_COMPOSTAGES
        return self._composteur(organisme.numero, organisme.adresse, premier)

    def _send_text(
        self, organisme: Organisme, comportement: Comportement, lue: AnalyseMessage, texte: str, adresse: str
    ) -> None:
        lot = lue.lots[0] if lue.lots else None
        regimes = {f.lue.entete.texte("regime") for x in lue.lots for f in x.factures}
        specialite = lot.lu.entete.texte("categorie") if lot else ""
        nature = comportement.art_nature or self._regles.nature_art(specialite, regimes)
        numero_ps = "".join(c for c in (lot.numero_ps if lot else "") if c.isalnum() and c.isascii())[-9:]

        def build(destinataire: str, composteur: Composteur) -> bytes:
            return build_return(
                "art",
                expediteur=organisme.adresse,
                destinataire=destinataire,
                contenu=texte[:MAX_TEXTE].encode("utf-8"),
                composteur=composteur,
                champs={"numero_ps": numero_ps or "0"},
                code=nature,
                nom_fichier=comportement.art_nom,
                profils=profiles(self._pack),
            )

        lots = tuple(x.reference for x in lue.lots)
        annonce = Annonce(
            organisme.numero, "ART", code=nature, libelle=texte[:200], lots=lots, lot=lots[0] if len(lots) == 1 else ""
        )
        self._facteur.send(organisme, adresse, build, annonce)

    def forward_request(self, recu: MessageRecu, distributeur: Organisme) -> bool:
        """Whether this is a request for increments of the opposition list; it then goes to its distributor, whose
        answers come back the way of all returns (annexe5 §6.2, §6.3).
        """
        oct_ = next((o for d in recu.destinataires if (o := self._par_adresse.get(d.lower())) is not None), None)
        if oct_ is None:
            return False
        tete = read_structure(recu.brut[:MAX_ENTETES].partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        base = profiles(self._pack)[DEMANDE].content_description.base
        if header(tete.entetes, "Content-Description").upper() != base:
            return False
        abonnes = self._abonnes[oct_.numero]
        abonnes.dernier = recu.expediteur or abonnes.dernier
        brut = pass_on(recu.brut, de=oct_.adresse, a=distributeur.adresse)
        self._emission(oct_.adresse, distributeur.adresse, brut)
        return True

    # --- back to the PS ---------------------------------------------------------------------------------------
    def send(self, organisme: Organisme, adresse: str, retour: Retour, annonce: Annonce) -> None:
        """A return of an insurer. One for a concentrator is passed on to the PS who made the lot (annexe5 §5.2), but
        for service messages: they are about the concentrator's own message, which it tells in a text.
        """
        oct_ = self._par_adresse.get(adresse.lower())
        if oct_ is None:
            self._facteur.send(organisme, adresse, retour, annonce)
            return
        ps = self._abonnes[oct_.numero].of(annonce.lots or (annonce.lot,))

        def build(destinataire: str, composteur: Composteur) -> bytes:
            return pass_on(retour(oct_.adresse, composteur), de=oct_.adresse, a=destinataire)

        if annonce.nature != "SERVICE":
            self._facteur.send(organisme, ps, build, annonce.relayed(oct_.numero))
            return
        texte = f"L'organisme {organisme.numero} n'a pas accepté le message du concentrateur : {annonce.libelle}"

        def tell(destinataire: str, composteur: Composteur) -> bytes:
            return build_return(
                "art",
                expediteur=oct_.adresse,
                destinataire=destinataire,
                contenu=texte.encode("utf-8"),
                composteur=composteur,
                champs={"numero_ps": "0"},
                profils=profiles(self._pack),
            )

        self._facteur.send(oct_, ps, tell, Annonce(oct_.numero, "ART", positif=False, libelle=texte[:200]))


def _report(lue: AnalyseMessage, eclatement: Eclatement, fautes: list[str]) -> str:
    """What the text file says, in clear words."""
    lignes = [f"Accusé de réception technique du message {lue.sujet.brut[:200]}"]
    if fautes:
        lignes += [f"Fichier refusé : {faute}" for faute in fautes[:5]]
    for lettre in eclatement.lettres:
        references = ", ".join(lot.reference for lot in lettre.lots)
        lignes.append(f"Lot(s) {references}, {lettre.nombre_factures} facture(s), transmis à {lettre.destinataire.nom}")
    lignes += [f"Lot {reference} : destinataire inconnu" for reference in eclatement.sans_destinataire]
    lignes += [
        f"Facture {c.facture} : part complémentaire transmise à l'organisme {c.numero_amc}"
        for c in eclatement.complements[:20]
    ]
    return "\r\n".join(lignes)


def _seen(organisme: Organisme, recu: MessageRecu, lue: AnalyseMessage, eclatement: Eclatement) -> dict[str, Any]:
    """The entry of ``flux.eclatements`` (docs/oct.md)."""
    return {
        "acteur": organisme.numero,
        "message": lue.sujet.brut,
        "eml": recu.preuve,
        "lettres": [
            {"destinataire": x.destinataire.numero, "lots": [lot.reference for lot in x.lots]}
            for x in eclatement.lettres
        ],
        "complements": [
            {"facture": c.facture, "numero_amc": c.numero_amc, "montant": c.montant} for c in eclatement.complements
        ],
        "sans_destinataire": list(eclatement.sans_destinataire),
    }
