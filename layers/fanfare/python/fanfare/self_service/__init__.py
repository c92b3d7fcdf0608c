"""What readers do themselves, and the pages they see."""
