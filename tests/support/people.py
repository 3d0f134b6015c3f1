"""People of the hotline, without passwords: for tests in which nobody signs in."""

from __future__ import annotations

from datetime import datetime

from hotline.accounts.models import Person
from hotline.core.storage.ids import new_id
from tests.support.clock import NOW


def make_person(
    username: str = "arta", role: str = "analyst", *, now: datetime = NOW
) -> Person:
    return Person(
        id=new_id(),
        username=username,
        display_name=username.title(),
        role=role,
        password_hash="-",
        created_at=now,
    )
