"""The mail network: a real SMTP server in, a real POP3 server out, mailboxes, evidence, message profiles."""
