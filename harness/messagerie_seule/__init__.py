"""Mail level: no adapter, a person drives the LPS, judged by what it sends and collects (docs/niveau-messagerie.md)."""
