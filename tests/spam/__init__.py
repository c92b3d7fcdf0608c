"""`make spam-check`: what SpamAssassin and rspamd think of the starter templates."""
