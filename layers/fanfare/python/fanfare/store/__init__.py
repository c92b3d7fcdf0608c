"""Repositories, one module per table."""
