"""The real ends of the ports: supplied services over HTTP, mail out by SMTP, mail in by POP3."""
