"""A server that stays silent is left alone; a letter that says danger is tried all the same."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from hotline.core.errors import NoAnswer
from hotline.core.jobs.circuit import SILENCES, Paused
from hotline.core.storage.outbox import OutboxEntry
from partners.referrals.models import Referral
from partners.sending.models import Delivery
from tests.support.house import House


@pytest.fixture
def silent(house: House) -> Any:
    """A house whose police's mail server stayed silent for as often as it takes."""
    house.partner()
    house.mail.faults = [NoAnswer("It stays silent.")] * SILENCES
    house.decide(house.case(), "police")
    for _ in range(SILENCES - 1):
        house.later(hours=7)
        house.work()
    assert [type(error) for error in house.errors] == [NoAnswer] * SILENCES
    house.errors.clear()
    house.later(hours=7)
    return house


def _attempt(house: House) -> None:
    (job, task) = next(
        one for one in house.due_tasks() if one[0] == "delivery.attempt"
    )
    house.jobs[job](task)


def test_no_try_is_made_or_counted_at_a_server_that_is_left_alone(
    silent: Any,
) -> None:
    with pytest.raises(Paused):
        _attempt(silent)
    assert len(silent.mail.messages) == SILENCES
    assert silent.only(Delivery).tries == SILENCES


def test_danger_is_tried_all_the_same_and_its_answer_ends_the_pause(
    silent: Any,
) -> None:
    with silent.context.database.writing() as session:
        session.execute(update(Referral).values(urgency="immediate"))
    _attempt(silent)
    delivery = silent.only(Delivery)
    assert (delivery.state, delivery.tries) == ("sent", SILENCES + 1)


def test_another_server_gets_its_letter(silent: Any) -> None:
    silent.partner(
        "hotline-rs", "hotline", country="RS", address="desk@other.example"
    )
    silent.decide(silent.case("http://other.example/y"), "hotline")
    states = {
        delivery.address: delivery.state for delivery in silent.all(Delivery)
    }
    assert states["desk@other.example"] == "sent"
    assert states["police-al@desk.example"] == "sending"


def test_what_was_postponed_has_not_failed(silent: Any) -> None:
    entries = [
        row for row in silent.all(OutboxEntry) if row.job == "delivery.attempt"
    ]
    assert [(row.attempts, row.dead_at) for row in entries] == [
        (SILENCES, None)
    ]
