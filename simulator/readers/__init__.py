"""Card readers: in process by default, or real PC/SC readers served by pcscd and the vpcd driver."""
