"""The messages table: posted messages, the progress of their fan-out, and idempotency keys.

pk                      sk          what
message#<id>            body        data or content, named recipients, and their own data until a page has copied
                                    them to the batches. It sorts first, so a
                                    query that starts after it reads only the small items
message#<id>            message     state, timeline and, when finished, counts. On the short way also the batches: their
                                    number, a map with each (batch0, batch1, …), and skips
message#<id>            shard#<k>   cursor of the fan-out in one shard
idempotency#<digest>    idempotency the message that this key of this caller created
counts#<id>             running     counts of a large message while it runs, and how far the next sum is
counts#<id>             cancelled   counts of a large message after its deletion, and how far they are summed
"""

from __future__ import annotations

from fanfare.store.messages.counts import MessageCounts as MessageCounts
from fanfare.store.messages.listing import MessageFilter as MessageFilter
from fanfare.store.messages.listing import MessageListing as MessageListing
from fanfare.store.messages.progress import FanOutProgress as FanOutProgress
from fanfare.store.messages.rows import stored_bytes as stored_bytes
from fanfare.store.messages.store import Messages as Messages
from fanfare.store.messages.store import fingerprint as fingerprint
