"""Simulated Vitale and CPS cards: ISO 7816-4 objects built from data files of fictitious people."""
