"""Identifiers: ordered, unguessable, and forgiving to those who type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.context import Context
from hotline.core.storage import ids
from hotline.core.storage.ids import (
    RECEIPT_LENGTH,
    new_id,
    new_receipt,
    normalise_receipt,
)
from hotline.core.storage.reference_numbers import next_reference
from tests.support.at_once import results_at_once


def test_ids_are_version_7_and_ordered_in_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert all(
        i.version == 7 and i.variant == "specified in RFC 4122" for i in made
    )
    assert len(set(made)) == 1000
    stamps = [i.int >> 80 for i in made]
    assert stamps == sorted(stamps)


def test_rows_of_one_act_keep_their_order_whatever_the_clock_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """History is sorted by time and id, and everything that one act does has one time."""
    first = new_id()
    moments = iter([5, 5, 4, 3, 3])  # it stands still, and is put back
    monkeypatch.setattr(ids.time, "time_ns", lambda: next(moments))
    made = [first, *(new_id() for _ in range(5))]
    assert made == sorted(made)
    monkeypatch.undo()
    lots = results_at_once(*[lambda: [new_id() for _ in range(2_000)]] * 8)
    assert all(lot == sorted(lot) for lot in lots)
    assert len({made for lot in lots for made in lot}) == 16_000


def test_receipts_have_the_promised_strength() -> None:
    codes = {new_receipt() for _ in range(500)}
    assert len(codes) == 500
    assert RECEIPT_LENGTH * 5 >= 80
    assert all(
        normalise_receipt(code) == code.replace("-", "") for code in codes
    )


@pytest.mark.parametrize(
    "typed",
    [
        "k7qm-3d9x-0abc-hj2p-w5tz",
        "K7QM 3D9X OABC HJ2P W5TZ",
        "k7qm3d9xoabchj2pw5tz\n",
    ],
)
def test_what_people_type_is_understood(typed: str) -> None:
    assert normalise_receipt(typed) == "K7QM3D9X0ABCHJ2PW5TZ"


@pytest.mark.parametrize(
    "typed", ["", "K7QM", "K7QM-3D9X-0ABC-HJ2P-W5T", "é" * 20, "A" * 10**6]
)
def test_what_cannot_be_a_receipt_is_none(typed: str) -> None:
    assert normalise_receipt(typed) is None


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    found = normalise_receipt(text)
    assert found is None or len(found) == RECEIPT_LENGTH


def test_references_count_up_by_year(context: Context) -> None:
    with context.database.writing() as session:
        found = [
            next_reference(session, "AL", datetime(year, 6, 1, tzinfo=UTC))
            for year in (2026, 2026, 2027, 2026)
        ]
    assert found == [
        "AL-2026-000001",
        "AL-2026-000002",
        "AL-2027-000001",
        "AL-2026-000003",
    ]
