"""Parts of a message that a service posts."""
