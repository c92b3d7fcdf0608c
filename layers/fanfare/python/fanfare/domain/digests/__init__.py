"""Digests: which messages go together into one for a reader, and when it leaves."""
