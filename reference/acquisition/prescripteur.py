"""Who prescribed, found in the repository of health professionals (cdc §4.1.2: software for pharmacists)."""

from __future__ import annotations

from dataclasses import dataclass

from norms import referentiel as norme
from norms.contrat.adaptateur import Prescription
from reference.ecran import Ecran
from reference.erreurs import Refus
from reference.store import ReferentielPs


@dataclass
class RecherchePrescripteur:
    """Loads the versions the vendor supplies, finds prescribers, completes a prescription."""

    referentiel: ReferentielPs
    ecran: Ecran

    def charger(self, octets: bytes) -> str:
        """SV-4.1.2-11: a newer version replaces the one in use. Gives the version in use. Raises Refus."""
        try:
            version, prescripteurs = norme.lire(octets)
        except norme.ErreurReferentiel as exc:
            raise Refus(str(exc)) from exc
        if version <= self.referentiel.version:
            raise Refus(
                f"référentiel PS du {version} : celui du poste, du {self.referentiel.version}, n'est pas antérieur"
            )
        combien = self.referentiel.remplacer(version, prescripteurs)
        self.ecran.informer(f"Référentiel PS du {version} chargé : {combien} professionnel(s)")
        return version

    def chercher(self, rpps: str) -> norme.Prescripteur:
        """SV-4.1.2-10: the prescriber of that RPPS. Raises Refus when the repository doesn't know him."""
        trouve = self.referentiel.chercher(rpps)
        if trouve is None:
            raise Refus(f"prescripteur {rpps[:11]} absent du référentiel PS ; saisir ses données d'après l'ordonnance")
        p, version = trouve, self.referentiel.version
        self.ecran.informer(
            f"Prescripteur {p.prenom} {p.nom}, spécialité {p.specialite}, n° {p.numero} (référentiel PS du {version})"
        )
        return trouve

    def completer(self, p: Prescription | None) -> Prescription | None:
        """A prescription known by its RPPS alone takes the rest from the repository; what was typed stays."""
        if p is None or not p.rpps or (p.numero and p.specialite):
            return p
        connu = self.referentiel.chercher(p.rpps)
        if connu is None:
            return p
        complements = {"numero": p.numero or connu.numero, "specialite": p.specialite or connu.specialite}
        return p.model_copy(update=complements)
