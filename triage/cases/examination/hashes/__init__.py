"""Hashes of what was found: stored, matched, and matched anew."""
