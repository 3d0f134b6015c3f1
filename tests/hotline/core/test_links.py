"""A link that lies in somebody's mailbox opens the same thing in every later version."""

from __future__ import annotations

import uuid

import pytest

from hotline.core.storage.keys.links import link_under

KEY = bytes(range(32))
SUBJECT = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("scope", "number", "token"),
    [
        ("invitation", 0, "WDm_baaYtUr5H0Q7x6HSe7IGFPYvc51k"),
        ("notice", 0, "BjgrPUuJRAxlY5KQF4GZfYLDke7WchHM"),
        ("notice", 1, "kBpNj-hTqupyPL1Gx-YSPpkzcEXFiZbU"),
    ],
)
def test_a_token_is_made_as_it_ever_was(
    scope: str, number: int, token: str
) -> None:
    assert link_under(KEY, scope, SUBJECT, number).token == token


def test_what_is_stored_of_it_is_as_it_ever_was() -> None:
    stored = link_under(KEY, "invitation", SUBJECT, 0).mac.hex()
    assert stored == (
        "7a775c56d2b5d4bc554b140a421d4bd425c96ecef430e0b073ed929723157d9f"
    )
