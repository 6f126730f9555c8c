"""The fictitious population for people: what it holds, and its cards served to unmodified programs."""
