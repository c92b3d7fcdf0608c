"""Questions about messages: lists, explanations, dry runs, cost."""
