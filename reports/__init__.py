"""Turns a campaign's results into dossiers: HTML for people, JUnit and JSON for machines.

A reporter is ``ecrire(campagne, catalogue, dossier) -> list[Path]``; it only consumes results.
"""
