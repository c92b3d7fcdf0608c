"""A message to a million and to ten million people, simulated."""
