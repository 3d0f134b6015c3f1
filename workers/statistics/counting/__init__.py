"""Counting: the statements behind the figures."""
