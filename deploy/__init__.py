"""What talks to a deployed stage: the smoke test and the console of operators."""
