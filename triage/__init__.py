"""Decide: what was reported, where it is, what it is, and whose case it is."""
