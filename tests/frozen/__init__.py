"""What is deployed and must not change by a byte, held against the files in `snapshots`."""
