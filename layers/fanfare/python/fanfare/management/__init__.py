"""What services manage: topics, templates, users, subscriptions, suppressions."""
