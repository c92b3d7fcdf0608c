"""The routes of the internal API, by resource."""
