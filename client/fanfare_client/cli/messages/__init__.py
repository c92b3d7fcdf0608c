"""Commands that post and track messages."""
