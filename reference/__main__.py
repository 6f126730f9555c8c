"""``python -m reference``: the reference LPS behind the adapter protocol."""

import sys

from reference.commande import main

if __name__ == "__main__":
    sys.exit(main())
