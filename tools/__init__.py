"""Tools behind the make targets: the CDK toolchain, generated documents, processes and progress."""
