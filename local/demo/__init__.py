"""`python -m local.demo`: one message to a thousand users on its own local stack."""
