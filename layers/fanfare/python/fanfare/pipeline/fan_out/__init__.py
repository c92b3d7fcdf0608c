"""Fan-out: turns one shard of a message's audience into batches, one page at a time."""

from fanfare.pipeline.fan_out.job import FanOut

__all__ = ["FanOut"]
