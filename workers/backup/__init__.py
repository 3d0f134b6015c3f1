"""Backups: one archive of the data, one of the keys, each encrypted to two people's public keys."""
