"""The overview: volume and outcomes over time, from the stored counts of messages, and from CloudWatch if deployed."""
