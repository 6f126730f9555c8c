"""How the dossier names what the data call by a short key: domains, families of norm data, keys of the profile."""

from __future__ import annotations

from collections.abc import Mapping

DOMAINES: Mapping[str, str] = {
    "administration": "Administration du poste",
    "adressage": "Adressage des flux",
    "agrement": "Agrément",
    "arl": "Accusés de réception logiques (ARL)",
    "beneficiaire_amc": "Bénéficiaire et contexte AMC",
    "beneficiaire_amo": "Bénéficiaire et contexte AMO",
    "cartes": "Cartes et lecteurs",
    "conservation": "Conservation des données",
    "conventions": "Conventions AMC",
    "documents": "Documents remis et affichages",
    "fichiers": "Fichiers",
    "flux": "Flux et messages",
    "lots": "Lots",
    "modes": "Modes de sécurisation",
    "oct": "Organismes concentrateurs (OCT)",
    "parcours": "Parcours de soins",
    "pec": "Prise en charge (PEC)",
    "prestations": "Prestations",
    "ps": "Professionnel de santé",
    "reclamation": "Réclamations",
    "remplacement": "Remplacement",
    "rsp": "Retours de paiement (RSP)",
    "securisation": "Sécurisation des factures",
    "service": "Services fournis",
    "situations": "Situations particulières",
    "tarification_amc": "Tarification AMC",
    "tarification_amo": "Tarification AMO",
    "transmission": "Transmission et acquittements",
}

DONNEES: Mapping[str, str] = {
    "arl": "ARL",
    "b2": "norme B2",
    "messagerie": "messagerie",
    "noemie": "retours NOEMIE",
    "ssv": "services SSV",
    "tables": "tables de codes",
}

LECTEURS: Mapping[str, str] = {"simules": "simulés", "pcsc": "PC/SC"}

PROFIL: Mapping[str, str] = {
    "professions": "Professions",
    "specialites": "Spécialités",
    "modes": "Modes de sécurisation",
    "capacites": "Capacités",
}


def libelle(cle: str, table: Mapping[str, str]) -> str:
    """The French name of a key; an unknown one, readable."""
    return table.get(cle) or cle.replace("_", " ").capitalize()


def nombre(n: int, singulier: str, pluriel: str) -> str:
    """« 1 vue », « 0 vue », « 2 vues »."""
    return f"{n} {pluriel if n > 1 else singulier}"


def gros(n: int) -> str:
    """« 1 779 »: thousands apart, as French readers expect."""
    return f"{n:,}".replace(",", "\u202f")
