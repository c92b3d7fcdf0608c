"""Data and rules. Pure: no AWS, no clock, no environment."""
