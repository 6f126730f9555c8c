"""TraduireARL, LireConfig and the directory of certificates: what needs neither card nor invoice."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from norms.arl import Arl, CodecArl
from norms.codec import ErreurEnregistrement
from norms.contrat.ports import PARIS
from norms.contrat.services import (
    AnnuaireCertificats,
    CertificatPublie,
    CrlPubliee,
    GroupeDonnees,
    LecteurDecrit,
    RetourGroupes,
    RetourLecteurs,
    TraduireArl,
    Vide,
)
from simulator.cards.erreurs import ErreurCarte
from simulator.cards.profils import by_atr
from simulator.readers.equipement import modele
from simulator.ssv.certificats import VALIDE, Publies
from simulator.ssv.contexte import Contexte
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import decode_base64

ROLES_PUBLIES = ("chiffrement_piece_jointe",)
NIVEAUX_PUBLIES = ("racine", "donnees", "piece_jointe")
GROUPE_ARL = 15
GROUPE_LECTEUR, GROUPE_CANAUX = 61, 63


@dataclass(frozen=True, slots=True)
class Divers:
    """TraduireARL, LireConfig, annuaire. ``publies``: what the directory gives that isn't the ordinary."""

    contexte: Contexte
    publies: Publies

    def traduire_arl(self, params: TraduireArl) -> RetourGroupes:
        """One group 15 per acknowledgement of the file (cdc §4.2.2.1). Raises RefusSsv."""
        octets = decode_base64(params.fichier, "fichier d'ARL", "arl_illisible")
        try:
            fichier = CodecArl(self.contexte.pack).lire(octets)
        except ErreurEnregistrement as exc:
            raise RefusSsv("arl_illisible", f"fichier d'ARL : {exc}") from exc
        return RetourGroupes(groupes=tuple(self._group(a) for a in fichier.arls))

    def _group(self, arl: Arl) -> GroupeDonnees:
        groupe = self.contexte.catalogue.creer(
            GROUPE_ARL,
            reference_lot=arl.reference_lot,
            date_lot=f"{arl.date_lot:%Y%m%d}",
            type_facture=arl.type_facture,
            numero_ps=arl.numero_ps,
            sens="P" if arl.positif else "N",
            code=arl.code,
            libelle=arl.libelle,
            numero_facture=arl.numero_facture,
            date_arl=f"{arl.date_arl:%Y%m%d}",
        )
        return GroupeDonnees(groupe=groupe.id, champs=groupe.champs)

    def lire_config(self, params: Vide) -> RetourGroupes:
        """Groups 60 to 64: the fictitious components of the workstation, its readers (61) and their channels (63)."""
        lecteurs = {GROUPE_LECTEUR: self._readers, GROUPE_CANAUX: self._channels}
        groupes: list[GroupeDonnees] = []
        for g in self.contexte.donnees.config["groupes"]:
            numero = int(g["groupe"])
            listes = lecteurs[numero]() if numero in lecteurs else [tuple(g["champs"])]
            groupes += (GroupeDonnees(groupe=numero, champs=champs) for champs in listes)
        return RetourGroupes(groupes=tuple(groupes))

    def _readers(self) -> Iterator[tuple[str, ...]]:
        terminaux = self.contexte.terminaux
        for rang, materiel in enumerate(terminaux.equipement.lecteurs, start=1):
            if not terminaux.branche(materiel):
                continue
            m = modele(materiel.nature)
            instant = self.contexte.horloge.now().astimezone(PARIS)
            instant += terminaux.decalages.get(materiel.nom, timedelta())
            nom, version = m.logiciels
            date_heure = f"{instant:%Y%m%d%H%M%S}"
            yield (m.constructeur, m.type, f"{rang:08d}", m.systeme, "1", nom, version, date_heure, "00000000")

    def _channels(self) -> Iterator[tuple[str, ...]]:
        """What galss.ini would say: one channel for each device that the GALSS serves (cdc §4.1.2)."""
        servis = [m for m in self.contexte.terminaux.equipement.lecteurs if m.nature == "sesam_vitale"]
        yield ("NbCanaux", str(len(servis)))
        for canal, materiel in enumerate(servis, start=1):
            for lad, ressource in enumerate(materiel.fentes, start=1):
                yield (f"CANAL{canal}.PAD1.LAD{lad}", ressource)

    def lister_lecteurs(self, params: Vide) -> RetourLecteurs:
        """The readers, and what is in them (cdc §4.1.2). A card that doesn't answer is « inconnue »."""
        equipement = self.contexte.terminaux.equipement
        return RetourLecteurs(
            lecteurs=tuple(
                LecteurDecrit(
                    ressource=ressource,
                    nom=materiel.nom,
                    nature=materiel.nature,
                    support=support,
                    clavier=self.contexte.terminaux.clavier(ressource),
                    carte=self._card_kind(ressource),
                )
                for materiel in equipement.lecteurs
                if self.contexte.terminaux.branche(materiel)
                for ressource, support in materiel.fentes.items()
            )
        )

    def _card_kind(self, ressource: str) -> Literal["absente", "ps", "vitale", "inconnue"]:
        poste = self.contexte.postes.poste(ressource)
        if not poste.present:
            return "absente"
        try:
            profil = by_atr(poste.atr)
        except ErreurCarte:
            return "inconnue"
        return "inconnue" if profil is None else "vitale" if profil.famille == "vitale" else "ps"

    def certificats(self, params: Vide) -> AnnuaireCertificats:
        """Certificates to encrypt attachments with, authorities from the root, revocation lists (cdc §3.2.9.4)."""
        pki = self.contexte.pki
        return AnnuaireCertificats(
            certificats=tuple(
                CertificatPublie(usage=role, porteur=p.nom, adresse=p.adresse, pem=_pem(self._published(role, p.nom)))
                for role in ROLES_PUBLIES
                for p in pki.porteurs(role)
                if p.adresse
            ),
            autorites=tuple(_pem(a) for a in pki.autorites()),
            crl=tuple(
                CrlPubliee(niveau=n, der=base64.b64encode(pki.crl(n, self.publies.liste(n))).decode("ascii"))
                for n in NIVEAUX_PUBLIES
            ),
        )

    def _published(self, role: str, nom: str) -> x509.Certificate:
        return self.contexte.pki.certificat(role, nom, self.publies.piece_jointe.get(nom, VALIDE))


def _pem(certificat: x509.Certificate) -> str:
    return certificat.public_bytes(Encoding.PEM).decode("ascii")
