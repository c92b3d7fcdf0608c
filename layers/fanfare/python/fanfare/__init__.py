"""Fanfare: post a message to a topic, reach all its subscribers, and see the outcome for each."""
