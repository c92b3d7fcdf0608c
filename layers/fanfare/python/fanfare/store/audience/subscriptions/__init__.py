"""Subscriptions: yeses by user and by topic, noes, and every change of them as a consent.

rows          items of subscriptions
store         reads of subscriptions, and the removals of a shard
answers       writes: a yes or a no, with its consent
consents      noes, and the list of a user's changes
subscribers   subscribers of a topic: lists and counts
ended_topics  the end of a deleted topic's yeses
"""
