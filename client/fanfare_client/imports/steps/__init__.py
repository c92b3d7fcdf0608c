"""What an import does, one after the other.

journal      everything of an import, stored next to the file until it is complete
items        what is sent, with its result
composing    merges the rows of a user, and what was said about a topic
catalogue    compares topics, templates and brand with the deployment
checking     compares users and subscriptions
sending      makes the calls
in_flight    calls side by side
report       what happened
"""
