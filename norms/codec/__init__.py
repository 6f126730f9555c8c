"""Fixed-width codec: layouts as data, decoding generated per record type, errors that say where and what."""

from norms.codec.champ import Champ, Format
from norms.codec.disposition import Disposition, load_disposition
from norms.codec.enregistrement import ChampLu, Enregistrement
from norms.codec.erreurs import ErreurEnregistrement

__all__ = [
    "Champ",
    "ChampLu",
    "Disposition",
    "Enregistrement",
    "ErreurEnregistrement",
    "Format",
    "load_disposition",
]
