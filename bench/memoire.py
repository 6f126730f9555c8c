"""Peak memory of this very process, and a way to run ``preagrement`` under that measure.

    python -P bench/memoire.py FILE check …   (runs the command line, then writes its own peak in bytes to FILE)

On Linux ``ru_maxrss`` is not it: the high-water mark of the parent survives fork and exec there, so that a small child
of a large process seems as large as its parent. ``VmHWM`` belongs to the address space, which exec makes anew.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

MIO = 1024 * 1024


def peak_bytes() -> int:
    """The largest resident memory that this process has had since it was executed, in bytes."""
    if sys.platform == "linux":
        statut = Path("/proc/self/status").read_text(encoding="ascii")
        trouve = re.search(r"^VmHWM:\s+(\d+) kB$", statut, re.MULTILINE)
        if trouve is None:
            raise RuntimeError("VmHWM absent de /proc/self/status")
        return int(trouve[1]) * 1024
    if sys.platform == "win32":
        return _peak_windows()
    import resource  # noqa: PLC0415 - absent from Windows

    crete = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return crete if sys.platform == "darwin" else crete * 1024


class _Compteurs(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of the Windows API."""

    _fields_ = (
        ("cb", ctypes.c_uint32),
        ("page_fault_count", ctypes.c_uint32),
        ("peak_working_set_size", ctypes.c_size_t),
        ("working_set_size", ctypes.c_size_t),
        ("quota_peak_paged_pool_usage", ctypes.c_size_t),
        ("quota_paged_pool_usage", ctypes.c_size_t),
        ("quota_peak_non_paged_pool_usage", ctypes.c_size_t),
        ("quota_non_paged_pool_usage", ctypes.c_size_t),
        ("pagefile_usage", ctypes.c_size_t),
        ("peak_pagefile_usage", ctypes.c_size_t),
    )


def _peak_windows() -> int:
    compteurs = _Compteurs(cb=ctypes.sizeof(_Compteurs))
    noyau = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]  # Windows only
    noyau.GetCurrentProcess.restype = ctypes.c_void_p
    lire = noyau.K32GetProcessMemoryInfo
    lire.argtypes = (ctypes.c_void_p, ctypes.POINTER(_Compteurs), ctypes.c_uint32)
    if not lire(noyau.GetCurrentProcess(), ctypes.byref(compteurs), compteurs.cb):
        raise ctypes.WinError(ctypes.get_last_error())  # type: ignore[attr-defined]  # Windows only
    return int(compteurs.peak_working_set_size)


def main() -> None:
    """Runs the command line given after FILE; writes the peak whatever its exit code."""
    from harness.cli import main as preagrement  # noqa: PLC0415 - counted, as in real use

    sortie = Path(sys.argv[1])
    sys.argv = ["preagrement", *sys.argv[2:]]
    try:
        preagrement()
    finally:
        sortie.write_text(str(peak_bytes()), encoding="ascii")


if __name__ == "__main__":
    main()
