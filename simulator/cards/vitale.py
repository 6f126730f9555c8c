"""Builds a simulated Vitale card from its data file and its profile.

The public layout (AIDs, map of files, free identity objects) is followed where it's known; the zones
of rights are ours (hypothese), each in one file, as the data tables tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from norms.contrat.ports import Alea
from simulator.cards import ber
from simulator.cards.etat import CleCarte, EtatPersistant, ImageOs
from simulator.cards.fichiers import Acces, Df, Ef
from simulator.cards.modele import ImageVitale
from simulator.cards.os7816 import CarteOs
from simulator.cards.profils import Fichier, Profil, profil
from simulator.cards.zones import encode_zone


def build_vitale(
    image: ImageVitale,
    *,
    cle_signature: RSAPrivateKey | None = None,
    certificat: bytes = b"",
    autorites_ps: Sequence[RSAPublicKey] = (),
    persistant: EtatPersistant | None = None,
    alea: Alea | None = None,
) -> CarteOs:
    """A Vitale card, ready to be inserted.

    ``cle_signature`` and ``certificat`` (DER) let it sign; ``autorites_ps`` are the keys of the authorities
    whose health-professional certificates open the reserved zones: without one, these stay closed.
    """
    return CarteOs(vitale_image(image, cle_signature, certificat, autorites_ps), persistant=persistant, alea=alea)


def vitale_image(
    image: ImageVitale,
    cle_signature: RSAPrivateKey | None,
    certificat: bytes,
    autorites_ps: Sequence[RSAPublicKey] = (),
) -> ImageOs:
    """The content of a Vitale card as the card's operating system wants it."""
    modele = profil(image.profil)
    zones = _zone_files(modele, image)
    contenus = {
        "repertoire": _directory(modele),
        "numero": ber.encode(0x5A, image.numero_serie.encode("ascii")),
        "certificat_vitale": certificat,
        "plan": b"",
    }
    fixes = {f.role: _file(f, contenus[f.role]) for f in modele.fichiers if contenus[f.role] or f.role == "plan"}
    par_dossier: dict[str, list[Ef]] = {d.nom: [] for d in modele.dossiers}
    for nom, ef in zones:
        par_dossier[nom].append(ef)
    for fichier in modele.fichiers:
        if fichier.role in fixes and fichier.role != "plan":
            par_dossier[fichier.dossier].append(fixes[fichier.role])
    plan = modele.fichier("plan")
    par_dossier[plan.dossier].append(_file(plan, _map(modele, par_dossier)))
    cles = tuple(
        CleCarte(c.reference, cle_signature, c.usage, c.acces) for c in modele.cles if cle_signature is not None
    )
    return ImageOs(
        atr=modele.atr,
        racine=_tree(modele, par_dossier),
        cles=cles,
        autorites_ps=tuple(autorites_ps),
        numero_serie=image.numero_serie.encode("ascii"),
    )


def _zone_files(modele: Profil, image: ImageVitale) -> list[tuple[str, Ef]]:
    donnees = image.model_dump(mode="json")
    donnees["assure"]["nir15"] = image.assure.nir + image.assure.cle
    donnees["assure"]["naissance"] = image.beneficiaires[0].naissance
    for absente in modele.zones_absentes:
        if encode_zone(absente, donnees):
            champs = ", ".join(c.champ for c in absente.champs)
            raise ValueError(
                f"{modele.intitule} n° {image.numero_serie} : la zone « {absente.intitule} » ({champs}) n'existe pas"
                " sur cette génération ; l'ôter du fichier ou changer de profil"
            )
    fichiers: list[tuple[str, Ef]] = []
    for zone in modele.zones:
        for i, (fid, contenu) in enumerate(encode_zone(zone, donnees).items()):
            nom = zone.nom_court if zone.regroupe or not zone.par else f"{zone.nom_court[:7]}{i + 1}"
            fichiers.append((zone.dossier, Ef(fid, contenu, nom, zone.sfi, zone.lecture)))
    return fichiers


def _file(fichier: Fichier, contenu: bytes) -> Ef:
    return Ef(
        fichier.fid,
        contenu or fichier.contenu,
        fichier.nom_court,
        fichier.sfi,
        fichier.lecture,
        fichier.ecriture,
        fichier.capacite,
    )


def _tree(modele: Profil, par_dossier: dict[str, list[Ef]]) -> Df:
    mf, *autres = modele.dossiers
    enfants = tuple(Df(d.fid, tuple(par_dossier[d.nom]), d.nom, d.aid) for d in autres)
    return Df(mf.fid, (*par_dossier[mf.nom], *enfants), mf.nom, mf.aid)


def _directory(modele: Profil) -> bytes:
    return b"".join(
        ber.encode(0x61, ber.encode(0x4F, d.aid), ber.encode(0x50, d.nom.encode("ascii")))
        for d in modele.dossiers
        if d.aid
    )


def _map(modele: Profil, par_dossier: dict[str, list[Ef]]) -> bytes:
    """The map of files: applications by entry number, then named files (public: cardpeek 0.8.4, vitale_2)."""
    entrees = {d.nom: i.to_bytes(2, "big") for i, d in enumerate(modele.dossiers, start=1)}
    applications = b"".join(ber.encode(0x82, entrees[d.nom] + b"\0\0" + d.aid) for d in modele.dossiers if d.aid)
    noms = b"".join(
        ber.encode(0x80, ef.nom.encode("ascii").ljust(8) + entrees[dossier] + ef.fid.to_bytes(2, "big"))
        for dossier, efs in par_dossier.items()
        for ef in efs
        if ef.nom
    )
    return ber.encode(0xE0, ber.encode(0xA0, applications) + noms)


def reserved_zones(modele: Profil) -> tuple[str, ...]:
    """Names of the zones that only a health professional may read."""
    return tuple(z.nom for z in modele.zones if z.lecture is Acces.PS)
