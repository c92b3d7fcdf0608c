"""Generators of what the project says of its own security."""
