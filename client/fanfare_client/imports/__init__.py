"""Users from a file: read it whole, merge each user's rows, send them in bulk, and account for every row.

rows        a row as all formats give it, and why one is left out
reading     lines of a file, compressed or not, as records
csv_format  one user a row
pinpoint    one endpoint a row, as Amazon Pinpoint exports them
compose     one user of all their rows
journal     what became of each row, beside the file, until the import is through
importing   the whole of it
"""

from __future__ import annotations

from .importing import Importer, Summary
from .reading import Unreadable

__all__ = ["Importer", "Summary", "Unreadable"]
