"""From a real IMAP session into the database: once, and nothing stays in the mailbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Misconfigured, Unavailable
from hotline.core.jobs.task import AlreadyDone, Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.inbound import fetch, mime
from hotline.intake.inbound.fetch import JOB, fetch_mail, post_fetch
from hotline.intake.inbound.mailbox import Mailbox
from hotline.intake.models import Report, ReportPart
from hotline.intake.service import open_texts
from triage.locations.places import find_places

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIST = """
[[senders]]
name = "Platform"
address = "desk@platform.test"
proof = "dkim"
format = "plain"
reporter_role = "provider"
"""


@pytest.fixture
def house(
    imap: Any,
    make_context: Callable[..., Context],
    tmp_path: Path,
    opening: str,
) -> Context:
    context = make_context(
        imap_host="127.0.0.1",
        imap_port=imap.port,
        imap_user="user",
        imap_password="pass word",
        imap_security="tls" if opening == "tls" else "starttls",
    )
    (context.settings.data_dir / "data").mkdir()
    (context.settings.data_dir / "data" / "mail_senders.toml").write_text(LIST)
    return context


def run(context: Context, dns: Any, now: datetime = NOW) -> dict[str, int]:
    with context.database.writing() as session:
        assert post_fetch(session, context, now) == 1
        entry = session.scalars(
            select(OutboxEntry.id).where(
                OutboxEntry.done_at.is_(None), OutboxEntry.job == JOB
            )
        ).one()
    return dict(
        fetch_mail(
            Task(context, entry, {}, 1, now), ask=dns, find_places=find_places
        )
    )


def reports(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_a_mail_becomes_a_report_and_is_deleted(
    house: Context, imap: Any, partner: Any, dns: Any
) -> None:
    imap.put(partner.sign(partner.letter()))
    assert run(house, dns) == {"stored": 1}
    assert imap.bodies("INBOX") == []
    with house.database.writing() as session:
        report = session.scalars(select(Report)).one()
        assert (report.channel, report.source) == ("email", "Platform")
        assert (report.reporter_role, report.received_at) == ("provider", NOW)
        texts = open_texts(
            Act(session, house, "test", NOW), report, why="test"
        )
        assert list(texts.parts.values()) == ["https://host.test/a"]
        jobs = session.scalars(
            select(OutboxEntry.job).where(OutboxEntry.done_at.is_(None))
        )
        assert jobs.all() == ["report.received"]


def test_what_is_refused_is_set_aside_and_stores_nothing(
    house: Context, imap: Any, partner: Any, stranger: Any, dns: Any
) -> None:
    spoofed = stranger.sign(stranger.letter(sender="desk@platform.test"))
    unsigned = partner.letter()
    for body in (spoofed, unsigned, partner.sign(partner.letter(number=2))):
        imap.put(body)
    assert run(house, dns) == {"refused": 2, "stored": 1}
    assert imap.bodies("INBOX") == []
    assert imap.bodies("Refused") == [spoofed, unsigned]
    assert reports(house) == 1


def test_the_same_mail_again_is_the_same_report(
    house: Context, imap: Any, partner: Any, dns: Any
) -> None:
    raw = partner.sign(partner.letter())
    imap.put(raw)
    assert run(house, dns) == {"stored": 1}
    imap.put(raw)
    assert run(house, dns, NOW + timedelta(days=400)) == {"repeated": 1}
    assert imap.bodies("INBOX") == []
    assert reports(house) == 1


def test_a_crash_before_the_deletion_stores_nothing_twice(
    house: Context,
    imap: Any,
    partner: Any,
    dns: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imap.put(partner.sign(partner.letter()))
    with monkeypatch.context() as patched:
        patched.setattr(
            fetch.Mailbox,
            "delete",
            lambda *_: (_ for _ in ()).throw(OSError()),
        )
        with pytest.raises(OSError):
            run(house, dns)
    assert len(imap.bodies("INBOX")) == 1
    with house.database.writing() as session:
        entry = session.scalars(
            select(OutboxEntry.id).where(OutboxEntry.job == JOB)
        ).one()
    assert fetch_mail(
        Task(house, entry, {}, 2, NOW), ask=dns, find_places=find_places
    ) == {"repeated": 1}
    assert imap.bodies("INBOX") == []
    assert reports(house) == 1
    with pytest.raises(AlreadyDone):
        fetch_mail(
            Task(house, entry, {}, 3, NOW), ask=dns, find_places=find_places
        )


def test_a_dns_that_is_down_leaves_the_mail_where_it_is(
    house: Context, imap: Any, partner: Any, dns: Any
) -> None:
    imap.put(partner.sign(partner.letter()))
    dns.down = True
    assert run(house, dns) == {"waiting": 1}
    assert len(imap.bodies("INBOX")) == 1
    dns.down = False
    assert run(house, dns, NOW + timedelta(minutes=1)) == {"stored": 1}


def test_a_huge_mail_is_not_even_fetched(
    house: Context, imap: Any, dns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mime, "MAX_BYTES", 1_000)
    imap.put(b"x" * 1_001)
    assert run(house, dns) == {"refused": 1}
    assert imap.said.count("UID_FETCH") == 1  # of the sizes
    assert len(imap.bodies("Refused")) == 1


def test_a_mail_that_trips_its_reader_does_not_hold_up_the_others(
    house: Context,
    imap: Any,
    partner: Any,
    dns: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = fetch.mail.read_mail

    def read(raw: bytes, *rest: Any, **more: Any) -> Any:
        return original(raw, *rest, **more) if b"trip" not in raw else 1 / 0

    monkeypatch.setattr(fetch.mail, "read_mail", read)
    imap.put(b"trip\r\n\r\n")
    imap.put(partner.sign(partner.letter()))
    assert run(house, dns) == {"refused": 1, "stored": 1}


def test_an_empty_mailbox_is_nothing_to_tell(
    house: Context, imap: Any, dns: Any
) -> None:
    assert run(house, dns) == {}
    assert imap.said[-1] == "LOGOUT"


def test_a_certificate_that_nobody_vouches_for_ends_it(
    house: Context, imap: Any, dns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unavailable, match="certificate"):
        run(house, dns)
    assert imap.said == []


def test_a_wrong_password_is_said_to_be_one(
    imap: Any, make_context: Callable[..., Context], dns: Any
) -> None:
    context = make_context(
        imap_host="127.0.0.1", imap_port=imap.port, imap_user="user"
    )
    with pytest.raises(Misconfigured, match="imap_password"):
        run(context, dns)


def test_the_mailbox_is_looked_into_once_a_minute(
    make_context: Callable[..., Context],
) -> None:
    context = make_context(imap_host="imap.test")
    with context.database.writing() as session:
        assert post_fetch(session, context, NOW) == 1
        assert post_fetch(session, context, NOW + timedelta(seconds=59)) == 0
        later = NOW + timedelta(minutes=1)
        assert post_fetch(session, context, later) == 0, (
            "the first look is still open"
        )
        entry = session.scalars(select(OutboxEntry)).one()
        entry.done_at = later
        session.flush()
        assert post_fetch(session, context, NOW + timedelta(seconds=30)) == 0
        assert post_fetch(session, context, later) == 1
        assert outbox.count_open_work(session, now=later)["open"] == 1


def test_without_a_mailbox_nothing_is_asked_for(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    with context.database.writing() as session:
        assert post_fetch(session, context, NOW) == 0
        assert session.scalars(select(OutboxEntry)).all() == []


def test_a_report_has_its_part(
    house: Context, imap: Any, partner: Any, dns: Any
) -> None:
    imap.put(partner.sign(partner.letter("Only words.")))
    assert run(house, dns) == {"stored": 1}
    with house.database.reading() as session:
        assert session.scalars(select(ReportPart.kind)).all() == ["narrative"]


@pytest.mark.parametrize("opening", ["starttls"])
def test_a_mailbox_by_starttls(
    house: Context, imap: Any, partner: Any, dns: Any
) -> None:
    imap.put(partner.sign(partner.letter()))
    imap.put(partner.letter(number=2))
    assert run(house, dns) == {"stored": 1, "refused": 1}
    assert imap.said.index("STARTTLS") < imap.said.index("LOGIN")
    assert imap.bodies("INBOX") == [] and len(imap.bodies("Refused")) == 1


@pytest.mark.parametrize("opening", ["starttls"])
def test_starttls_wants_a_certificate_too(
    house: Context, imap: Any, dns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unavailable, match="certificate"):
        run(house, dns)
    assert "STARTTLS" in imap.said and "LOGIN" not in imap.said


@pytest.mark.parametrize("opening", ["stripped"])
def test_where_starttls_is_not_offered_no_password_is_sent(
    house: Context, imap: Any, dns: Any
) -> None:
    with pytest.raises(Unavailable, match="imap_security"):
        run(house, dns)
    assert not {"LOGIN", "AUTHENTICATE"} & set(imap.said)


def test_who_only_looks_changes_nothing(house: Any, imap: Any) -> None:
    with Mailbox(house.settings, only_looking=True):
        pass
    assert "EXAMINE" in imap.said and "SELECT" not in imap.said
