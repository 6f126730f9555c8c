from __future__ import annotations

import pytest

from norms.b2 import CodecB2
from norms.noemie import CodecNoemie
from norms.paquet import NormPack


@pytest.fixture(scope="session")
def pack() -> NormPack:
    return NormPack.par_defaut()


@pytest.fixture(scope="session")
def b2(pack: NormPack) -> CodecB2:
    return CodecB2(pack)


@pytest.fixture(scope="session")
def noemie(pack: NormPack) -> CodecNoemie:
    return CodecNoemie(pack)
