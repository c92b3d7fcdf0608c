"""Templates: grammar, compiling, rendering. Pure."""
