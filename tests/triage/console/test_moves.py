"""Where a location lay over time: drawn as long as it lasted, and told in words beside."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from tests.support.clock import NOW
from triage.cases.pages.evidence.moves import (
    LEAST,
    MOST_STAYS,
    WIDTH,
    draw_stays,
)
from triage.items.models import HostingHop, Item

Browse = Callable[[str], Any]


def hop(number: int, hours: float, country: str | None = "AL") -> HostingHop:
    return HostingHop(
        id=new_id(),
        number=number,
        at=NOW + timedelta(hours=hours),
        kind="host",
        country=country,
        asn=f"AS6450{number}",
    )


# The first row makes the database's classes ready.
@settings(deadline=None)
@given(
    st.lists(st.floats(0, 10_000), min_size=2, max_size=MOST_STAYS),
    st.floats(-10, 10_000),
)
def test_stays_fill_the_line_in_their_order(
    hours: list[float], later: float
) -> None:
    hops = [hop(number, at) for number, at in enumerate(sorted(hours))]
    stays = draw_stays(hops, hops[-1].at + timedelta(hours=later))
    assert [stay.number for stay in stays] == list(range(len(hops)))
    assert all(stay.width >= LEAST - 0.1 for stay in stays)
    for before, after in pairwise(stays):
        assert abs(before.left + before.width - after.left) < 0.2
        assert before.until == after.since
    assert abs(stays[-1].left + stays[-1].width - WIDTH) < 0.5
    assert stays[-1].until is None


def test_the_longer_it_lay_there_the_longer_its_part() -> None:
    short, long, last = draw_stays(
        [hop(1, 0), hop(2, 1), hop(3, 100)], NOW + timedelta(hours=110)
    )
    assert short.width < last.width < long.width


def test_the_page_draws_a_location_that_moved_and_no_other(
    browse: Browse, make_case: Callable[..., str], context: Context
) -> None:
    moved, stayed = make_case(), make_case()
    with context.database.writing() as session:
        items = session.scalars(select(Item).order_by(Item.id)).all()
        for item, hops in zip(
            items,
            ((hop(1, -90), hop(2, -9, None)), (hop(1, -9),)),
            strict=True,
        ):
            for one in hops:
                one.item_id = item.id
                session.add(one)
    browser = browse("analyst")
    page = browser.get(f"/console/cases/{moved}").text
    assert "Where it lay over time" in page
    (drawing,) = re.findall(r'<svg class="moves".*?</svg>', page, re.S)
    assert drawing.count("<rect") == 2 and "style=" not in drawing
    told = page.partition('class="moves-told"')[2].partition("</ol>")[0]
    assert "Host, AL, AS64501" in told and "elsewhere since" in told
    assert "Host, AS64502" in told
    assert "lay over time" not in browser.get(f"/console/cases/{stayed}").text
