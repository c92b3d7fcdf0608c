"""Tools for a deployed stage: the smoke test and the operators' console."""
