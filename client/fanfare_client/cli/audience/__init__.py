"""Commands for topics, users and suppressions."""
