"""The batches table: the backup. A batch is open until all its recipients have a final outcome.

    pk               sk                 what
    <message>#<k>    batch#<id>         channel and recipients of a batch, and which user of each id it was decided for;
                                        never changed
    <message>#<k>    data#<id>          own data of its recipients, and who they are if no user is stored: a map by
                                        user id, from which an erasure removes a key
    <message>#<k>    open#<id>          state of an unsettled batch: generation, lease, attempts, outcome codes
    <message>#<k>    done#<id>          outcome codes of a settled batch
    <message>#<k>    skips#<page>       recipients that the fan-out skipped on a page, and the reasons
    <message>#<k>    gathered#<page>    recipients of a page whose message went into windows, and the ids of these; a
                                        deletion notes who was taken out again

On the short way, all of this is in the message's item and body instead, and read and written as if it were here.

k is the shard of the fan-out. The codes of a batch are a string with one `Outcome` per recipient, in the order of its
recipients. Totals of a message are summed from them, so there is no hot counter and nothing is counted twice. "Is
anything open?" is a query for one item, not a count.
"""

from __future__ import annotations

from fanfare.store.batches.lease import BatchLeases as BatchLeases
from fanfare.store.batches.rows import next_due as next_due
from fanfare.store.batches.settle import REOPENED as REOPENED
from fanfare.store.batches.settle import BatchSettlements as BatchSettlements
from fanfare.store.batches.short import short_attributes as short_attributes
from fanfare.store.batches.store import Batches as Batches
from fanfare.store.batches.totals import BatchTotals as BatchTotals
