"""How far two hashes are from each other."""

from __future__ import annotations

NEAR_PDQ = 31
"""Two PDQ hashes that differ by more bits say nothing of each other."""


def count_bits_apart(hash_: str, other: str) -> int:
    """In how many bits two hashes of one kind differ, written as hexadecimal digits."""
    return (int(hash_, 16) ^ int(other, 16)).bit_count()
