"""HTTP: admission, routing, errors, OpenAPI."""
