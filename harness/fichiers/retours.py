"""Static check of what comes back, NOEMIE returns and ARL files, and of zones of the supplied services."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.fichiers.constats import Releve
from harness.fichiers.donnees import load_knowledge
from harness.fichiers.numeros import check_key
from norms.arl import MAX_ENREGISTREMENTS, CodecArl
from norms.b2 import CodecB2
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.montants import format_euros
from norms.noemie import CodecNoemie, FichierNoemie, controler, lire_factures
from norms.noemie.conteneurs import MAX_FICHIER, Conteneur, detect, unwrap
from norms.paquet import NormPack
from norms.ssv import CatalogueGroupes, ErreurZone, decode_zone
from norms.ssv.zone import MAX_ZONE
from simulator.acteurs.lecture import LONGUEUR, read_record

INDEX_ARL = "arl/index.yaml"
MAX_ARL = MAX_ENREGISTREMENTS * LONGUEUR
#: Largest file of each of these natures, in bytes: they are held whole.
MAX_NOEMIE, MAX_GROUPES = MAX_FICHIER, MAX_ZONE


# --- NOEMIE ---------------------------------------------------------------------------------------------------
def container(codec: CodecNoemie, brut: bytes) -> Conteneur:
    """The physical form of a return."""
    return detect(brut, {c.encode(): d.longueur for c, d in codec.dispositions.items()})


def iter_entities(
    codec: CodecNoemie, brut: bytes, pulse: Callable[[], None] = lambda: None
) -> Iterator[Enregistrement | ErreurEnregistrement]:
    """Every entity that can be read, and the faults of those that can't; goes on to the end of the file."""
    morceaux = unwrap(brut, container(codec, brut))
    while True:
        try:
            rang, offset, octets = next(morceaux)
        except StopIteration:
            return
        except ErreurEnregistrement as faute:
            yield faute
            return
        if rang % 512 == 1:
            pulse()
        try:
            yield codec.decoder_entite(octets, rang, offset=offset, strict=False)
        except ErreurEnregistrement as faute:
            yield faute


def check_noemie(
    brut: bytes, pack: NormPack, releve: Releve, pulse: Callable[[], None] = lambda: None
) -> dict[str, int | str]:
    """Checks a return; gives its totals. Never raises on the content."""
    codec = CodecNoemie(pack)
    entites: list[Enregistrement] = []
    fautes = 0
    for lue in iter_entities(codec, brut, pulse):
        if isinstance(lue, ErreurEnregistrement):
            releve.fault("NOEMIE_SYNTAXE", lue)
            fautes += 1
            continue
        for anomalie in lue.anomalies:
            releve.fault("NOEMIE_SYNTAXE", anomalie, lue.brut)
        entites.append(lue)
    releve.done(["NOEMIE_SYNTAXE", "NOEMIE_CLE_NIR"])
    contenu: dict[str, int | str] = {"entités": len(entites) + fautes, "conteneur": container(codec, brut).value}
    for e in entites:
        for regle in load_knowledge().cles_noemie:
            if e.type == regle.type and not e.anomalies and (faux := check_key(e, regle)):
                releve.note(regle.controle, faux[0], faux[1], en=e, champ=faux[2])
    if fautes or [e.type for e in (*entites[:1], *entites[-1:])] != ["000", "999"]:
        releve.unverified("les niveaux et les totaux du retour : toutes ses entités n'ont pas pu être lues")
        _ends(entites, releve)
        return contenu
    fichier = FichierNoemie(container(codec, brut), tuple(entites))
    releve.done(["NOEMIE_COHERENCE"])
    bruts = {e.rang: e.brut for e in entites}
    deja = {id(a) for e in entites for a in e.anomalies}
    for faute in controler(codec, fichier):
        if id(faute) not in deja:
            releve.fault("NOEMIE_COHERENCE", faute, bruts.get(faute.rang, b""))
    if not deja:
        factures = lire_factures(fichier)
        contenu |= {
            "référence": fichier.reference,
            "factures": len(factures),
            "payé": format_euros(sum(f.paye for f in factures)),
            "rejetées": sum(f.rejetee for f in factures),
        }
    return contenu


def _ends(entites: list[Enregistrement], releve: Releve) -> None:
    for e, voulu, place in ((entites[:1], "000", "tête"), (entites[-1:], "999", "fin")):
        if e and e[0].type != voulu:
            releve.note("NOEMIE_SYNTAXE", f"« {voulu} » en {place} de fichier", f"« {e[0].type} »", en=e[0])


# --- ARL ------------------------------------------------------------------------------------------------------
def iter_arl(brut: bytes, pack: NormPack) -> Iterator[Enregistrement]:
    """Every record of an ARL file; a faulty one carries its ``anomalies``."""
    codec = CodecB2(pack, index=INDEX_ARL)
    for rang, i in enumerate(range(0, len(brut), LONGUEUR), start=1):
        yield read_record(codec, brut[i : i + LONGUEUR], rang, i)


def check_arl(brut: bytes, pack: NormPack, releve: Releve) -> dict[str, int | str]:
    """Checks an ARL file; gives its totals. Never raises on the content."""
    releve.done(["ARL_SYNTAXE"])
    fautes = lus = 0
    for e in iter_arl(brut, pack):
        lus += 1
        for anomalie in e.anomalies:
            releve.fault("ARL_SYNTAXE", anomalie, e.brut)
            fautes += 1
    contenu: dict[str, int | str] = {"enregistrements": lus}
    if fautes:
        return contenu
    try:
        fichier = CodecArl(pack).lire(brut)
    except ErreurEnregistrement as faute:
        place = max(faute.rang - 1, 0) * LONGUEUR
        releve.fault("ARL_SYNTAXE", faute, brut[place : place + LONGUEUR])
        return contenu
    positifs = sum(a.positif for a in fichier.arls)
    return contenu | {"ARL positifs": positifs, "ARL négatifs": len(fichier.arls) - positifs}


# --- zones ----------------------------------------------------------------------------------------------------
def check_zone(brut: bytes, pack: NormPack, releve: Releve) -> dict[str, int | str]:
    """Checks a zone of data groups; gives the number of groups. Never raises on the content."""
    releve.done(["ZONE_SYNTAXE"])
    try:
        groupes = decode_zone(brut)
    except ErreurZone as exc:
        releve.note("ZONE_SYNTAXE", exc.attendu, f"octet {exc.octet} : {exc.constate}")
        return {}
    releve.done(["ZONE_GROUPE"])
    for faute in CatalogueGroupes(pack).faults(groupes):
        releve.note("ZONE_GROUPE", "un groupe conforme au catalogue", str(faute))
    return {"groupes": len(groupes)}
