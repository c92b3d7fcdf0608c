"""Support for tests and benchmarks: an in-memory AWS, and counts of AWS calls."""
