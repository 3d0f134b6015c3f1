"""What came and went between two versions, also where a hash went and came back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from triage.hashlists import service, versions
from triage.hashlists.formats import HashEntry
from triage.hashlists.imports.differences import list_differences

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def _import(context: Context, *numbers: int, name: str = "list") -> None:
    with context.database.writing() as session:
        target = service.create_list(Act(session, context, "t", NOW), name)
        entries = (
            HashEntry("md5", f"{number:032x}", f"c{number}")
            for number in numbers
        )
        versions.import_version(
            Act(session, context, "t", NOW),
            target,
            entries,
            digest=uuid.uuid4().hex,
            whole=True,
        )


def _between(context: Context, before: int, after: int) -> list[str]:
    with context.database.reading() as session:
        found = list_differences(
            session, service.find_list(session, "list"), before, after
        )
        return [
            f"{sign}{int(value, 16)} {category}"
            for sign, _, value, category in found
        ]


def test_between_any_two_versions(context: Context) -> None:
    _import(context, 1, 2)
    _import(context, 2, 3)
    _import(context, 1, 3)
    _import(context, 9, name="other")
    assert _between(context, 0, 1) == ["+1 c1", "+2 c2"]
    assert _between(context, 1, 2) == ["-1 c1", "+3 c3"]
    assert _between(context, 2, 1) == ["-3 c3", "+1 c1"]
    assert _between(context, 1, 3) == ["-2 c2", "+3 c3"], (
        "1 went and came back"
    )
    assert _between(context, 3, 3) == []


@pytest.mark.parametrize(("before", "after"), [(-1, 1), (0, 2), (7, 1)])
def test_versions_that_are_not_are_named(
    context: Context, before: int, after: int
) -> None:
    _import(context, 1)
    with pytest.raises(InvalidInput, match="it has 1 to 1"):
        _between(context, before, after)
