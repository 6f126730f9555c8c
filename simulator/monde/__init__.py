"""The simulated world of one scenario: clock, PKI, cards, supplied services, mail network, insurers (seam 4)."""

from simulator.monde.actions import ErreurAction
from simulator.monde.config import ConfigMonde, ErreurMonde
from simulator.monde.monde import MondeSimule

__all__ = ["ConfigMonde", "ErreurAction", "ErreurMonde", "MondeSimule"]
