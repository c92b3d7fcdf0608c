"""The use cases with their collaborators, in one module for each kind of function: none imports another's."""
