"""An import of users: time, calls, memory."""
