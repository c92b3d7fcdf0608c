"""Runs the functions of a deployment over an AWS in memory, each like Lambda does."""
