"""System errors in French: what the operating system says in English inside messages for French readers."""

from __future__ import annotations

import errno

_TEXTES = {
    errno.ENOENT: "fichier ou dossier introuvable",
    errno.ENOTDIR: "un dossier attendu sur le chemin n'en est pas un",
    errno.EISDIR: "c'est un dossier",
    errno.EEXIST: "existe déjà",
    errno.ENOTEMPTY: "dossier non vide",
    errno.EACCES: "accès refusé",
    errno.EPERM: "opération non permise",
    errno.EROFS: "disque en lecture seule",
    errno.ENOSPC: "disque plein",
    errno.EDQUOT: "quota de disque atteint",
    errno.EFBIG: "fichier trop gros pour ce disque ou ce compte",
    errno.EIO: "erreur d'entrée-sortie du disque ou de l'appareil",
    errno.ENAMETOOLONG: "nom trop long",
    errno.ELOOP: "trop de liens symboliques",
    errno.EMFILE: "trop de fichiers ouverts",
    errno.ENFILE: "trop de fichiers ouverts sur la machine",
    errno.ENOEXEC: "ce n'est pas un programme exécutable",
    errno.EINVAL: "argument refusé par le système",
    errno.EADDRINUSE: "port déjà pris par un autre programme",
    errno.EADDRNOTAVAIL: "adresse absente de cette machine",
    errno.ECONNREFUSED: "connexion refusée",
    errno.ECONNRESET: "connexion rompue",
    errno.ECONNABORTED: "connexion abandonnée",
    errno.EPIPE: "canal rompu",
    errno.ETIMEDOUT: "délai dépassé",
    errno.EHOSTUNREACH: "machine injoignable",
    errno.ENETUNREACH: "réseau injoignable",
}


def tell_system_error(exc: OSError) -> str:
    """The system's reason in a few words of French; the system's own words when it is a rare one."""
    texte = _TEXTES.get(exc.errno) if exc.errno is not None else None
    return texte or exc.strerror or str(exc) or type(exc).__name__
