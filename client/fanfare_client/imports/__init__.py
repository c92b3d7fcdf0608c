"""Imports users from a file: reads it completely, merges each user's rows, sends them in bulk, reports every row.

rows        a row in the form that all formats share, and why a row is not imported
reading     lines of a file, gzipped or not, as records
csv_format  CSV: one user per row
pinpoint    Amazon Pinpoint export: one endpoint per row
compose     merges all rows of a user
journal     the result of each row, stored next to the file until the import is complete
importing   the import
"""

from __future__ import annotations

from .importing import Importer, Summary
from .reading import Unreadable

__all__ = ["Importer", "Summary", "Unreadable"]
