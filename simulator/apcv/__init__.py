"""The appli carte Vitale (ApCV) and the rights service ADR, simulated (cdc §2.2.1.2.2, §2.2.1.3)."""

from simulator.apcv.portefeuille import Portefeuille

__all__ = ["Portefeuille"]
