"""What the templates of digests see."""
