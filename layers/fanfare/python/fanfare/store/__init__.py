"""What the tables hold, one module a table."""
