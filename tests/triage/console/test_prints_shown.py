"""The page of a case shows what was met of a fingerprint that its reporter gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from tests.support.clock import NOW
from tests.support.items import make_media
from triage.cases.models import Case
from triage.hashlists.models import HashEntryRow, HashList
from triage.prints.models import PrintListing, PrintSighting
from triage.prints.watch import watch_item


def give_fingerprint(context: Context, reference: str, seen_in: str) -> None:
    with context.database.writing() as session:
        cases = {case.reference: case for case in session.query(Case)}
        item = cases[reference].item
        item.kind, item.canonical = "hash", "pdq:" + "5" * 64
        watched = watch_item(session, item, NOW)
        assert watched is not None
        if not seen_in:
            return
        media = make_media(7)
        known = HashList(id=new_id(), name="A list", version=1, created_at=NOW)
        session.add_all([media, known])
        session.flush()
        entry = HashEntryRow(
            list_id=known.id, kind="pdq", value="5" * 64, added_in=1
        )
        session.add(entry)
        session.flush()
        place = cases[seen_in].places[0]
        place.state = "verified_removed"
        session.add_all(
            [
                PrintSighting(
                    print_id=watched.id,
                    item_id=place.item_id,
                    media_id=media.id,
                    distance=4,
                    at=NOW,
                ),
                PrintListing(
                    print_id=watched.id,
                    entry_id=entry.id,
                    distance=0,
                    at=NOW,
                ),
            ]
        )


def test_where_a_picture_was_seen_and_which_list_knows_it(
    context: Context,
    browse: Callable[[str], Any],
    make_case: Callable[..., str],
) -> None:
    own, other = make_case(), make_case()
    give_fingerprint(context, own, other)
    page = " ".join(
        browse("analyst").get(f"/console/cases/{own}").text.split()
    )
    assert "was seen: 1; verified as removed: 1" in page
    assert f'href="/console/cases/{other}">{other}</a>, verified as' in page
    assert "4 bits differ" in page and "A list" in page
    assert "<img" not in page


def test_a_picture_that_was_not_seen_is_said_to_be_looked_for(
    context: Context,
    browse: Callable[[str], Any],
    make_case: Callable[..., str],
) -> None:
    own = make_case()
    give_fingerprint(context, own, "")
    page = browse("analyst").get(f"/console/cases/{own}").text
    assert "No file with it was seen yet" in page
