"""A link opens once and for a while; by it somebody chooses a password that nobody else saw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hotline.accounts import invitations, service
from hotline.accounts.models import Invitation, LoginSession
from hotline.accounts.signing_in import logins
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.storage.outbox import OutboxEntry
from partners.channels.base import Channels
from partners.invitations import send_invitation
from tests.hotline.accounts.conftest import NOW, PASSWORD
from tests.support.clock import Clock
from tests.support.jobs import JobRunner
from tests.support.recorder import Recorder

Add = Callable[..., str]
CHOSEN = "a password of my own"
MAIL = "ana@hotline.example"


def invite(context: Context, username: str = "ana", email: str = MAIL) -> str:
    with context.database.writing() as session:
        act = Act(session, context, "person:first", NOW)
        person = service.find_person(session, username)
        return invitations.make_invitation(act, person, email)


def accept(
    context: Context, token: str, password: str = CHOSEN, now: datetime = NOW
) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "person:ana", now)
        found = invitations.find_open(session, context.keyring, token, now)
        invitations.accept_invitation(act, found, password)


def can_sign_in(context: Context, password: str) -> bool:
    with context.database.writing() as session:
        token = logins.sign_in(session, context, "ana", password, NOW)
        return token is not None


def test_the_link_sets_the_password_once(context: Context, add: Add) -> None:
    add("ana")
    token = invite(context)
    assert can_sign_in(context, PASSWORD)
    accept(context, token)
    assert can_sign_in(context, CHOSEN) and not can_sign_in(context, PASSWORD)
    with pytest.raises(NotFound, match="any more"):
        accept(context, token, "another one of somebody")


def test_it_ends_the_sessions_of_before(context: Context, add: Add) -> None:
    add("ana")
    assert can_sign_in(context, PASSWORD)
    accept(context, invite(context))
    with context.database.reading() as session:
        assert session.scalars(select(LoginSession)).all() == []


def test_it_is_too_late_one_day(context: Context, add: Add) -> None:
    add("ana")
    token = invite(context)
    late = NOW + timedelta(hours=context.settings.invitation_hours)
    with pytest.raises(NotFound):
        accept(context, token, now=late)
    accept(context, token, now=late - timedelta(seconds=1))


def test_a_new_link_ends_the_one_before(context: Context, add: Add) -> None:
    add("ana")
    first, second = invite(context), invite(context)
    with pytest.raises(NotFound):
        accept(context, first)
    accept(context, second)


@pytest.mark.parametrize("token", ["", "x", "A" * 32, "é" * 500])
def test_a_link_that_was_made_up_opens_nothing(
    context: Context, add: Add, token: str
) -> None:
    add("ana")
    invite(context)
    with pytest.raises(NotFound):
        accept(context, token)


def test_a_disabled_person_s_link_opens_nothing(
    context: Context, add: Add
) -> None:
    add("ana")
    token = invite(context)
    with context.database.writing() as session:
        service.disable_person(Act(session, context, "x", NOW), "ana")
    with pytest.raises(NotFound):
        accept(context, token)


def test_a_weak_password_uses_nothing_up(context: Context, add: Add) -> None:
    add("ana")
    token = invite(context)
    with pytest.raises(InvalidInput):
        accept(context, token, "short")
    accept(context, token)


def test_the_database_cannot_give_the_link_away(
    context: Context, add: Add
) -> None:
    add("ana")
    token = invite(context)
    with context.database.reading() as session:
        rows = [
            row
            for table in (Invitation, OutboxEntry)
            for row in session.execute(select(table.__table__))
        ]
        assert len(rows) == 2 and token not in repr(rows)
        assert token.encode() not in b"".join(
            cell for row in rows for cell in row if isinstance(cell, bytes)
        )


def test_who_was_invited_has_no_password_that_fits(
    context: Context,
) -> None:
    with context.database.writing() as session:
        service.add_person(
            Act(session, context, "x", NOW),
            username="ana",
            display_name="Ana",
            role="analyst",
            password=None,
        )
    for password in ("", "-", PASSWORD):
        assert not can_sign_in(context, password)


def test_the_mail_brings_the_link_and_trying_again_brings_the_same(
    context: Context, add: Add
) -> None:
    add("ana")
    token = invite(context)
    mail = Recorder()
    runner = JobRunner(context, Clock(NOW))
    runner.jobs["invitation.send"] = lambda task: send_invitation(
        task, channels=Channels({"email": mail})
    )
    runner.work()
    (message,) = mail.messages
    assert message.address == MAIL
    assert f"/console/invitation/{token}" in message.text
    with context.database.reading() as session:
        assert session.scalars(select(Invitation)).one().sent_at == NOW


def test_no_mail_for_a_link_that_was_replaced(
    context: Context, add: Add
) -> None:
    add("ana")
    invite(context)
    second = invite(context)
    mail = Recorder()
    runner = JobRunner(context, Clock(NOW))
    runner.jobs["invitation.send"] = lambda task: send_invitation(
        task, channels=Channels({"email": mail})
    )
    runner.work()
    assert [second in message.text for message in mail.messages] == [True]
