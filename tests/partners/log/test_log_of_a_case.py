"""A case's number finds what is about it also where an entry names neither case nor location."""

from __future__ import annotations

import uuid

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.approvals import service as approvals
from hotline.accounts.approvals.models import Approval
from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.storage.ids import new_id
from partners.directory.models import Partner
from partners.duty.models import Alert
from partners.notices.models import Notice
from partners.sending.models import Delivery
from tests.support.log import LOG, SPAN, note, rows
from triage.cases.models import Case, CaseItem
from triage.console.audit.audit_pages import LOG_EXPORT
from triage.viewing.models import Viewing


def test_a_case_number_finds_looks_agreements_alarms_and_letters(
    context: Context, auditor: FlaskClient
) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "person:auditor", utc_now())
        notice = session.scalars(select(Notice)).first()
        assert notice is not None
        case = session.get_one(Case, notice.case_id)
        place = session.scalars(
            select(CaseItem).where(CaseItem.case_id == case.id)
        ).first()
        assert place is not None
        look = make_look(session, place.item_id)
        alert = Alert(id=new_id(), case_id=case.id, opened_at=act.now)
        act.begin(alert)
        asked = make_approval(act, str(place.item_id), case.reference)
        letter = make_letter(act, notice)
        ids = {
            "viewing.shown": look.id,
            "approval.asked": asked.id,
            "duty_alert.called": alert.id,
            "delivery.sent": letter.id,
        }
        reference = case.reference
    for action, entity_id in ids.items():
        note(context, action, entity_id)
    query = {"case": reference, "lang": "en"}
    found = rows(auditor.get(LOG, query_string=query).text)
    for said in ("look at a file", "agreement of two people", "alarm to"):
        assert any(said in row and reference in row for row in found), said
    assert any("sending: sent" in row and reference in row for row in found)


def make_look(session: Session, item_id: uuid.UUID) -> Viewing:
    person = session.scalars(select(Person)).first()
    assert person is not None
    look = Viewing(
        id=new_id(),
        person_id=person.id,
        session_id=new_id(),
        item_id=item_id,
        media_id=new_id(),
        is_violent=False,
        token_digest="0",
        asked_at=SPAN.end,
        outcome="shown",
    )
    session.add(look)
    return look


def make_approval(act: Act, subject: str, about: str) -> Approval:
    question = approvals.Question(LOG_EXPORT, subject, about, "Inspection")
    return approvals.ask_approval(act, question)


def make_letter(act: Act, notice: Notice) -> Delivery:
    partner = act.session.scalars(select(Partner)).first()
    assert partner is not None
    letter = Delivery(
        id=new_id(),
        subject="notice",
        subject_id=notice.id,
        partner_id=partner.id,
        channel="mail",
        address="abuse@provider.example",
        message_id=f"{notice.id}@hotline.example",
        created_at=act.now,
    )
    act.begin(letter, subject="notice", subject_id=str(notice.id))
    return letter
