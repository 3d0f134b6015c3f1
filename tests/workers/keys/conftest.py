"""A house in which something is under each key, and a check that it is readable."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from hotline.accounts.signing_in import throttle
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.core.storage.keys.links import present_link
from hotline.intake import service as intake
from hotline.intake.form.asking import drafts
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import read_submission
from partners.notices import answers
from partners.notices.models import Notice
from partners.referrals import service as referrals
from partners.referrals.models import Referral
from tests.support.clock import NOW
from tests.support.house import House
from triage.cases.models import Case
from triage.cases.people import service as people
from triage.cases.people.reading.words import read_identifier
from triage.cases.people.vocabulary import (
    FactSource,
    IdentifierKind,
    Whose,
)
from workers.house import require_own_database

WORDS = "These are the reporter's words."
NUMBER = "+355 69 123 4567"


@dataclass
class Lived:
    """What people outside hold of a house, and what must open inside."""

    house: House
    receipts: list[str]
    links: dict[str, str]
    draft: str
    mark: str

    @property
    def context(self) -> Context:
        return self.house.context

    def check_all(self) -> None:
        """Everything is found and opens, whatever is rotated just now."""
        context = self.context
        with context.database.writing() as session:
            for code in self.receipts:
                report = intake.find_by_receipt(session, context, code)
                assert report is not None
                words = intake.open_texts(
                    Act(session, context, "test", NOW), report, why=""
                )
                assert words.narrative == WORDS
            self._check_links()
            case, other = session.scalars(select(Case).order_by(Case.id))
            shared = people.cases_with_same_identifier(session, case)
            assert [found.id for found in shared] == [other.id]
            (said,) = people.list_identifiers(session, context, case)
            assert said.display
            assert drafts.load_draft(session, context, self.draft, NOW) == {
                "kind": "x"
            }
        assert throttle.is_marked(context.keyring, "arta", self.mark)

    def _check_links(self) -> None:
        with self.context.database.reading() as session:
            for scope, token in self.links.items():
                assert self.opens(scope, token), scope
                model = Referral if scope == "referral" else Notice
                subject = session.scalars(select(model)).unique().one()
                letter = present_link(self.context.keyring, scope, subject)
                assert self.opens(scope, letter.token), f"new {scope}"

    def opens(self, scope: str, token: str) -> bool:
        find = (
            referrals.find_by_token
            if scope == "referral"
            else answers.find_by_token
        )
        with self.context.database.reading() as session:
            return (
                find(session, self.context, token, self.house.now) is not None
            )

    def head(self) -> audit.Verification:
        """Seal, write the head as the scheduler does, and verify."""
        path = self.context.settings.audit_heads_file
        assert path is not None
        with self.context.database.writing() as session:
            audit.seal_entries(session)
        with self.context.database.reading() as session:
            audit.write_head(session, path, self.context.keyring, NOW)
        return self.verify()

    def verify(self) -> audit.Verification:
        path = self.context.settings.audit_heads_file
        assert path is not None
        with self.context.database.reading() as session:
            return audit.verify_chain(session, path, self.context.keyring)


def live_in(context: Context) -> Lived:
    """Reports, letters, identifiers, a half-filled form and a marked device."""
    require_own_database(context)
    house = House(context)
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    one, two = house.case("one"), house.case("two")
    house.decide(one, "provider_notice-XK")
    house.decide(two, "police")
    codes = []
    with context.database.writing() as session:
        act = Act(session, context, "person:arta", NOW)
        for number in range(3):
            received = intake.receive_report(
                session,
                context,
                read_submission(
                    {
                        "locations": [f"https://a{number}.example/"],
                        "narrative": WORDS,
                    }
                ),
                channel=Channel.FORM,
                now=NOW,
            )
            codes.append(received.receipt)
        said = read_identifier(IdentifierKind.PHONE, "", NUMBER, "AL")
        for case in (one, two):
            people.add_identifier(
                act,
                session.get_one(Case, case.id),
                said,
                whose=Whose.REPORTED_PERSON,
                source=FactSource.ANALYST,
            )
        draft = drafts.new_secret()
        drafts.save_draft(session, context, draft, {"kind": "x"}, NOW)
        links = {
            "notice": present_link(
                context.keyring,
                "notice",
                session.scalars(select(Notice)).unique().one(),
            ).token,
            "referral": present_link(
                context.keyring,
                "referral",
                session.scalars(select(Referral)).unique().one(),
            ).token,
        }
    mark = throttle.new_mark(context.keyring, "arta")
    lived = Lived(house, codes, links, draft, mark)
    assert lived.head().intact
    return lived


@pytest.fixture
def lived(context: Context) -> Lived:
    return live_in(context)
