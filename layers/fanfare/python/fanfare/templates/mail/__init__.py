"""What only mails have: a footer, a preheader, and the places for both in HTML."""
