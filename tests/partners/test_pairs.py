"""The auditor sees who approves whose requests, and which pairs never ask anybody else."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.accounts.approvals.models import Approval
from hotline.accounts.models import PersonRequest
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.context import utc_now
from hotline.core.storage.ids import new_id
from partners.console.pairs import ENOUGH, Pair, count_approvals, find_pairs
from tests.support.house import House
from workers.app import create_app

A, B, C = "person:a", "person:b", "person:c"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


def pair(asking: str, approving: str, pairs: list[Pair]) -> Pair:
    (found,) = (
        one
        for one in pairs
        if (one.asking, one.approving) == (asking, approving)
    )
    return found


def test_two_who_only_ask_each_other_come_first() -> None:
    found = find_pairs([(C, A, 90), (A, B, 3), (A, B, 4), (B, A, 5)])
    assert [one.asking for one in found] == [A, B, C]
    assert pair(A, B, found).is_mutual and pair(B, A, found).is_mutual
    assert pair(A, B, found).count == 7
    assert pair(C, A, found).is_always and not pair(C, A, found).is_mutual


def test_one_other_approval_makes_it_ordinary() -> None:
    found = find_pairs([(A, B, 9), (A, C, 1), (B, A, 9)])
    assert not pair(A, B, found).is_always
    assert not pair(B, A, found).is_mutual and pair(B, A, found).is_always
    assert pair(A, B, found).percent == 90


def test_of_a_few_nothing_is_said() -> None:
    (only,) = find_pairs([(A, B, ENOUGH - 1)])
    assert not only.is_always and only.percent == 100


def test_plans_and_acts_on_accounts_are_counted(house: House) -> None:
    house.partner()
    house.approve(house.request(house.case(), "police", by="arta"), "besnik")
    with house.context.database.writing() as session:
        for approved_by in ("person:besnik", None):
            session.add(
                PersonRequest(
                    id=new_id(),
                    kind="disable",
                    username="x",
                    asked_at=house.now,
                    asked_by="person:arta",
                    approved_by=approved_by,
                    state="done",
                    state_since=house.now,
                )
            )
        session.add(
            Approval(
                id=new_id(),
                kind="reporter_identity",
                subject="x",
                about="AL-2026-one",
                why="x",
                details={},
                asked_at=house.now,
                asked_by="person:arta",
                granted_by="person:besnik",
                ends_at=house.now,
                state="granted",
                state_since=house.now,
            )
        )
    with house.context.database.reading() as session:
        counted = count_approvals(session, house.now)
        assert counted == [("person:arta", "person:besnik", 1)] * 3
        later = house.later(days=1)
        assert count_approvals(session, later) == []


def test_the_auditor_s_page(house: House) -> None:
    house.now = utc_now()
    house.partner()
    house.approve(house.request(house.case(), "police", by="arta"), "besnik")
    client = create_app(house.context).test_client()
    person = house.person("nobody", "auditor")
    with house.context.database.writing() as session:
        token = sessions.open_session(
            session, session.merge(person), utc_now()
        )
    client.set_cookie(COOKIE, token, path="/console")
    page = client.get("/console/approvals/pairs?lang=en&days=30").text
    assert "<td>arta</td>" in page and "<td>besnik</td>" in page
    assert "100 %" in page and "never anybody else" not in page
    assert client.get("/console/approvals/pairs?days=x").status_code == 200
