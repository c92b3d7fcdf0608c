"""What a user chooses: topics by channel, and how often they come.

known     what a user may choose from, and has
page      the page of a link
ceilings  the largest number of messages a channel and day
account   one document, with a token
"""
