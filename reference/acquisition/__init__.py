"""Reading who practises and who receives care (cdc §3.2.1, §3.2.2, §4.2.1.2, §4.2.1.3)."""
