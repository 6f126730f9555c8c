"""System errors told in French."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from norms.systeme import _TEXTES, tell_system_error


def test_a_real_system_error_is_told_in_french(tmp_path: Path) -> None:
    for chemin, attendu in ((tmp_path / "absent", "fichier ou dossier introuvable"), (tmp_path, "c'est un dossier")):
        with pytest.raises(OSError, match=r"Errno") as leve:
            chemin.open("rb")
        if leve.value.errno != errno.EACCES:  # what Windows says of a folder
            assert tell_system_error(leve.value) == attendu


@pytest.mark.parametrize("numero", sorted(_TEXTES))
def test_no_text_is_the_system_s_own(numero: int) -> None:
    texte = tell_system_error(OSError(numero, os.strerror(numero)))
    assert texte
    assert texte != os.strerror(numero)


def test_what_is_rare_keeps_the_words_of_the_system() -> None:
    assert tell_system_error(OSError(errno.EDEADLK, "Resource deadlock avoided")) == "Resource deadlock avoided"
    assert tell_system_error(OSError("sans numéro")) == "sans numéro"
    assert tell_system_error(TimeoutError()) == "TimeoutError"
