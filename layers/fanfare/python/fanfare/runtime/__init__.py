"""The environment in, objects out: the only place that reads settings and opens clients."""
