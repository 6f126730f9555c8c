"""The dossier of a check: a campaign with one « scenario » a file, restricted to what files can show."""

from __future__ import annotations

from pathlib import Path

from harness.campagne import bench_version, build_campaign
from harness.catalogue import Catalogue
from harness.fichiers.affichage import place
from harness.fichiers.donnees import load_knowledge
from harness.fichiers.modele import ConstatFichier, RapportControle, ResultatFichier
from harness.fichiers.reconnaissance import Nature
from harness.modele.verdict import Campagne, Constat, Deroule, Identite, Preuve, ResultatScenario, Verdict
from norms.paquet import NormPack

PORTEE = "restreinte à ce que montrent des fichiers produits ailleurs ; rien n'a été joué contre le logiciel"


def build_dossier(rapport: RapportControle, pack: NormPack, catalogue: Catalogue) -> Campagne:
    """The campaign that reporters turn into a dossier. Requirements: only those that a check speaks for."""
    resultats = [_scenario(rang, r) for rang, r in enumerate(rapport.fichiers, start=1)]
    nombre = len(rapport.fichiers)
    identite = Identite(
        produit=f"{nombre} fichier{'s' if nombre > 1 else ''} contrôlé{'s' if nombre > 1 else ''}",
        protocole="aucun",
        banc_version=bench_version(),
        norme=pack.nom,
        norme_version=pack.version,
        norme_empreinte=pack.empreinte,
        norme_source=pack.source,
        norme_remplaces=pack.remplaces,
        norme_hypotheses=pack.hypotheses_par_dossier,
        lecteurs="aucun",
        profil={"portée": PORTEE, "non jugé": list(rapport.portee)},
    )
    campagne = build_campaign(identite, resultats, catalogue)
    connues = tuple(e for e in campagne.exigences if e.id in catalogue)
    return campagne.model_copy(update={"exigences": connues})


def _scenario(rang: int, r: ResultatFichier) -> ResultatScenario:
    constats = [_constat(i, r, c) for i, c in enumerate(r.constats, start=1)]
    sans_ecart = [c for c in r.controles if c not in r.comptes]
    oct_ = r.contenu.get("profil") == "facture_oct"
    constats += [_passed(i, c, oct_=oct_) for i, c in enumerate(sans_ecart, start=len(constats) + 1)]
    libelle = Nature(r.nature).libelle if r.nature else "fichier non reconnu"
    return ResultatScenario(
        id=f"FICHIER-{rang:04d}",
        titre=f"{Path(r.fichier).name}, {libelle}",
        fichier=r.fichier,
        verdict=r.verdict,
        constats=tuple(constats),
        deroule=tuple(_steps(r)),
        cause=r.cause,
        rejouer=f"preagrement check {r.fichier}" + (f" --date {r.date}" if r.date else ""),
    )


def _steps(r: ResultatFichier) -> list[Deroule]:
    textes = [f"{r.taille} octets, SHA-256 {r.sha256}"] if r.sha256 else []
    if r.contenu:
        textes.append(", ".join(f"{cle} : {valeur}" for cle, valeur in r.contenu.items()))
    if r.enveloppe is not None:
        etat = "ouverte" if r.enveloppe.ouverte else "fermée"
        textes.append(f"enveloppe {r.enveloppe.algorithme}, {etat}, pour {' ; '.join(r.enveloppe.destinataires)}")
    textes += [f"non vérifié : {n}" for n in r.non_verifies]
    if r.non_montres:
        textes.append(f"{r.non_montres} constats comptés sans être détaillés")
    return [Deroule(rang=i, genre="verifier", resume=t) for i, t in enumerate(textes, start=1)]


def _constat(rang: int, r: ResultatFichier, c: ConstatFichier) -> Constat:
    preuve = Preuve(
        fichier=r.fichier,
        enregistrement=c.enregistrement,
        type_enregistrement=c.type_enregistrement,
        champ=c.champ,
        colonnes=c.colonnes,
        brut=c.brut,
    )
    ou = place(c)
    return Constat(
        rang=rang,
        exigence=c.exigence or c.code,
        verdict=c.verdict,
        sur=f"{c.code}{' : ' + ou if ou else ''}",
        operateur="contrôle",
        attendu=c.attendu,
        constate=c.constate,
        pourquoi=f"{c.texte} ({c.source})",
        hypothese=c.hypothese,
        a_corriger=c.conseil,
        preuves=(preuve,),
    )


def _passed(rang: int, code: str, *, oct_: bool) -> Constat:
    savoir = load_knowledge()
    regle = savoir.regles[code]
    exigence = savoir.exigence(code, "FSE", oct_=oct_)
    source = regle.reserve or regle.source
    return Constat(
        rang=rang,
        exigence=exigence or code,
        verdict=Verdict.CONFORME,
        sur=code,
        operateur="contrôle",
        attendu="aucun écart",
        constate="aucun écart",
        pourquoi=f"Contrôle fait sans écart : « {regle.texte} » ({regle.source})",
        hypothese=source.partition(":")[2].strip() if source.startswith("hypothese") else "",
    )
