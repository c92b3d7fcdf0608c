"""Advice for authors: hints at errors, and warnings."""
