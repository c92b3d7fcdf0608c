"""Pages of people: look-up, one person, their subscriptions, and files of many people."""
