"""Turn one shard of a message's audience into batches, a page at a time."""

from fanfare.pipeline.fan_out.job import FanOut

__all__ = ["FanOut"]
