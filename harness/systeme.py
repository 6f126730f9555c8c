"""System errors told in French, with what to do: a full disk, a taken port, missing rights."""

from __future__ import annotations

import errno
import gc

from norms.systeme import tell_system_error

_SYSTEME = {
    errno.EADDRINUSE: "port déjà pris par un autre programme ; l'arrêter ou en choisir un autre",
    errno.ENOSPC: "disque plein ; faire de la place ou choisir un autre dossier (--dossier)",
    errno.EDQUOT: "quota de disque atteint ; faire de la place ou choisir un autre dossier (--dossier)",
    errno.EFBIG: "fichier trop gros pour ce disque ou ce compte ; choisir un autre dossier (--dossier)",
    errno.EACCES: "accès refusé ; vérifier les droits",
    errno.EROFS: "disque en lecture seule ; choisir un autre dossier (--dossier)",
    errno.EMFILE: "trop de fichiers ouverts ; relever la limite du compte",
}


def cause(exc: BaseException) -> str:
    """What failed, for people: the system error in French with its file, else the kind of exception and its text."""
    if isinstance(exc, OSError) and exc.errno is not None:
        quoi = _SYSTEME.get(exc.errno) or tell_system_error(exc)
        return f"{quoi} ({exc.filename})" if exc.filename else quoi
    return f"{type(exc).__name__} : {exc}"


def spare_garbage_collector() -> None:
    """For a process that only plays scenarios: what is loaded stays, the little that each leaves is looked for rarely.

    A sixth of the processor time of a campaign went into it.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
