"""The use cases with their collaborators, one module per kind of function; none imports another."""
