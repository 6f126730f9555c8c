"""SELECT, READ BINARY and UPDATE BINARY (public: ISO/IEC 7816-4 §11.1 and §11.2)."""

from __future__ import annotations

from collections.abc import Callable

from simulator.cards import ber
from simulator.cards.apdu import CommandApdu, Reponse, Sw
from simulator.cards.etat import Session
from simulator.cards.fichiers import FID_MF, Chemin, Df, Ef, fcp

Cible = tuple[Chemin, Ef | None]


class CommandesFichiers:
    """The commands that move in the file tree and read it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def table(self) -> dict[int, Callable[[CommandApdu], Reponse]]:
        return {0xA4: self.select, 0xB0: self.read_binary, 0xD6: self.update_binary}

    # --- SELECT ---------------------------------------------------------------------------------

    def select(self, apdu: CommandApdu) -> Reponse:
        if apdu.p2 not in (0x00, 0x04, 0x0C):
            return Reponse(sw=Sw.P1_P2)
        chercher = {
            0x00: self._by_fid,
            0x01: self._child_df,
            0x02: self._ef_here,
            0x03: self._parent,
            0x04: self._by_name,
            0x08: self._by_path_from_mf,
            0x09: self._by_path_from_here,
        }.get(apdu.p1)
        if chercher is None:
            return Reponse(sw=Sw.P1_P2)
        cible = chercher(apdu.donnees)
        if isinstance(cible, Sw):
            return Reponse(sw=cible)
        volatil = self._session.volatil
        volatil.chemin, volatil.ef = cible
        if apdu.p2 == 0x0C:
            return Reponse()
        noeud: Df | Ef = volatil.ef or volatil.chemin[-1]
        taille = len(self._session.contenu(volatil.ef)) if volatil.ef else 0
        return Reponse(ber.encode(0x62 if apdu.p2 == 0x04 else 0x6F, fcp(noeud, taille)))

    def _by_fid(self, donnees: bytes) -> Cible | Sw:
        if not donnees:
            return self._session.chemins[0], None
        if len(donnees) != 2:
            return Sw.LC_INCOHERENT
        fid = int.from_bytes(donnees, "big")
        chemin = self._session.volatil.chemin
        if fid == FID_MF:
            return chemin[:1], None
        for depart in filter(None, (chemin, chemin[:-1])):
            if depart[-1].fid == fid:
                return depart, None
            trouve = _child(depart, fid)
            if trouve is not None:
                return trouve
        return Sw.FICHIER_ABSENT

    def _child_df(self, donnees: bytes) -> Cible | Sw:
        cible = _child(self._session.volatil.chemin, int.from_bytes(donnees, "big"))
        return cible if len(donnees) == 2 and cible and cible[1] is None else Sw.FICHIER_ABSENT

    def _ef_here(self, donnees: bytes) -> Cible | Sw:
        if donnees == FID_MF.to_bytes(2, "big"):  # a CPS accepts it (public: OpenSC, card-iasecc.c)
            return self._session.chemins[0], None
        cible = _child(self._session.volatil.chemin, int.from_bytes(donnees, "big"))
        return cible if len(donnees) == 2 and cible and cible[1] is not None else Sw.FICHIER_ABSENT

    def _parent(self, donnees: bytes) -> Cible | Sw:
        chemin = self._session.volatil.chemin
        if donnees:
            return Sw.LC_INCOHERENT
        return (chemin[:-1], None) if len(chemin) > 1 else Sw.FICHIER_ABSENT

    def _by_name(self, donnees: bytes) -> Cible | Sw:
        if not 1 <= len(donnees) <= 16:
            return Sw.LC_INCOHERENT
        for exact in (True, False):
            for chemin in self._session.chemins:
                aid = chemin[-1].aid
                if aid == donnees or (not exact and len(donnees) >= 5 and aid.startswith(donnees)):
                    return chemin, None
        return Sw.FICHIER_ABSENT

    def _by_path_from_mf(self, donnees: bytes) -> Cible | Sw:
        return self._follow(self._session.chemins[0], donnees)

    def _by_path_from_here(self, donnees: bytes) -> Cible | Sw:
        # A CPS accepts here an absolute path too (public: OpenSC, card-iasecc.c).
        racine = self._session.chemins[0]
        absolu = donnees[:2] == FID_MF.to_bytes(2, "big")
        return self._follow(racine if absolu else self._session.volatil.chemin, donnees)

    def _follow(self, chemin: Chemin, donnees: bytes) -> Cible | Sw:
        if not donnees or len(donnees) % 2 or len(donnees) > 16:
            return Sw.LC_INCOHERENT
        ef: Ef | None = None
        for i in range(0, len(donnees), 2):
            fid = int.from_bytes(donnees[i : i + 2], "big")
            if i == 0 and fid == FID_MF:
                chemin = self._session.chemins[0]
                continue
            suite = _child(chemin, fid) if ef is None else None
            if suite is None:
                return Sw.FICHIER_ABSENT
            chemin, ef = suite
        return chemin, ef

    # --- READ BINARY, UPDATE BINARY ----------------------------------------------------------------

    def _locate(self, apdu: CommandApdu) -> tuple[Ef, int] | Sw:
        """The file and offset meant by P1-P2; a short identifier also makes its file current."""
        volatil = self._session.volatil
        if apdu.p1 & 0x80:
            if apdu.p1 & 0x60:
                return Sw.P1_P2
            ef = volatil.chemin[-1].par_sfi(apdu.p1 & 0x1F)
            if ef is None:
                return Sw.FICHIER_ABSENT
            volatil.ef = ef
            return ef, apdu.p2
        if volatil.ef is None:
            return Sw.PAS_D_EF
        return volatil.ef, apdu.p1 << 8 | apdu.p2

    def read_binary(self, apdu: CommandApdu) -> Reponse:
        if apdu.donnees:
            return Reponse(sw=Sw.LONGUEUR)
        lieu = self._locate(apdu)
        if isinstance(lieu, Sw):
            return Reponse(sw=lieu)
        ef, debut = lieu
        if not self._session.allowed(ef.lecture):
            return Reponse(sw=Sw.SECURITE)
        contenu = self._session.contenu(ef)
        if debut >= len(contenu) and (debut or contenu):
            return Reponse(sw=Sw.DEPLACEMENT)
        return Reponse(contenu[debut : debut + (apdu.le or 0)])

    def update_binary(self, apdu: CommandApdu) -> Reponse:
        lieu = self._locate(apdu)
        if isinstance(lieu, Sw):
            return Reponse(sw=lieu)
        ef, debut = lieu
        if not self._session.allowed(ef.ecriture):
            return Reponse(sw=Sw.SECURITE)
        if not apdu.donnees:
            return Reponse(sw=Sw.LONGUEUR)
        contenu = self._session.contenu(ef)
        if debut > len(contenu):
            return Reponse(sw=Sw.DEPLACEMENT)
        nouveau = contenu[:debut] + apdu.donnees + contenu[debut + len(apdu.donnees) :]
        if len(nouveau) > max(ef.capacite, len(ef.contenu)):
            return Reponse(sw=Sw.PLACE)
        self._session.write(ef, nouveau)
        return Reponse()


def _child(chemin: Chemin, fid: int) -> Cible | None:
    trouve = chemin[-1].enfant(fid)
    if trouve is None:
        return None
    return (chemin, trouve) if isinstance(trouve, Ef) else ((*chemin, trouve), None)
