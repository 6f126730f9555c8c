"""What comes back: ARL, RSP, service messages; reconciliation with what was sent (cdc §3.3, §4.2.2)."""
