"""Builds a simulated CPS3 (and CPF, CPE…) from its data file: an IAS-ECC card with a PKCS#15 directory."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from norms.contrat.ports import Alea
from simulator.cards import ber, pkcs15
from simulator.cards.etat import CleCarte, EtatPersistant, ImageOs, Pin
from simulator.cards.fichiers import Acces, Df, Ef
from simulator.cards.identites import luhn_key
from simulator.cards.modele import ImageCps
from simulator.cards.os7816 import CarteOs
from simulator.cards.profils import Profil, profil
from simulator.cards.zones import encode_zone

CODE_PORTEUR, CODE_DEBLOCAGE = 1, 2
EMETTEUR = "8025000001"  # public: ansforge/dops-cryptolib, EF.SN.ICC
_NOMS_PUBLICS = {"carte": "CPS_ID_CARD", "identite": "CPS_NAME_PS", "langue": "CPS_LANG_PS"}


def build_cps(
    image: ImageCps,
    *,
    cle_signature: RSAPrivateKey | None = None,
    cle_authentification: RSAPrivateKey | None = None,
    certificat_signature: bytes = b"",
    certificat_authentification: bytes = b"",
    persistant: EtatPersistant | None = None,
    alea: Alea | None = None,
) -> CarteOs:
    """A health-professional card, ready to be inserted. Certificates are DER; a card may have no key."""
    cles = {"signature": cle_signature, "authentification": cle_authentification}
    certificats = {
        "certificat_signature": certificat_signature,
        "certificat_authentification": certificat_authentification,
    }
    return CarteOs(cps_image(image, cles, certificats), persistant=persistant, alea=alea)


def serial_file(numero_serie: str) -> bytes:
    """EF.SN.ICC: 5A 0A, issuer, eight digits, Luhn key and a filler, in BCD (public: dops-cryptolib)."""
    numero = EMETTEUR + numero_serie
    return ber.encode(0x5A, bytes.fromhex(numero + luhn_key(numero) + "F"))


def cps_image(image: ImageCps, cles: dict[str, RSAPrivateKey | None], certificats: dict[str, bytes]) -> ImageOs:
    """The content of a health-professional card as the card's operating system wants it."""
    modele = profil(image.profil)
    zones, objets = _zone_files(modele, image)
    tailles = {nom: cle.key_size for nom, cle in cles.items() if cle is not None}
    presents = {role for role, contenu in certificats.items() if contenu}
    libres = modele.fichier("donnees_libres")
    objets.append(pkcs15.ObjetDonnees(libres.nom_court, libres.fid, modifiable=True))
    numero = serial_file(image.numero_serie)
    contenus = {
        "repertoire": _directory(modele),
        "numero": numero,
        "odf": pkcs15.odf(modele),
        "jeton": pkcs15.token_info(numero[2:], f"{_LIBELLES[image.type_carte]} DE TEST {image.numero_serie}"),
        "aodf": pkcs15.aodf(modele),
        "prkdf": pkcs15.prkdf(modele, tailles),
        "cdf": pkcs15.cdf(modele, presents),
        "dodf": pkcs15.dodf(modele, objets),
        **certificats,
    }
    efs: dict[str, list[Ef]] = {d.nom: [] for d in modele.dossiers}
    for f in modele.fichiers:
        contenu = contenus.get(f.role, f.contenu)
        if contenu or f.role not in certificats:
            ef = Ef(f.fid, contenu, f.nom_court, f.sfi, f.lecture, f.ecriture, f.capacite)
            efs[f.dossier].append(ef)
    efs["CPS"].extend(zones)
    mf, cps = modele.dossier("MF"), modele.dossier("CPS")
    return ImageOs(
        atr=modele.atr,
        racine=Df(mf.fid, (*efs["MF"], Df(cps.fid, tuple(efs["CPS"]), cps.nom, cps.aid)), mf.nom, mf.aid),
        pins=(
            Pin(CODE_PORTEUR, image.code_porteur.encode("ascii"), 3, 4, 4),
            Pin(CODE_DEBLOCAGE, image.code_deblocage.encode("ascii"), 10, 8, 8, debloque=CODE_PORTEUR),
        ),
        cles=tuple(_keys(modele, cles)),
        numero_serie=image.numero_serie.encode("ascii"),
    )


_LIBELLES = {"0": "CPS", "1": "CPF", "2": "CPE", "3": "CPA", "4": "CSA"}


def _keys(modele: Profil, cles: dict[str, RSAPrivateKey | None]) -> list[CleCarte]:
    return [CleCarte(c.reference, cle, c.usage, c.acces) for c in modele.cles if (cle := cles.get(c.nom)) is not None]


def _zone_files(modele: Profil, image: ImageCps) -> tuple[list[Ef], list[pkcs15.ObjetDonnees]]:
    donnees = image.model_dump(mode="json", exclude={"code_porteur", "code_deblocage"})
    efs: list[Ef] = []
    objets: list[pkcs15.ObjetDonnees] = []
    for zone in modele.zones:
        for i, (fid, contenu) in enumerate(encode_zone(zone, donnees).items(), start=1):
            nom = _NOMS_PUBLICS.get(zone.nom, f"CPS_ACTIVITY_{i:02d}_PS")
            efs.append(Ef(fid, contenu, nom, zone.sfi, zone.lecture))
            objets.append(pkcs15.ObjetDonnees(nom, fid, prive=zone.lecture is Acces.CODE_PORTEUR))
    return efs, objets


def _directory(modele: Profil) -> bytes:
    cps = modele.dossier("CPS")
    chemin = b"\x3f\x00" + cps.fid.to_bytes(2, "big")
    return ber.encode(0x61, ber.encode(0x4F, cps.aid), ber.encode(0x50, b"CPS"), ber.encode(0x51, chemin))
