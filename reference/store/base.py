"""Opening of the SQLite file and its schema. Strict tables, write-ahead log, foreign keys.

Conserved at least 90 days (SV-3.2.7.3-01, SV-3.2.10.1.2-02, SV-3.3.1.1-06): nothing is ever erased here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from norms.systeme import tell_system_error
from reference.erreurs import Refus

VERSION = 3
NOM = "poste.sqlite3"

SCHEMA = """
CREATE TABLE compteurs (nom TEXT PRIMARY KEY, valeur TEXT NOT NULL) STRICT;

CREATE TABLE factures (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL CHECK (type IN ('FSE', 'DRE')),
  numero TEXT NOT NULL CHECK (length(numero) = 9),
  mode TEXT NOT NULL,
  statut TEXT NOT NULL,
  date_elaboration TEXT NOT NULL,
  situation TEXT NOT NULL,
  nom TEXT NOT NULL,
  prenom TEXT NOT NULL,
  total INTEGER NOT NULL, amo INTEGER NOT NULL, amc INTEGER NOT NULL, assure INTEGER NOT NULL,
  groupes TEXT NOT NULL,
  contenu BLOB NOT NULL,
  critere_lot TEXT NOT NULL,
  motif_rejet TEXT NOT NULL DEFAULT '',
  montant_paye INTEGER,
  annulation INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX factures_numero ON factures (type, numero) WHERE annulation = 0;

CREATE TABLE lots (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL CHECK (length(reference) = 3),
  type TEXT NOT NULL,
  mode TEXT NOT NULL,
  statut TEXT NOT NULL,
  date_lot TEXT NOT NULL,
  contenu BLOB NOT NULL,
  critere_fichier TEXT NOT NULL,
  groupe TEXT NOT NULL,
  adresse TEXT NOT NULL,
  code_rejet TEXT NOT NULL DEFAULT '',
  libelle_rejet TEXT NOT NULL DEFAULT '',
  facture_en_cause TEXT NOT NULL DEFAULT '',
  remplace INTEGER REFERENCES lots (id)
) STRICT;

CREATE TABLE lot_factures (
  lot INTEGER NOT NULL REFERENCES lots (id),
  rang INTEGER NOT NULL,
  facture INTEGER NOT NULL REFERENCES factures (id),
  PRIMARY KEY (lot, rang),
  UNIQUE (lot, facture)
) STRICT, WITHOUT ROWID;

CREATE TABLE fichiers (
  id INTEGER PRIMARY KEY,
  numero TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  statut TEXT NOT NULL,
  adresse TEXT NOT NULL,
  numero_emetteur TEXT NOT NULL,
  version TEXT NOT NULL,
  nb_factures INTEGER NOT NULL,
  contenu BLOB NOT NULL
) STRICT;

CREATE TABLE fichier_lots (
  fichier INTEGER NOT NULL REFERENCES fichiers (id),
  rang INTEGER NOT NULL,
  lot INTEGER NOT NULL REFERENCES lots (id),
  PRIMARY KEY (fichier, rang)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  fichier INTEGER NOT NULL REFERENCES fichiers (id),
  sujet TEXT NOT NULL,
  destinataire TEXT NOT NULL,
  instant TEXT NOT NULL,
  statut TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

CREATE TABLE recus (
  uid TEXT PRIMARY KEY,
  instant TEXT NOT NULL,
  contenu BLOB NOT NULL
) STRICT;

CREATE TABLE retours (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL REFERENCES recus (uid),
  nature TEXT NOT NULL,
  resume TEXT NOT NULL,
  lot TEXT NOT NULL,
  facture TEXT NOT NULL,
  positif INTEGER,
  code TEXT NOT NULL,
  montant INTEGER,
  message_origine TEXT NOT NULL,
  rapproche INTEGER NOT NULL,
  presente INTEGER NOT NULL DEFAULT 0
) STRICT;
"""

#: What version 2 adds.
SCHEMA_2 = """
CREATE TABLE absences (du TEXT NOT NULL, au TEXT NOT NULL) STRICT;

CREATE TABLE paiements (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL REFERENCES recus (uid),
  date TEXT NOT NULL,
  organisme TEXT NOT NULL,
  montant INTEGER NOT NULL,
  factures TEXT NOT NULL
) STRICT;

CREATE TABLE rapports (
  numero TEXT PRIMARY KEY,
  facture INTEGER NOT NULL REFERENCES factures (id),
  etat TEXT NOT NULL,
  statut TEXT NOT NULL,
  contenu BLOB NOT NULL,
  sujet TEXT NOT NULL DEFAULT '',
  instant TEXT NOT NULL DEFAULT ''
) STRICT;
"""

#: From version 2 to 3: a cancellation of a DRE bears the number of the DRE. SQLite changes a constraint by a new table.
SCHEMA_3 = """
CREATE TABLE factures_3 (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL CHECK (type IN ('FSE', 'DRE')),
  numero TEXT NOT NULL CHECK (length(numero) = 9),
  mode TEXT NOT NULL,
  statut TEXT NOT NULL,
  date_elaboration TEXT NOT NULL,
  situation TEXT NOT NULL,
  nom TEXT NOT NULL,
  prenom TEXT NOT NULL,
  total INTEGER NOT NULL, amo INTEGER NOT NULL, amc INTEGER NOT NULL, assure INTEGER NOT NULL,
  groupes TEXT NOT NULL,
  contenu BLOB NOT NULL,
  critere_lot TEXT NOT NULL,
  motif_rejet TEXT NOT NULL DEFAULT '',
  montant_paye INTEGER,
  annulation INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO factures_3 SELECT *, 0 FROM factures;
DROP TABLE factures;
ALTER TABLE factures_3 RENAME TO factures;
CREATE UNIQUE INDEX factures_numero ON factures (type, numero) WHERE annulation = 0;
"""


class Base:
    """The connection. Statements run in autocommit; ``transaction`` groups those that must stand or fall together."""

    def __init__(self, dossier: Path) -> None:
        try:
            dossier.mkdir(parents=True, exist_ok=True)
            # The adapter serialises operations; HTTP gives each its own thread.
            self._lien = sqlite3.connect(dossier / NOM, isolation_level=None, check_same_thread=False, timeout=10)
            self._lien.row_factory = sqlite3.Row
            try:
                self._prepare()
            except BaseException:
                self._lien.close()
                raise
        except (OSError, sqlite3.DatabaseError) as exc:
            cause = tell_system_error(exc) if isinstance(exc, OSError) else exc
            raise Refus(
                f"dossier de travail inutilisable : {cause} ; donner un dossier accessible en écriture"
            ) from exc

    def _prepare(self) -> None:
        self._lien.execute("PRAGMA journal_mode = WAL")
        version = self._lien.execute("PRAGMA user_version").fetchone()[0]
        suites = {0: SCHEMA + SCHEMA_2, 1: SCHEMA_2 + SCHEMA_3, 2: SCHEMA_3}
        if version in suites:
            # References from other tables must survive the change of one: they are only checked afterwards.
            self._lien.execute("PRAGMA foreign_keys = OFF")
            self._lien.executescript(f"BEGIN; {suites[version]} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            raise Refus(f"données du poste de version {version} ; ce poste connaît la version {VERSION}")
        self._lien.execute("PRAGMA foreign_keys = ON")

    @property
    def vierge(self) -> bool:
        """Whether the workstation never worked on this directory."""
        return not self.lire("SELECT 1 FROM compteurs LIMIT 1")

    def lire(self, requete: str, *valeurs: object) -> list[sqlite3.Row]:
        """Runs a query and gives all its rows."""
        return self._lien.execute(requete, valeurs).fetchall()

    def ecrire(self, requete: str, *valeurs: object) -> int:
        """Runs a change; gives the identifier of the row inserted, if any."""
        return self._lien.execute(requete, valeurs).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All the changes inside, or none. May be nested: the outermost one decides."""
        if self._lien.in_transaction:
            yield
            return
        self._lien.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._lien.execute("ROLLBACK")
            raise
        self._lien.execute("COMMIT")

    def fermer(self) -> None:
        """Closes the file."""
        self._lien.close()
