"""What only Fanfare can have made: signed text, keyed hashes, cursors and links."""
