"""Asking: the questions one after the other, and what was understood of the answers."""
