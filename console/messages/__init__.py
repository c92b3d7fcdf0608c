"""Pages of messages: lists, one message, what is done with one, and writing one."""
