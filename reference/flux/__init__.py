"""From secured invoices to messages sent: lots, files, transmission (cdc §3.2.10, §4.2.1.16, §4.2.4)."""
