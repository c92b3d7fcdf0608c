"""What the make targets run: the CDK toolchain, generated documents, processes and progress."""
