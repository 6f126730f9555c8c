"""FormaterFichier: the records 000 and 999 to put around the lots of a file (cdc §4.2.1.16.2). No card is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from norms.codec import ErreurEnregistrement
from norms.codec.champ import Valeur
from norms.contrat.services import FichierForme, FormaterFichier
from norms.ssv import Groupe
from simulator.ssv.contexte import Contexte, parse_reference, select
from simulator.ssv.criteres import Criteres, decode_critere
from simulator.ssv.erreurs import RefusSsv
from simulator.ssv.facture import encode_base64


class Fichiers:
    """FormaterFichier."""

    def __init__(self, contexte: Contexte, criteres: Criteres) -> None:
        self._contexte, self._criteres = contexte, criteres
        self._regles: Any = contexte.donnees.lots["fichier"]

    def formater_fichier(self, params: FormaterFichier) -> FichierForme:
        """Header and end, from the criterion of the lots and groups 12 and 14. Raises RefusSsv."""
        critere = decode_critere(params.critere_fichier)
        groupes = self._contexte.groupes(params.groupes)
        douze, quatorze = self._check(groupes, params.critere_fichier)
        valeurs = self._ends(critere, douze)
        identifiant = douze.valeur("nom_fichier")
        lots, taille = int(douze.valeur("nombre_lots")), int(douze.valeur("taille_lots"))
        longueur = int(self._regles["taille_enregistrement"])
        if taille % longueur or taille < lots * 2 * longueur or lots < 1:
            raise RefusSsv(
                "donnee_incorrecte",
                f"groupe 12 : {lots} lots de {taille} octets ; un lot au moins, "
                f"la taille est un multiple de {longueur}",
            )
        jour = douze.valeur("date_fichier")
        entete: dict[str, Valeur] = {
            **valeurs,
            "identifiant_fichier": identifiant,
            "date_creation": _date(jour),
            "norme": quatorze.valeur("norme") or critere.get("norme", ""),
            "reserve_sesam": f" {critere.get('type_flux', '')}",
            "message": quatorze.valeur("zone_message"),
        }
        fin: dict[str, Valeur] = {
            **valeurs,
            "identifiant_fichier": identifiant,
            "nombre_enregistrements": taille // longueur + 2,
            "nombre_lots": lots,
        }
        try:
            codec = self._contexte.codec
            return FichierForme(
                entete=encode_base64([codec.encoder("000", entete)]), fin=encode_base64([codec.encoder("999", fin)])
            )
        except ErreurEnregistrement as exc:
            raise RefusSsv("donnee_incorrecte", str(exc)) from exc

    def _check(self, groupes: Sequence[Groupe], critere: str) -> tuple[Groupe, Groupe]:
        for g in groupes:
            if str(g.id) not in self._regles["entree"]:
                raise RefusSsv("groupe_inconnu", f"groupe {g.id} : il n'entre pas dans un fichier")
        douze, quatorze = select(groupes, 12), select(groupes, 14)
        if len(douze) != 1 or len(quatorze) > 1:
            raise RefusSsv("donnee_incorrecte", "groupe 12 une fois, groupe 14 une fois au plus")
        for reference in self._regles["obligatoires"]:
            id_, rang = parse_reference(reference)
            if not douze[0].valeur(rang):
                champ = self._contexte.catalogue.definition(id_).champs[rang - 1]
                raise RefusSsv("donnee_incorrecte", f"groupe {id_}, champ {rang} « {champ.nom} » : obligatoire")
        quatorzieme = quatorze[0] if quatorze else self._contexte.catalogue.creer(14)
        if quatorzieme.valeur("critere_fichier") not in ("", critere):
            raise RefusSsv("donnee_incorrecte", "groupe 14, champ 1 : critère différent de celui du paramètre")
        return douze[0], quatorzieme

    def _ends(self, critere: Mapping[str, str], douze: Groupe) -> dict[str, Valeur]:
        """Both ends of the file. What group 12 gives must be what the criterion says, except for a concentrator."""
        libre = douze.valeur("type_destinataire") in self._regles["types_libres"]
        valeurs: dict[str, Valeur] = {
            "application": douze.valeur("application") or self._criteres.constant("application")
        }
        for nom in ("type_emetteur", "numero_emetteur", "type_destinataire", "numero_destinataire"):
            donne, attendu = douze.valeur(nom), critere.get(nom, "")
            emetteur = nom.endswith("emetteur")
            if donne and donne.lstrip("0") != attendu.lstrip("0") and (emetteur or not libre):
                raise RefusSsv("donnee_incorrecte", f"groupe 12, « {nom} » : attendu {attendu} ; constaté {donne[:40]}")
            valeurs[nom] = donne or ("" if libre and not emetteur else attendu)
        return valeurs


def _date(texte: str) -> date:
    try:
        return date(int(texte[:4]), int(texte[4:6]), int(texte[6:]))
    except ValueError:
        raise RefusSsv("donnee_incorrecte", f"groupe 12, date du fichier « {texte} » impossible") from None
