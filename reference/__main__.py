"""``python -m reference``: the reference LPS behind the adapter protocol."""

import gc
import os
import sys

gc.disable()  # a tenth of the start would go into looking for garbage among what is being loaded
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is used; looking for some reads every package

from reference.commande import main  # noqa: E402 - after the line above

if __name__ == "__main__":
    # A session is short: what is loaded stays, and the little that a session leaves is not worth looking for often.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    code = main()
    # The session is closed, its store with it; taking the interpreter apart would only add to every scenario.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
