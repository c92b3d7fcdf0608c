"""What tests and benches stand on: AWS in memory, and counts of calls."""
