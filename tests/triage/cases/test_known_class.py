"""The class of a case by the lists that know its files: the gravest that still counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from tests.support.cases import make_case
from tests.support.clock import NOW
from tests.support.items import make_item, make_media, make_sight
from triage.cases.examination.hashes.known import known_classes
from triage.cases.models import Case
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import ItemMedia
from triage.priority import ListClass


@pytest.fixture
def session(make_context: Callable[..., Context]) -> Iterator[Session]:
    with make_context().database.writing() as opened:
        yield opened


@pytest.fixture
def case(session: Session) -> Case:
    """With one file."""
    item, media = make_item(), make_media()
    session.add_all([item, media])
    session.flush()
    made = make_case(item)
    session.add_all([made, make_sight(item, media)])
    session.flush()
    return made


def match(
    session: Session,
    case: Case,
    category: str | None = None,
    *,
    decision: str = "open",
    removed_in: int | None = None,
    **columns: Any,
) -> None:
    """A list of these columns knows the case's file under ``category``."""
    known = HashList(id=new_id(), name=str(new_id()), created_at=NOW)
    for name, value in columns.items():
        setattr(known, name, value)
    session.add(known)
    session.flush()
    entry = HashEntryRow(
        list_id=known.id,
        kind="md5",
        value="1" * 32,
        category=category,
        added_in=1,
        removed_in=removed_in,
    )
    session.add(entry)
    session.flush()
    seen = session.query(ItemMedia).filter_by(item_id=case.item.id).one()
    session.add(
        MediaMatch(
            media_id=seen.media_id,
            entry_id=entry.id,
            list_id=known.id,
            kind="md5",
            distance=0,
            at=NOW,
            decision=decision,
        )
    )
    session.flush()


def class_of(session: Session, case: Case) -> ListClass:
    return known_classes(session, [case.item.id])[case.item.id]


def test_what_no_list_knows_has_no_class(session: Session, case: Case) -> None:
    assert class_of(session, case) is ListClass.NONE


@pytest.mark.parametrize(
    "classes", list(itertools.permutations(["national", "baseline", "terror"]))
)
def test_the_gravest_class_counts_in_whatever_order(
    session: Session, case: Case, classes: tuple[str, ...]
) -> None:
    for name in classes:
        match(session, case, default_class=name)
    assert class_of(session, case) is ListClass.BASELINE


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("CAT1", ListClass.NATIONAL),
        ("CAT2", ListClass.LISTED),  # a class of the list's own
        ("CAT9", ListClass.BASELINE),  # without a word of its own: the list's
        (None, ListClass.BASELINE),
    ],
)
def test_a_category_is_read_as_the_list_says(
    session: Session, case: Case, category: str | None, expected: ListClass
) -> None:
    mapping = {"CAT1": "national", "CAT2": "of another kind"}
    match(session, case, category, category_map=mapping)
    assert class_of(session, case) is expected


@pytest.mark.parametrize(
    "columns",
    [{"enabled": False}, {"removed_in": 2}, {"decision": "disconfirmed"}],
)
def test_what_counts_no_more_leaves_the_milder_class(
    session: Session, case: Case, columns: dict[str, Any]
) -> None:
    match(session, case, default_class="national")
    match(session, case, default_class="baseline", **columns)
    assert class_of(session, case) is ListClass.NATIONAL
