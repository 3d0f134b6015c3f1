"""Two looks of one person at the same moment, of whose day only one is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.signing_in.standing import Login, Standing
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict
from hotline.core.storage.ids import new_id
from tests.support.at_once import start_behind
from tests.support.cases import open_case
from tests.support.clock import NOW
from tests.support.items import make_item, make_media, make_sight
from tests.support.people import make_person
from triage.cases.handling.exposure import load_exposure
from triage.viewing.models import Outcome, Viewing, ViewingSwitch
from triage.viewing.service import Wanted, begin_viewing, use_token


def _act(session: Session, context: Context, person: Person) -> Act:
    return Act(session, context, person.actor, NOW)


def _ask_twice(context: Context, login: Login) -> list[tuple[Viewing, str]]:
    """Two looks at a file of a case in hand, on a day that leaves room for one."""
    person = login.person
    with context.database.writing() as session:
        item, media = make_item(fetchable=True), make_media()
        session.add_all([person, item, media])
        session.flush()
        session.add(make_sight(item, media))
        case = open_case(
            session,
            item,
            state="waiting",
            claimed_by_id=person.id,
            claimed_until=NOW + timedelta(hours=1),
        )
        session.add(
            ViewingSwitch(
                id=new_id(),
                agreed_on=NOW.date(),
                document="1",
                authority="Police",
                asked_by="one",
                granted_by="other",
                on_at=NOW,
            )
        )
        session.flush()
        act = _act(session, context, person)
        wanted = Wanted(media.id, None, "To tell the age")
        asked = [begin_viewing(act, login, case, wanted) for _ in range(2)]
        for number in range(load_exposure().day_views - 1):
            session.add(
                Viewing(
                    id=new_id(),
                    person_id=person.id,
                    session_id=login.session_id,
                    item_id=item.id,
                    media_id=media.id,
                    is_violent=False,
                    token_digest="",
                    asked_at=NOW,
                    shown_at=NOW - timedelta(minutes=number),
                    outcome=Outcome.SHOWN,
                )
            )
        session.flush()
        session.expunge_all()
    return asked


@pytest.mark.services
def test_of_two_looks_at_once_the_day_has_room_for_one(
    make_context: Callable[..., Context],
) -> None:
    context = make_context("postgresql")
    login = Login(new_id(), make_person(), Standing.WORKING, True, NOW)
    (first, first_token), (second, second_token) = _ask_twice(context, login)

    def look_too() -> None:
        with context.database.writing() as session:
            act = _act(session, context, login.person)
            use_token(act, login, second.id, second_token)

    with context.database.writing() as session:
        act = _act(session, context, login.person)
        use_token(act, login, first.id, first_token)
        looking = start_behind(context.database, look_too)
    with pytest.raises(Conflict, match="as much as a day may have"):
        looking.result()
