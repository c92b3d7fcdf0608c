"""A linter for product text: plain technical English. `python -m tests.prose` shows what it finds."""
