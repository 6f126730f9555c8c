"""Faults as data: what goes wrong between an LPS and its insurers, scripted by a scenario or a trainer.

``grammaire`` says what may be written, ``registre`` which faults are in force, ``acheminement`` and ``guichet`` what
becomes of messages and of returns, ``echeancier`` what waits for the virtual clock.
"""
