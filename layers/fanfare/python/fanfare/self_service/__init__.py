"""Self-service of users, and its pages."""
