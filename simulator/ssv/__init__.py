"""Supplied services (SSV): reading of cards, formatting, encryption, signatures, lots, files, ARL, certificates."""

from simulator.ssv.organismes import Organisme, Organismes
from simulator.ssv.service import ServicesSsv

__all__ = ["Organisme", "Organismes", "ServicesSsv"]
