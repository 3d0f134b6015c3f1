"""Alerts: opened by danger, passed on from person to person, closed by whoever takes the case.

This waits for no server of others: it writes down whom to call, and ``calls`` does it apart from
all other work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage import audit
from hotline.core.storage.ids import new_id
from partners.duty.models import Alert, AlertCall, DutyContact
from partners.duty.rota import find_on_duty, list_contacts
from partners.duty.states import AlertEvent, AlertState
from partners.duty.ways import is_set_up
from partners.manual.service import ask_for_call
from partners.referrals.gathering import hasten_referrals
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.places import whole_of

QUIET = timedelta(minutes=30)
"""After somebody took a case, further reports of it wake nobody for so long: they look at it."""
QUICK_ROUNDS = 6
"""So often everybody is called at the usual pace; then once an hour, without end."""
SLOW_PACE = timedelta(hours=1)


def note_danger(task: Task) -> None:
    """The job that follows a report of danger."""
    with task.context.database.writing() as session:
        case = lock_case(session, task.id_of("case_id"))
        # It may have become a part of another one meanwhile.
        case = lock_case(session, whole_of(session, case).id)
        task.mark_done(session)
        act = Act(session, task.context, audit.SYSTEM, task.now)
        open_alert(act, case)
        if case.danger_now:
            ask_for_call(act, case)
            hasten_referrals(act, case.id)


def open_alert(act: Act, case: Case) -> Alert | None:
    """Begin to call people; None where that is under way, or somebody took it just now."""
    if _is_looked_after(act, case):
        return None
    alert = Alert(id=new_id(), case_id=case.id, case=case, opened_at=act.now)
    act.begin(alert, case=case.reference)
    call_next(act, alert)
    return alert


def _is_looked_after(act: Act, case: Case) -> bool:
    newest = act.session.scalar(
        select(Alert)
        .where(Alert.case_id == case.id)
        .order_by(Alert.opened_at.desc())
        .limit(1)
    )
    if newest is None:
        return False
    taken_at = newest.acknowledged_at
    return taken_at is None or taken_at > act.now - QUIET


def pass_on(task: Task) -> None:
    """The job of the minutes that went by: nobody has taken it, so others are called."""
    with task.finishing() as session:
        alert = session.get_one(
            Alert, task.id_of("alert_id"), with_for_update={"of": Alert}
        )
        # Somebody may have taken it while the minutes ran.
        if alert.state == AlertState.OPEN:
            act = Act(session, task.context, audit.SYSTEM, task.now)
            call_next(act, alert)


def call_next(act: Act, alert: Alert) -> None:
    """Call whoever is next on the list; after its end everybody, supervisors included."""
    people = _choose_next(act, alert)
    calls = [
        call for contact in people for call in _note_calls(act, alert, contact)
    ]
    act.advance(
        alert,
        AlertEvent.CALLED,
        people=[contact.person.username for contact in people],
        ways=[call.way for call in calls],
    )
    slow = alert.rounds_of_all > QUICK_ROUNDS
    pace = timedelta(minutes=act.context.settings.duty_minutes)
    act.post(
        JobName.DUTY_PASS_ON,
        # Each round is work of its own; a key that repeats would be taken for
        # the one before.
        key=f"duty:{alert.id}:{new_id()}",
        payload={"alert_id": str(alert.id)},
        queue="urgent",
        delay=max(pace, SLOW_PACE) if slow else pace,
    )


def _choose_next(act: Act, alert: Alert) -> Sequence[DutyContact]:
    called = set(
        act.session.scalars(
            select(AlertCall.person_id).where(AlertCall.alert_id == alert.id)
        )
    )
    for contact in find_on_duty(act.session, act.context, act.now):
        if contact.person_id not in called:
            return [contact]
    # Counted only from here on: while the list lasts, each person is called
    # once.
    alert.rounds_of_all += 1
    return list_contacts(act.session)


def _note_calls(
    act: Act, alert: Alert, contact: DutyContact
) -> list[AlertCall]:
    """One message by each way of the person that can be gone."""
    calls = [
        AlertCall(
            id=new_id(),
            alert_id=alert.id,
            person_id=contact.person_id,
            way=way,
            address=address,
            created_at=act.now,
        )
        for way, address in contact.addresses.items()
        if is_set_up(way, act.context.settings)
    ]
    # Rows before work: a message that is sent without a row could not say
    # later that it was.
    act.session.add_all(calls)
    act.session.flush()
    for call in calls:
        act.post(
            JobName.DUTY_CALL,
            key=f"duty.call:{call.id}",
            payload={"call_id": str(call.id)},
            queue="urgent",
        )
    return calls


def pass_alerts(session: Session, source: Case, target: Case) -> None:
    """What nobody has taken yet waits in ``target`` from now on; calls go on as they did."""
    for alert in _list_open_of(session, source):
        alert.case = target


def acknowledge(act: Act, alert: Alert) -> bool:
    """Somebody takes the case; False where somebody else was quicker.

    A case that took in another one may have two alerts: who looks at it looks at both.
    """
    # Two people may click at once: the second has to see what the first did.
    act.session.refresh(alert, with_for_update={"of": Alert})
    if alert.state != AlertState.OPEN:
        return False
    for each in _list_open_of(act.session, alert.case):
        _take(act, each)
    return True


def _list_open_of(session: Session, case: Case) -> Sequence[Alert]:
    query = select(Alert).where(
        Alert.case_id == case.id, Alert.state == AlertState.OPEN
    )
    return session.scalars(
        query.order_by(Alert.id).with_for_update(of=Alert)
    ).all()


def _take(act: Act, alert: Alert) -> None:
    act.advance(alert, AlertEvent.ACKNOWLEDGED)
    alert.acknowledged_at, alert.acknowledged_by = act.now, act.actor
    # Who was called stays; by which number they were is nobody's business any more.
    act.session.execute(
        update(AlertCall)
        .where(AlertCall.alert_id == alert.id)
        .values(address="")
    )


def list_open(session: Session) -> Sequence[Alert]:
    """What nobody has taken yet, the oldest first."""
    query = select(Alert).where(Alert.state == AlertState.OPEN)
    return session.scalars(query.order_by(Alert.opened_at)).all()


def find_open(session: Session, case: Case) -> Alert | None:
    """The case's alert that nobody has taken yet."""
    query = select(Alert).where(
        Alert.case_id == case.id, Alert.state == AlertState.OPEN
    )
    return session.scalar(query.limit(1))


def list_recent(session: Session, limit: int) -> Sequence[Alert]:
    """What somebody took, the newest first."""
    query = select(Alert).where(Alert.state == AlertState.ACKNOWLEDGED)
    newest = query.order_by(Alert.opened_at.desc()).limit(limit)
    return session.scalars(newest).all()


def list_calls(session: Session, alert: Alert) -> Sequence[AlertCall]:
    """Whom the alert was told, and how it went."""
    query = select(AlertCall).where(AlertCall.alert_id == alert.id)
    return session.scalars(query.order_by(AlertCall.id)).all()
