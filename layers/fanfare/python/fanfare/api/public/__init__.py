"""The routes of the public API, by who asks: the caller for their own, or whoever has a link."""
