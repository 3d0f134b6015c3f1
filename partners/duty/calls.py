"""One message to one person about one alert: no content, only that something waits, and where."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import HotlineError, NotFound, Unavailable, phrase
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.storage import audit
from hotline.core.storage.ids import new_id
from partners.channels.base import Channels, Message
from partners.duty.models import Alert, AlertCall, DutyContact
from partners.duty.states import AlertState, Way
from partners.letters.wording import sender_name, write_letter


def call_person(task: Task, *, ways: Channels) -> None:
    """Send it, unless somebody has taken the case meanwhile. Each try is written down."""
    message, way = _prepare(task)
    if message is None:
        with task.finishing():
            return
    circuit = Circuit(task.context.database)
    try:
        # A silent server is tried all the same: a child may be in danger.
        with circuit.listening(ways.server_of(way, message.address)):
            ways.send(way, message)
    except (Unavailable, GiveUp) as error:
        _note_failure(task, error)
        raise
    with task.finishing() as session:
        call = session.get_one(AlertCall, task.id_of("call_id"))
        call.tries, call.sent_at, call.last_error = (
            call.tries + 1,
            task.now,
            "",
        )
        _log_try(Act(session, task.context, audit.SYSTEM, task.now), call)


def _prepare(task: Task) -> tuple[Message | None, str]:
    with task.context.database.reading() as session:
        call = session.get(AlertCall, task.id_of("call_id"))
        if call is None:
            raise NotFound(phrase("There is no such call."))
        alert = session.get_one(Alert, call.alert_id)
        # A job may run twice, and nobody is woken twice by it.
        if alert.state != AlertState.OPEN or call.sent_at is not None:
            return None, call.way
        return _write_message(task.context, alert, call), call.way


def _write_message(context: Context, alert: Alert, call: AlertCall) -> Message:
    settings = context.settings
    link = f"{settings.console_url}/console/duty/alerts/{alert.id}"
    letter = write_letter(
        "duty_alert",
        call.person.language,
        settings.data_dir,
        case_reference=alert.case.reference,
        link=link,
        hotline=sender_name(context),
        minutes=settings.duty_minutes,
    )
    return Message(
        message_id=f"{call.id}@{settings.hotline_domain}",
        address=call.address,
        subject=letter.subject,
        text=letter.text,
        body={},
        language=call.person.language or "en",
        urgent=True,
    )


def _note_failure(task: Task, error: HotlineError) -> None:
    with task.context.database.writing() as session:
        call = session.get_one(AlertCall, task.id_of("call_id"))
        # In a transaction of its own, because the job itself ends in the
        # error.
        call.tries, call.last_error = call.tries + 1, str(error)[:300]
        _log_try(Act(session, task.context, audit.SYSTEM, task.now), call)


def _log_try(act: Act, call: AlertCall) -> None:
    act.record(
        "duty.called",
        "duty_alert",
        call.alert_id,
        person=call.person.username,
        way=call.way,
        attempt=call.tries,
        error=call.last_error,
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a test message by one way; ``fault`` is empty where it left."""

    way: Way
    fault: str


def try_ways(
    context: Context, contact: DutyContact, ways: Channels
) -> list[Trial]:
    """Send a test message by each way of a person, at once and once only.

    No transaction may be open: a gateway takes the time that it likes.
    """
    trials = []
    for way, address in contact.addresses.items():
        message = _write_trial(context, contact.person, address)
        fault = ""
        try:
            ways.send(way, message)
        except HotlineError as error:
            fault = str(error)
        trials.append(Trial(way, fault))
    return trials


def note_trials(act: Act, person: Person, trials: list[Trial]) -> None:
    """Write into the log what became of them."""
    for trial in trials:
        act.record(
            "duty.tested",
            "person",
            person.id,
            username=person.username,
            way=str(trial.way),
            error=trial.fault[:300],
        )


def _write_trial(context: Context, person: Person, address: str) -> Message:
    settings = context.settings
    letter = write_letter(
        "duty_test",
        person.language,
        settings.data_dir,
        hotline=sender_name(context),
        link=f"{settings.console_url}/console/duty",
    )
    return Message(
        message_id=f"{new_id()}@{settings.hotline_domain}",
        address=address,
        subject=letter.subject,
        text=letter.text,
        body={},
        language=person.language or "en",
    )
