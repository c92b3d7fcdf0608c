"""The use cases with their collaborators, in one module for each function: none imports what another needs."""
