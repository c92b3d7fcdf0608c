"""Fanfare: post a message to a topic once, reach every subscriber, know what became of each."""
