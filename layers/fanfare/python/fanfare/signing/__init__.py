"""Values that only Fanfare can create: signed text, keyed hashes, cursors and links."""
