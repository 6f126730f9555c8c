"""From rights and acts to a secured invoice (cdc §4.2.1.4 to §4.2.1.15)."""
