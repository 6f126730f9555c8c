"""What can be wrong with a cryptographic message. Texts are French: they end in front of a vendor."""

from __future__ import annotations


class ErreurCms(ValueError):
    """Base of all errors about a cryptographic message."""


class PasUnCms(ErreurCms):
    """The bytes are not the cryptographic message expected: not BER, another content type, a broken structure."""


class MauvaisDestinataire(ErreurCms):
    """The envelope is not addressed to the certificate at hand; the text lists those it is addressed to."""


class DechiffrementImpossible(ErreurCms):
    """The envelope is addressed to us, but it can't be opened: wrong key, altered bytes, unknown algorithm."""


class TropGros(ErreurCms):
    """The message, or what it holds, is bigger than what is accepted."""


class SignatureInvalide(ErreurCms):
    """A signature is absent, unverifiable or wrong."""
