"""``python -m harness.cli``: the same as ``preagrement``."""

from harness.cli import main

main()
