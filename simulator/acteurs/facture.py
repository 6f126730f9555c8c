"""One invoice: syntax, security, totals, identifiers, dates (cdc §3.2.9, §3.3.1.2, §3.5)."""

from __future__ import annotations

from datetime import date

from norms.b2 import FactureB2, Prestation
from norms.b2.securite import (
    DONNEES_CHIFFREES,
    ENVELOPPE_CMS,
    SIGNATURE_PS,
    SIGNATURE_VITALE,
    BlocSecurite,
    ErreurSecurite,
    champs_sensibles,
    demasquer,
    lire_blocs,
    octets_a_signer_facture,
)
from norms.cms import ErreurCms, open_with
from norms.codec import Enregistrement, ErreurEnregistrement
from norms.contrat.base import ModeSecurisation, TypeFacture
from norms.identifiants import ErreurIdentifiant, adeli_valide, cle_nir
from norms.tables import code_annulation
from simulator.acteurs.analyse import AnalyseFacture, Chiffrement
from simulator.acteurs.anomalies import Anomalie
from simulator.acteurs.confiance import ABSENTE, Signature
from simulator.acteurs.contexte import Contexte
from simulator.acteurs.lecture import FactureLue
from simulator.acteurs.oct_regles import load_regles_oct
from simulator.acteurs.valeurs import entier, jour, montre

MAX_FAUTES_CITEES = 20
TYPES = {"F": TypeFacture.FSE.value, "D": TypeFacture.DRE.value}
#: (field of the record 5, field of the records 4, check).
TOTAUX = (
    ("total_facture", "honoraires", "FACTURE_TOTAL"),
    ("total_amo", "montant_amo", "FACTURE_TOTAL_AMO"),
    ("total_amc", "montant_amc", "FACTURE_TOTAL_AMC"),
)


def type_of(lue: FactureLue, ctx: Contexte) -> str:
    """FSE or DRE: what the invoice header says, F or D (cdc §3.2.10.1.1); else what the insurer receives."""
    ecrit = lue.entete.texte("type_facture") if lue.entete.type == "2" else ""
    return TYPES.get(ecrit, ctx.organisme.types_factures[0])


def check_invoice(ctx: Contexte, lue: FactureLue, *, mode: str, lot: str, date_lot: date | None) -> AnalyseFacture:
    """Analyses one invoice of a lot; pure."""
    return _Examen(ctx, lue, mode, lot, date_lot).run()


class _Examen:
    """One pass over one invoice."""

    def __init__(self, ctx: Contexte, lue: FactureLue, mode: str, lot: str, date_lot: date | None) -> None:
        self.ctx, self.lue, self.mode, self.lot, self.date_lot = ctx, lue, mode, lot, date_lot
        self.type = type_of(lue, ctx)
        self.anomalies: list[Anomalie] = []

    def note(self, code: str, attendu: str, constate: str, en: Enregistrement, champ: str = "") -> None:
        self.anomalies.append(self.ctx.catalogue.anomalie(code, attendu, constate, en=en, champ=champ))

    def run(self) -> AnalyseFacture:
        for faute in self.lue.fautes[:MAX_FAUTES_CITEES]:
            brut = next((e.brut for e in self.lue.enregistrements if e.rang == faute.rang), b"")
            self.anomalies.append(self.ctx.catalogue.layout("FACTURE_SYNTAXE", faute, brut))
        blocs = self._blocks()
        structure = self.lue.structure
        vitale = self._signature(SIGNATURE_VITALE, blocs)
        cps = self._signature(SIGNATURE_PS, blocs)
        chiffrement, prestations = Chiffrement(False), structure.prestations if structure else ()
        if structure is not None:
            chiffrement, prestations = self._decrypt(structure, blocs)
            self._check_totals(structure)
            self._check_dates(structure)
            self._check_insurer(structure)
        self._check_identifiers()
        return AnalyseFacture(
            self.lue,
            self.type,
            self.mode,
            self.lot,
            prestations,
            vitale,
            cps,
            chiffrement,
            tuple(self.anomalies),
            annulation=self._cancels(),
        )

    def _cancels(self) -> bool:
        entete, code = self.lue.entete, code_annulation(self.ctx.pack)
        return bool(code) and entete.type == "2" and entete.texte("nature_operation") == code

    # --- security ---------------------------------------------------------------------------------------------
    def _blocks(self) -> dict[str, BlocSecurite]:
        segments = [e for e in self.lue.enregistrements if e.type == "8" and not e.anomalies]
        try:
            lus = lire_blocs(segments)
        except (ErreurEnregistrement, ErreurSecurite) as faute:
            if isinstance(faute, ErreurEnregistrement):
                brut = next((e.brut for e in segments if e.rang == faute.rang), b"")
                self.anomalies.append(self.ctx.catalogue.layout("FACTURE_SYNTAXE", faute, brut))
            return {}
        blocs: dict[str, BlocSecurite] = {}
        for bloc in lus:
            premier = next(e for e in segments if e.rang == bloc.rangs[0])
            if bloc.nature in blocs:
                self.note("FACTURE_SYNTAXE", f"un seul bloc de nature {bloc.nature}", "plusieurs", premier, "nature")
            elif bloc.reference != self.lue.numero:
                attendu = f"la facture {self.lue.numero}"
                self.note("FACTURE_NUMERO", attendu, montre(bloc.reference), premier, "reference")
            else:
                blocs[bloc.nature] = bloc
        return blocs

    def _signature(self, nature: str, blocs: dict[str, BlocSecurite]) -> Signature:
        est_vitale = nature == SIGNATURE_VITALE
        suffixe = "VITALE" if est_vitale else "CPS"
        voulue = not est_vitale or self.mode == ModeSecurisation.SESAM_VITALE
        bloc = blocs.get(nature)
        entete = self.lue.entete
        if bloc is None:
            if voulue and self.mode:
                self.note(f"FACTURE_SIGNATURE_{suffixe}_ABSENTE", f"une signature de nature {nature}", "aucune", entete)
            return ABSENTE
        if not voulue and self.mode:
            self.note("FACTURE_SIGNATURE_VITALE_INDUE", f"aucune signature Vitale en mode {self.mode}", "une", entete)
        signe = octets_a_signer_facture(self.lue.enregistrements, nature)
        instant = self.ctx.noon(jour(entete, "date_facturation"))
        champ = "nir" if est_vitale else "numero_ps"
        numero = entete.texte(champ) if entete.type == "2" else ""
        signature = self.ctx.confiance.verify("VITALE" if est_vitale else "PS", bloc, signe, instant, numero)
        if not signature.reconnu:
            self.note(f"FACTURE_SIGNATURE_{suffixe}_FAUSSE", "une signature vérifiable", signature.motif, entete)
        elif not signature.valide:
            self.note(f"FACTURE_SIGNATAIRE_{suffixe}", "un certificat valide", signature.motif, entete)
        elif signature.porteur is not None and not signature.porteur.signs_invoices_of(numero):
            attendu = f"un signataire de {montre(numero)}"
            self.note(f"FACTURE_SIGNATAIRE_{suffixe}", attendu, signature.signataire, entete, champ)
        return signature

    def _decrypt(
        self, structure: FactureB2, blocs: dict[str, BlocSecurite]
    ) -> tuple[Chiffrement, tuple[Prestation, ...]]:
        bloc, entete = blocs.get(DONNEES_CHIFFREES), structure.entete
        sensibles = champs_sensibles(self.ctx.pack)
        champs = tuple(
            f"{e.type}.{nom}"
            for e in structure.enregistrements
            for nom in sensibles.get(e.type, ())
            if e.est_masque(nom)
        )
        if bloc is None:
            if any(e.type in sensibles for e in structure.enregistrements):
                self.note("FACTURE_CHIFFREMENT_ABSENT", "un bloc chiffré", "aucun", entete)
            return Chiffrement(False, motif="bloc chiffré absent"), structure.prestations
        identites = self.ctx.confiance.identites_donnees(self.ctx.organisme.numero)
        if not identites:
            motif = f"{self.ctx.organisme.role} sans clé de données : le bloc reste fermé jusqu'à l'assureur"
            return Chiffrement(True, motif=motif, champs=champs), structure.prestations
        try:
            if bloc.algorithme != ENVELOPPE_CMS:
                raise ErreurSecurite(f"algorithme « {bloc.algorithme} » ; attendu « {ENVELOPPE_CMS} »")
            clair, _ = open_with(bloc.octets, identites)
        except (ErreurCms, ErreurSecurite) as exc:
            self.note("FACTURE_CHIFFREMENT_ILLISIBLE", "un bloc qui s'ouvre avec la clé de données", str(exc), entete)
            return Chiffrement(True, motif=str(exc), champs=champs), structure.prestations
        try:
            restaures = demasquer(self.ctx.pack, structure.enregistrements, clair)
            events = list(self.ctx.codec.structure.events(restaures, depart="lot", arrivees=("fin_facture",)))
        except (ErreurSecurite, ErreurEnregistrement) as exc:
            if isinstance(exc, ErreurSecurite) or not self.lue.fautes:  # else told already, with the record
                attendu = "des données qui remplissent les zones masquées"
                self.note("FACTURE_CHIFFREMENT_INCOHERENT", attendu, str(exc), entete)
            return Chiffrement(True, ouvert=True, motif=str(exc), champs=champs), structure.prestations
        restauree = events[0]
        prestations = restauree.prestations if isinstance(restauree, FactureB2) else structure.prestations
        return Chiffrement(True, ouvert=True, champs=champs), prestations

    # --- content ----------------------------------------------------------------------------------------------
    def _check_totals(self, structure: FactureB2) -> None:
        fin, lignes = structure.fin, [p.entete for p in structure.prestations]
        if entier(fin, "nombre_type_4") != len(lignes):
            constate = montre(entier(fin, "nombre_type_4"))
            self.note("FACTURE_NOMBRE_LIGNES", f"{len(lignes)} lignes", constate, fin, "nombre_type_4")
        for total, ligne, code in TOTAUX:
            somme = sum(entier(e, ligne) or 0 for e in lignes)
            if entier(fin, total) != somme:
                self.note(code, f"{somme} centimes", f"{montre(entier(fin, total))} centimes", fin, total)
        part = (entier(fin, "total_facture") or 0) - (entier(fin, "total_amo") or 0)
        if entier(fin, "part_assure") != part:
            constate = f"{montre(entier(fin, 'part_assure'))} centimes"
            self.note("FACTURE_PART_ASSURE", f"{part} centimes", constate, fin, "part_assure")

    def _check_dates(self, structure: FactureB2) -> None:
        facturation = jour(structure.entete, "date_facturation")
        limite = self.date_lot or self.ctx.reception
        if facturation is None or facturation > limite:
            attendu = f"une date, au plus tard celle du lot ({limite.isoformat()})"
            self.note("FACTURE_DATE", attendu, montre(facturation), structure.entete, "date_facturation")
        for p in structure.prestations:
            acte = jour(p.entete, "date_acte")
            if acte is None or (facturation is not None and acte > facturation):
                attendu = f"une date, au plus tard celle de la facture ({montre(facturation)})"
                self.note("FACTURE_DATE_ACTE", attendu, montre(acte), p.entete, "date_acte")
            elif (borne := self.ctx.regles.prescribed_from(acte)) <= self.ctx.reception:
                attendu = f"une facture reçue avant le {borne.isoformat()}"
                self.note("FACTURE_PRESCRITE", attendu, f"un acte du {acte.isoformat()}", p.entete, "date_acte")

    def _check_identifiers(self) -> None:
        entete = self.lue.entete
        if entete.type != "2" or entete.anomalies:
            return
        nir, cle = entete.texte("nir"), entete.texte("cle_nir")
        try:
            attendue = cle_nir(nir)
        except ErreurIdentifiant as exc:
            self.note("FACTURE_CLE_NIR", "un NIR de 13 caractères", str(exc), entete, "nir")
        else:
            if cle != attendue:
                self.note("FACTURE_CLE_NIR", f"la clé {attendue} pour le NIR {nir}", montre(cle), entete, "cle_nir")
        ps = entete.texte("numero_ps")
        if not adeli_valide(ps):
            self.note("FACTURE_CLE_PS", "un numéro à clé valide", montre(ps), entete, "numero_ps")
        if not self.lue.numero.strip("0"):
            self.note("FACTURE_NUMERO", "un numéro non nul", montre(self.lue.numero), entete, "numero_facture")
        for e in self.lue.enregistrements[1:]:
            if e.type[0] in "245" and not e.anomalies and e.texte("numero_facture") != self.lue.numero:
                attendu = f"la facture {self.lue.numero}"
                self.note("FACTURE_NUMERO", attendu, montre(e.texte("numero_facture")), e, "numero_facture")
                break
        organisme = self.ctx.organisme
        if organisme.role == "AMO" and entete.texte("regime") != organisme.regime:
            attendu = f"le régime {organisme.regime}"
            self.note("FACTURE_DESTINATAIRE", attendu, montre(entete.texte("regime")), entete, "regime")
        deux_m, deux_p = self._record("2M"), self._record("2P")
        if organisme.role == "AMC" and deux_m is not None:
            operateur = deux_p.texte("operateur_reglement").lstrip("0") if deux_p is not None else ""
            numero = deux_m.texte("numero_amc")
            gestion = self.ctx.gestions.get(numero.lstrip("0"))
            propre = numero.lstrip("0") == organisme.numero_destinataire.lstrip("0")
            confiee = operateur == organisme.numero and gestion is not None and gestion.gestionnaire == operateur
            if not (confiee if operateur else propre):
                attendu = f"l'AMC {organisme.numero_destinataire}, ou une AMC dont il est l'opérateur de règlement"
                constate = f"{montre(numero)}, opérateur {montre(operateur)}" if operateur else montre(numero)
                self.note("FACTURE_DESTINATAIRE", attendu, constate, deux_m, "numero_amc")

    def _check_insurer(self, structure: FactureB2) -> None:
        """A FSE bears the complementary part only for who manages both parts (cdc §3.2.7.2)."""
        if self.ctx.organisme.role != "AMO" or self.type != TypeFacture.FSE or not entier(structure.fin, "total_amc"):
            return
        if structure.entete.texte("type_contrat") == load_regles_oct().contrat_eclatement:
            return  # a concentrator has split it: the complementary part went another way (annexe5 §4.3)
        deux_m = self._record("2M")
        porteur, champ = (deux_m or structure.entete), "numero_amc"
        gestion = self.ctx.gestions.get(porteur.texte(champ).lstrip("0"))
        if gestion is not None and gestion.gestionnaire != self.ctx.organisme.numero:
            attendu = "une AMC dont cet organisme gère la part, ou aucune part complémentaire"
            self.note("FACTURE_PART_AMC", attendu, montre(porteur.texte(champ)), porteur, champ)

    def _record(self, type_: str) -> Enregistrement | None:
        return next((e for e in self.lue.enregistrements if e.type == type_ and not e.anomalies), None)
