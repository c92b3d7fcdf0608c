"""Everything in and everything out: files of other systems and tables become a bundle, which is checked, then sent.

records    what a file becomes: users, subscriptions, suppressions, topics, templates, brand
reading    which source a file is from, and its rows
bundle     Fanfare's own format: what an export writes
languages  template languages of other systems
sources    a converter for each system that users come from
tables     CSV and spreadsheets
people     what several sources share
steps      the import: journal, check, calls, report
versions   versions of templates, in the order in which they were made
importing  the import, as it is called
exporting  the export
converting templates of a file, converted and not stored
"""

from __future__ import annotations

from .exporting import export
from .importing import Importer
from .records import Unreadable
from .steps.report import Summary

__all__ = ["Importer", "Summary", "Unreadable", "export"]
