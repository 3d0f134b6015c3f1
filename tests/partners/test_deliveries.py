"""Deliveries against real servers on loopback: taken, put off, refused, and crashed in between."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, Unavailable
from hotline.core.network.client import LOOPBACK
from hotline.core.storage.outbox import OutboxEntry
from partners.channels.base import Refused, build_channels
from partners.channels.http import HttpChannel
from partners.channels.mail import MailChannel
from partners.directory.service import set_contact
from partners.letters.clock import Clock
from partners.notices import contacts
from partners.referrals import service as referrals
from partners.referrals.following_up.deadlines import find_due_time
from partners.referrals.models import Referral
from partners.sending.models import Delivery
from partners.sending.service import queue_delivery
from partners.subjects import SUBJECTS, ReferralSubject
from tests.support.house import House


class Mailbox:
    """An SMTP handler; ``answers`` are given first, one a recipient."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_RCPT(
        self,
        server: Any,
        session: Any,
        envelope: Any,
        address: str,
        options: Any,
    ) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        mail = message_from_bytes(
            envelope.original_content, policy=policy.default
        )
        self.mails.append(mail)  # type: ignore[arg-type]
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, Any]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, controller
    controller.stop()


class Desk(ThreadingHTTPServer):
    """A partner hotline's endpoint; ``answers`` are (status, body), the last one stays."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, bytes]] = []
        self.seen: list[tuple[str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/referrals"


class _Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.headers["Idempotency-Key"], body))
        answers = self.server.answers
        status, data = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def desk() -> Iterator[Desk]:
    server = Desk()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def by_mail(house: House, mailbox: Any) -> tuple[Any, Mailbox]:
    box, controller = mailbox
    settings = house.context.settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": controller.port,
            "smtp_security": "none",
        }
    )
    house.mail = MailChannel(settings)
    house.partner()
    return house, box


@pytest.fixture
def by_http(house: House, desk: Desk) -> tuple[Any, Desk]:
    settings = house.context.settings.model_copy(
        update={"fetch_allowed_networks": LOOPBACK}
    )
    house.http = HttpChannel(settings)
    house.partner(
        "hotline-rs", "hotline", country="RS", channel="http", address=desk.url
    )
    return house, desk


def retry_until_settled(house: House) -> None:
    """Let the waits pass, at most as many as there are tries."""
    for _ in range(house.context.settings.job_attempts):
        house.later(hours=7)
        house.work()


# e-mail


def test_a_referral_arrives_by_mail_with_its_document(by_mail: Any) -> None:
    house, box = by_mail
    house.decide(house.case(), "police")
    (mail,) = box.mails
    (delivery,) = house.all(Delivery)
    assert mail["To"] == "police-al@desk.example"
    assert mail["From"] == "notices@hotline.example"
    assert mail["Message-ID"] == f"<{delivery.message_id}>"
    assert house.referral.reference in mail["Subject"]
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["referral.json", "hashes.vics.json"]
    assert (delivery.state, delivery.tries, delivery.sent_at) == (
        "sent",
        1,
        house.now,
    )
    assert house.referral.state == "delivered"
    assert delivery.partner.last_success_at == house.now


def test_for_now_means_later_with_the_same_id(by_mail: Any) -> None:
    house, box = by_mail
    box.answers = ["451 try later", "450 greylisted"]
    house.decide(house.case(), "police")
    assert [str(error) for error in house.errors] == [
        "The mail server answered 451: try later"
    ]
    assert (house.only(Delivery).state, house.referral.state) == (
        "sending",
        "queued",
    )
    assert house.hold.state == "pending"
    house.later(hours=1)
    house.work()
    house.later(hours=1)
    house.work()
    delivery = house.only(Delivery)
    assert (delivery.state, delivery.tries, len(box.mails)) == ("sent", 3, 1)
    assert house.hold.state == "active"


def test_hours_without_a_mail_server_take_nothing_from_a_deadline(
    house: House,
) -> None:
    house.mail.faults = [Unavailable("down"), Unavailable("down")]
    house.partner()
    house.decide(house.case(), "police")
    planned = house.referral.due_at
    house.later(hours=30)
    for _ in range(3):
        house.later(hours=1)
        house.work()
    referral = house.referral
    assert referral.state == "delivered"
    assert planned is not None and referral.due_at is not None
    assert referral.due_at == find_due_time(
        house.context.country, referral.urgency, house.only(Delivery).sent_at
    )
    assert referral.chase_at == referral.due_at > planned
    shown = Clock.for_partner(house.context, referral.partner)
    assert shown.show(referral.due_at) in house.mail.messages[-1].text


def test_hours_without_a_mail_server_take_nothing_from_a_host_s_time(
    house: House,
) -> None:
    house.mail.faults = [Unavailable("down")]
    house.partner("provider:abuse@isp.example", "provider")
    house.decide(house.case(), "provider_notice-XK")
    house.later(hours=9)
    house.work()
    assert house.notice.state == "sent"
    sent_at = house.only(Delivery).sent_at
    assert sent_at == house.now
    assert house.notice.due_at == contacts.find_due_time(house.notice, sent_at)


def test_for_good_means_a_person(by_mail: Any) -> None:
    house, box = by_mail
    box.answers = ["550 no such user"]
    house.decide(house.case(), "police", "provider_notice")
    delivery = house.only(Delivery)
    assert (delivery.state, house.referral.state) == ("failed", "failed")
    assert delivery.answer == {
        "error": "The mail server answered 550: no such user"
    }
    # the police do not know: nothing may leave
    assert (house.hold.state, house.notice.state) == (
        "pending",
        "awaiting_release",
    )
    assert house.errors == []
    retry_until_settled(house)
    assert box.mails == []


def test_tries_end_and_a_person_sees_it(by_mail: Any) -> None:
    house, box = by_mail
    tries = house.context.settings.job_attempts
    box.answers = ["451 try later"] * tries
    house.decide(house.case(), "police")
    retry_until_settled(house)
    delivery = house.only(Delivery)
    assert (delivery.state, delivery.tries) == ("failed", tries)
    assert house.referral.state == "failed"


def test_a_server_that_is_down_is_tried_again(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    house.mail = MailChannel(
        house.context.settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": port}
        )
    )
    house.partner()
    house.decide(house.case(), "police")
    assert "The mail server failed" in str(house.errors[0])
    assert (house.only(Delivery).state, house.referral.state) == (
        "sending",
        "queued",
    )


def test_without_a_mail_server_deliveries_wait_and_say_so(
    house: House,
) -> None:
    house.partner()
    channels = build_channels(house.context.settings)
    house.jobs["delivery.attempt"] = _attempt_with(channels)
    house.decide(house.case(), "police")
    assert str(house.errors[0]) == (
        "No email channel is set up, so nothing was sent. Set HOTLINE_SMTP_HOST."
    )
    assert house.only(Delivery).state == "sending"


def _attempt_with(channels: Any) -> Any:
    from partners.sending.attempt import attempt_delivery

    return lambda task: attempt_delivery(
        task, channels=channels, subjects=SUBJECTS
    )


# HTTP


def test_a_hotline_gets_the_document_and_its_number_is_kept(
    by_http: Any,
) -> None:
    house, desk = by_http
    desk.answers = [(201, b'{"reference": "RS-77"}')]
    house.decide(house.case(), "hotline")
    ((key, body),) = desk.seen
    delivery = house.only(Delivery)
    assert key == delivery.message_id
    assert body["schema"] == "hotline-referral/1"
    assert body["reference"] == house.referral.reference
    assert delivery.answer == {"status": 201, "reference": "RS-77"}
    assert house.referral.state == "delivered"


def test_an_outage_is_tried_again_under_the_same_key(by_http: Any) -> None:
    house, desk = by_http
    desk.answers = [(500, b""), (429, b""), (401, b""), (201, b"not json")]
    house.decide(house.case(), "hotline")
    for _ in range(3):
        house.later(hours=1)
        house.work()
    assert len(desk.seen) == 4
    assert len({key for key, _ in desk.seen}) == 1
    delivery = house.only(Delivery)
    assert (delivery.state, delivery.answer["reference"]) == ("sent", "")


@pytest.mark.parametrize("status", [301, 400, 404, 422])
def test_a_refused_document_is_not_sent_again(
    by_http: Any, status: int
) -> None:
    house, desk = by_http
    desk.answers = [(status, b"{}")]
    house.decide(house.case(), "hotline")
    retry_until_settled(house)
    assert len(desk.seen) == 1
    assert (house.only(Delivery).state, house.referral.state) == (
        "failed",
        "failed",
    )
    assert str(status) in house.only(Delivery).answer["error"]


# crashes and repetitions


class Crash(BaseException):
    """The worker is killed."""


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(
    house: House,
) -> None:
    house.partner()
    house.approve(house.request(house.case(), "police"))
    (job, task), *_ = [
        one for one in house.due_tasks() if one[0] == "delivery.attempt"
    ]
    send, real = house.mail.send, house.mail

    def send_and_die(message: Any) -> Any:
        send(message)
        raise Crash

    real.send = send_and_die
    with pytest.raises(Crash):
        house.jobs[job](task)
    assert (house.only(Delivery).state, house.referral.state) == (
        "sending",
        "queued",
    )
    real.send = send
    house.work()
    first, second = house.mail.messages
    assert first.message_id == second.message_id
    assert (first.subject, first.attachments[0].name) == (
        second.subject,
        "referral.json",
    )
    delivery = house.only(Delivery)
    assert (delivery.state, delivery.tries) == ("sent", 2)


def test_work_that_runs_twice_sends_once(house: House) -> None:
    house.partner()
    house.approve(house.request(house.case(), "police"))
    ((job, task),) = [
        one for one in house.due_tasks() if one[0] == "delivery.attempt"
    ]
    house.jobs[job](task)
    with pytest.raises(Exception, match="done"):
        house.jobs[job](task)
    assert len(house.mail.messages) == 1
    assert house.referral.state == "delivered"


def test_nothing_is_queued_to_an_unconfirmed_address(house: House) -> None:
    partner = house.partner(approved=False)
    with (
        pytest.raises(Conflict, match="not confirmed"),
        house.context.database.writing() as s,
    ):
        queue_delivery(
            Act(s, house.context, "person:arta", house.now),
            subject="referral",
            subject_id=partner.id,
            partner=partner,
        )
    assert house.all(Delivery) == []


# mending


def test_a_retry_goes_to_the_mended_address_under_the_old_id(
    house: House,
) -> None:
    partner = house.partner()
    house.mail.faults = [Refused("550")]
    house.decide(house.case(), "police")
    with house.context.database.writing() as session:
        mended = session.get_one(type(partner), partner.id)
        act = Act(session, house.context, "x", house.now)
        set_contact(act, mended, channel="email", address="new@desk.example")
    with pytest.raises(Conflict, match="Confirm"):
        house.retry(house.only(Delivery))
    with house.context.database.writing() as session:
        session.get_one(type(partner), partner.id).approved_at = house.now
    house.retry(house.only(Delivery))
    house.work()
    first, second = house.mail.messages
    assert (second.address, second.message_id) == (
        "new@desk.example",
        first.message_id,
    )
    assert house.referral.state == "delivered"


def test_confirming_an_address_sends_what_waited_and_what_failed(
    house: House,
) -> None:
    waiting = house.partner(approved=False)
    case = house.case()
    house.decide(case, "police", partner=waiting)
    assert (house.referral.state, house.hold.state) == ("approved", "pending")
    assert house.all(Delivery) == []
    with house.context.database.writing() as session:
        found = session.get_one(type(waiting), waiting.id)
        found.approved_at = house.now
        sent = referrals.send_waiting_referrals(
            Act(session, house.context, "x", house.now), found
        )
        assert len(sent) == 1
        again = referrals.send_waiting_referrals(
            Act(session, house.context, "x", house.now), found
        )
        assert again == []
    house.mail.faults = [Refused("550")]
    house.work()
    assert house.referral.state == "failed"
    with house.context.database.writing() as session:
        found = session.get_one(type(waiting), waiting.id)
        act = Act(session, house.context, "x", house.now)
        assert len(referrals.send_waiting_referrals(act, found)) == 1
    house.work()
    assert (house.referral.state, house.hold.state) == ("delivered", "active")


def test_an_immediate_referral_goes_before_all_others(house: House) -> None:
    house.partner()
    routes = [
        {**route, "urgency": "immediate"}
        for route in house.case().routing["routes"]
    ]
    urgent = house.case("urgent", danger_now=True, routing={"routes": routes})
    house.approve(house.request(urgent, "police"))
    with house.context.database.reading() as session:
        queue = session.scalar(
            select(OutboxEntry.queue).where(
                OutboxEntry.job == "delivery.attempt"
            )
        )
    assert queue == "urgent"
    house.work()
    assert house.mail.messages[0].urgent
    assert house.referral.due_at.hour == house.now.hour + 4


def test_an_office_that_answered_keeps_its_word(house: House) -> None:
    """A second note of the same delivery does not take an answer back."""
    house.partner()
    house.decide(house.case(), "police")
    with house.context.database.writing() as session:
        referral = session.get_one(Referral, house.referral.id)
        referrals.store_answer(
            Act(session, house.context, "partner", house.now),
            referral,
            "take_up",
        )
        act = Act(session, house.context, "delivery", house.now)
        subject = ReferralSubject(referral)
        subject.sent(act, house.only(Delivery))
    assert house.referral.state == "taken_up"
