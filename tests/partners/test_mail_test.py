"""A mail that tests whether mail leaves, and what the page of first steps says of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.outbox import OutboxEntry
from partners.mail_test import JOB, ask_for_test, find_last_test, send_test
from tests.support.house import House

ADDRESS = "ada@hotline.example"


@pytest.fixture
def settings() -> dict[str, object]:
    return {"smtp_host": "mail.hotline.example"}


@pytest.fixture
def asked(house: House) -> House:
    house.jobs[JOB] = lambda task: send_test(task, channels=house.channels)
    ask(house)
    return house


def ask(house: House, address: str = ADDRESS) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:ada", house.now)
        ask_for_test(act, address)


def test_a_mail_leaves_and_the_answer_is_known(asked: House) -> None:
    with asked.context.database.reading() as session:
        waiting = find_last_test(session)
    assert waiting is not None and waiting.is_waiting
    asked.work()
    (message,) = asked.mail.messages
    assert (
        message.address == ADDRESS and "/console/first-steps" in message.text
    )
    with asked.context.database.reading() as session:
        ended = find_last_test(session)
    assert ended is not None and ended.is_sent and not ended.fault


def test_what_the_server_said_against_it_is_told_and_not_tried_again(
    asked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Conflict("The mail server refused the sender.")

    monkeypatch.setattr(asked.mail, "send", refuse)
    asked.work()
    with asked.context.database.reading() as session:
        ended = find_last_test(session)
        entry = session.scalars(select(OutboxEntry)).one()
    assert ended is not None and not ended.is_sent
    assert "refused the sender" in ended.fault
    assert entry.done_at is not None


def test_nothing_was_asked_yet(house: House) -> None:
    with house.context.database.reading() as session:
        assert find_last_test(session) is None


@pytest.mark.parametrize("address", ["", "x", "a b@c.example"])
def test_what_is_no_address_is_not_written_to(
    house: House, address: str
) -> None:
    with pytest.raises(InvalidInput):
        ask(house, address)


@pytest.mark.parametrize("settings", [{"smtp_host": ""}])
def test_without_a_mail_server_it_says_so(house: House) -> None:
    with pytest.raises(Conflict, match="No mail server"):
        ask(house)
