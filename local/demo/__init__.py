"""`python -m local.demo`: the main job on real input, on a stack of its own."""
