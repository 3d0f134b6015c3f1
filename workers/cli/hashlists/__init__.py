"""Commands on known-hash lists and hashes."""
