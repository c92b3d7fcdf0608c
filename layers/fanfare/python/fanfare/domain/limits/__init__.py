"""Limits per user: how deliveries are counted, and which limits apply."""
