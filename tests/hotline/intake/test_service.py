"""The verbs of intake: sealed at rest, found by receipt alone, stored once, erased for good."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from hotline.core.act import Act
from hotline.core.context import Context, build_context
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.settings import Settings
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.crypto import RecordKey
from hotline.core.storage.database import Base
from hotline.core.storage.machine import HistoryEntry, list_history
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import idempotency, service
from hotline.intake.batch import Arrival
from hotline.intake.models import (
    IdempotencyKey,
    Report,
    ReportMessage,
    ReportPart,
)
from hotline.intake.submission import Submission

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = "swordfish-7731"
FULL = Submission(
    locations=[
        f"https://{SECRET}.example/a",
        "http://[bad",
        f"https://{SECRET}.example/a",
    ],
    narrative=f"narrative {SECRET}",
    contact=f"{SECRET}@mail.test",
    kind="csam_image",
    danger_now=True,
)


def receive(
    context: Context, submission: Submission = FULL, **more: object
) -> service.Received:
    with context.database.writing() as session:
        return service.receive_report(
            session, context, submission, channel="api", now=NOW, **more
        )  # type: ignore[arg-type]


def whole_database(context: Context) -> str:
    with context.database.reading() as session:
        tables = session.scalars(
            text("SELECT name FROM sqlite_master WHERE type='table'")
        ).all()
        return "\n".join(
            repr(row)
            for name in tables
            for row in session.execute(text(f"SELECT * FROM {name}"))
        )


def test_a_report_is_stored_with_its_work_and_history(
    context: Context,
) -> None:
    received = receive(context)
    with context.database.reading() as session:
        report = session.get_one(Report, received.report_id)
        assert [(p.position, p.kind, p.state) for p in report.parts] == [
            (1, "location", "received"),
            (2, "location", "received"),
        ]
        work = session.scalars(select(OutboxEntry)).one()
        assert (work.job, work.queue) == ("report.received", "urgent")
        assert work.payload == {"report_id": str(report.id)}
        assert work.key == f"report:{report.id}"
        for part in report.parts:
            assert [
                entry.event for entry in list_history(session, part.id)
            ] == ["created"]


@pytest.mark.parametrize(
    ("danger", "queue"), [(False, "checks"), (True, "default")]
)
def test_a_held_report_waits_behind_the_others(
    context: Context, danger: bool, queue: str
) -> None:
    submission = FULL.model_copy(update={"danger_now": danger})
    received = receive(context, submission, held=True)
    with context.database.reading() as session:
        assert session.get_one(Report, received.report_id).held_for_review
        assert session.scalars(select(OutboxEntry.queue)).one() == queue


def test_nothing_personal_is_readable_at_rest(context: Context) -> None:
    received = receive(context)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        service.add_information(
            Act(session, context, audit.PUBLIC, NOW), report, f"more {SECRET}"
        )
    assert SECRET not in whole_database(context)
    assert received.receipt.replace("-", "") not in whole_database(
        context
    ).replace("-", "")


def test_texts_open_where_they_were_sealed_and_reading_is_written_down(
    context: Context,
) -> None:
    received = receive(context)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        opened = service.open_texts(
            Act(session, context, "person:ana", NOW), report, why="assessment"
        )
        assert opened.narrative == FULL.narrative
        reached = service.open_contact(session, context, report)
        assert reached.contact == FULL.contact
        assert [
            opened.parts[p.id] for p in report.parts
        ] == FULL.distinct_locations
    with context.database.reading() as session:
        read = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "personal.read")
        ).one()
        assert (read.actor, read.details) == (
            "person:ana",
            {"why": "assessment"},
        )


def test_the_service_reads_on_arrival_what_a_person_would_read(
    context: Context,
) -> None:
    received = receive(context, FULL)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        arriving = service.open_on_arrival(
            Act(session, context, "system", NOW), report
        )
        asked = service.open_texts(
            Act(session, context, "person:ana", NOW), report, why="assessment"
        )
    assert arriving == asked
    with context.database.reading() as session:
        readers = session.scalars(
            select(AuditEntry.actor).where(
                AuditEntry.action == "personal.read"
            )
        )
        assert readers.all() == ["person:ana"]


def test_a_report_without_a_location_has_one_part_with_its_narrative(
    context: Context,
) -> None:
    received = receive(context, Submission(narrative="somebody wrote to me"))
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        opened = service.open_texts(
            Act(session, context, "system", NOW), report, why="x"
        )
        (part,) = report.parts
        assert part.kind == "narrative"
        assert opened.parts == {part.id: "somebody wrote to me"}
        assert service.open_contact(session, context, report).contact == ""


def test_a_receipt_is_found_however_it_is_typed(context: Context) -> None:
    received = receive(context)
    with context.database.reading() as session:
        for typed in (
            received.receipt,
            received.receipt.lower(),
            received.receipt.replace("-", " "),
            f"  {received.receipt.replace('-', '')}\n",
            received.receipt.replace("0", "o").replace("1", "l"),
        ):
            found = service.find_by_receipt(session, context, typed)
            assert found is not None and found.id == received.report_id
        for typed in (
            "",
            "-" * 20,
            "x",
            "0" * 20,
            "A" * 100_000,
            received.receipt[:-1],
            "ÄÖÜ",
        ):
            assert service.find_by_receipt(session, context, typed) is None


def test_progress_follows_the_table_and_nothing_else(context: Context) -> None:
    received = receive(context)
    with context.database.writing() as session:
        part = session.get_one(Report, received.report_id).parts[0]
        assert not service.advance_part(
            Act(session, context, "system", NOW), part, "removed"
        )
        assert service.advance_part(
            Act(session, context, "system", NOW), part, "examined"
        )
        assert part.state == "in_review"
        assert not service.advance_part(
            Act(session, context, "system", NOW), part, "examined"
        )
        assert service.advance_part(
            Act(session, context, "system", NOW), part, "passed_on"
        )
        assert service.advance_part(
            Act(session, context, "system", NOW), part, "removed"
        )


def test_a_question_and_its_answer_pass_through_the_receipt_alone(
    context: Context,
) -> None:
    received = receive(context)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        service.ask_reporter(
            Act(session, context, "person:ana", NOW), report, "Which group?"
        )
        service.add_information(
            Act(session, context, audit.PUBLIC, NOW + timedelta(hours=1)),
            report,
            "The blue one",
        )
    with context.database.reading() as session:
        found = service.find_by_receipt(session, context, received.receipt)
        assert found is not None
        status = service.status_of(session, context, found)
    assert [(m.author, m.text) for m in status.messages] == [
        ("hotline", "Which group?"),
        ("reporter", "The blue one"),
    ]
    assert "ana" not in repr(status)
    assert status.received_at == NOW
    assert [(p.position, p.state) for p in status.parts] == [
        (1, "received"),
        (2, "received"),
    ]


KEY = "2f1d4b1c-8f0a-4b57-9a3e-7a4c0d5f1e22"


def once(
    context: Context, submission: Submission, key: str, now: datetime
) -> service.Received:
    with context.database.writing() as session:
        arrival = Arrival(channel="api", now=now)
        return idempotency.receive_once(
            session, context, submission, key, arrival=arrival
        )


def test_the_same_key_and_body_is_one_report_with_one_answer(
    context: Context,
) -> None:
    first = once(context, FULL, KEY, NOW)
    second = once(context, FULL, KEY, NOW + timedelta(hours=23))
    assert (second.report_id, second.receipt) == (
        first.report_id,
        first.receipt,
    )
    assert second.again and not first.again
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 1
    with pytest.raises(Conflict):
        once(context, FULL.model_copy(update={"narrative": "other"}), KEY, NOW)
    assert once(context, FULL, KEY + "0", NOW).receipt != first.receipt
    assert KEY not in whole_database(context)


def test_a_key_is_forgotten_after_a_day(context: Context) -> None:
    first = once(context, FULL, KEY, NOW)
    again = once(context, FULL, KEY, NOW + timedelta(hours=25))
    assert again.report_id != first.report_id
    with context.database.writing() as session:
        counts = service.forget_due(
            session, context, now=NOW + timedelta(hours=50)
        )
    assert counts["idempotency_keys"] == 1
    with context.database.reading() as session:
        assert (
            session.scalar(select(func.count()).select_from(IdempotencyKey))
            == 0
        )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "x" * 256,
        "with space in the middle",
        "ünïcödé-keys-are-not",
    ],
)
def test_a_key_that_could_be_guessed_is_refused(
    context: Context, key: str
) -> None:
    with pytest.raises(InvalidInput):
        once(context, FULL, key, NOW)


def test_an_error_leaves_nothing_half_written(context: Context) -> None:
    with pytest.raises(RuntimeError), context.database.writing() as session:
        service.receive_report(session, context, FULL, channel="api", now=NOW)
        session.flush()
        raise RuntimeError
    with context.database.reading() as session:
        for table in (
            Report,
            ReportPart,
            RecordKey,
            OutboxEntry,
            HistoryEntry,
            AuditEntry,
        ):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def finish(
    context: Context, received: service.Received, when: datetime
) -> None:
    with context.database.writing() as session:
        for part in session.get_one(Report, received.report_id).parts:
            for event in ("examined", "closed"):
                assert service.advance_part(
                    Act(session, context, "system", when), part, event
                )


def retention(context: Context, when: datetime) -> dict[str, int]:
    with context.database.writing() as session:
        return service.forget_due(session, context, now=when)


def test_contacts_go_first_then_the_whole_text_and_the_receipt(
    context: Context,
) -> None:
    received = receive(context)
    still_open = receive(context)
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        service.add_information(
            Act(session, context, audit.PUBLIC, NOW), report, "more"
        )
        # Words that nobody read would hold the report back.
        service.open_texts(
            Act(session, context, "person:x", NOW), report, why="y"
        )
    finish(context, received, NOW)
    days = context.settings.retention_contact_days
    assert retention(context, NOW + timedelta(days=days - 1))["contacts"] == 0
    assert retention(context, NOW + timedelta(days=days))["contacts"] == 1
    with context.database.reading() as session:
        report = session.get_one(Report, received.report_id)
        assert report.contact is None and report.narrative is not None
        assert report.contact_erased_at is not None
    late = NOW + timedelta(days=context.settings.retention_report_days)
    assert retention(context, late) == {
        "contacts": 0,
        "reports": 1,
        "idempotency_keys": 0,
        "drafts": 0,
        "spent_proofs": 0,
    }
    assert retention(context, late)["reports"] == 0
    with context.database.reading() as session:
        report = session.get_one(Report, received.report_id)
        assert (report.narrative, report.erased_at) == (None, late)
        assert all(part.text is None for part in report.parts)
        assert session.get(RecordKey, report.id) is None
        assert (
            session.scalar(select(func.count()).select_from(ReportMessage))
            == 0
        )
        assert (
            service.find_by_receipt(session, context, received.receipt) is None
        )
        assert (
            service.find_by_receipt(session, context, still_open.receipt)
            is not None
        )
    with context.database.writing() as session:
        report = session.get_one(Report, received.report_id)
        opened = service.open_texts(
            Act(session, context, "person:x", late), report, why="y"
        )
        assert opened.narrative == ""
        assert service.open_contact(session, context, report).contact == ""
        assert set(opened.parts.values()) == {""}
        with pytest.raises(Conflict):
            service.ask_reporter(
                Act(session, context, "person:x", late), report, "hello?"
            )


def test_one_part_that_still_moves_keeps_the_whole_report(
    context: Context,
) -> None:
    received = receive(context)
    with context.database.writing() as session:
        part = session.get_one(Report, received.report_id).parts[0]
        service.advance_part(
            Act(session, context, "system", NOW), part, "examined"
        )
        service.advance_part(
            Act(session, context, "system", NOW), part, "closed"
        )
    counts = retention(context, NOW + timedelta(days=5000))
    assert (counts["contacts"], counts["reports"]) == (0, 0)


@pytest.mark.services
def test_both_databases_hold_the_same_rows(
    context: Context, postgres_url: str, tmp_path: Path
) -> None:
    """PostgreSQL gets a report with one part in a single statement of its own."""
    settings = Settings(
        data_dir=tmp_path, audiences=("public",), database_url=postgres_url
    )
    other = build_context(settings)
    Base.metadata.create_all(other.database.engine)
    one = Submission(
        locations=["https://a.example/1"], contact="a@b.test", danger_now=True
    )

    def rows(where: Context, submission: Submission) -> list[list[object]]:
        receive(where, submission)
        found: list[list[object]] = []
        with where.database.reading() as session:
            for table in (
                Report,
                ReportPart,
                HistoryEntry,
                AuditEntry,
                OutboxEntry,
                RecordKey,
            ):
                columns = [c.name for c in table.__table__.columns]
                own = {
                    "id",
                    "key",
                    "payload",
                    "details",
                    "receipt_mac",
                    "wrapped",
                    "text",
                }
                own |= {
                    "entity_id",
                    "report_id",
                    "record_id",
                    "narrative",
                    "contact",
                }
                found.extend(
                    sorted(
                        [
                            getattr(row, name)
                            for name in columns
                            if name not in own
                        ]
                        for row in session.scalars(select(table))
                    )
                )
        return found

    try:
        assert rows(other, one) == rows(context, one)
        assert rows(other, FULL) == rows(context, FULL)
        with pytest.raises(Conflict):
            once(other, FULL, KEY, NOW)
            once(other, one, KEY, NOW)
        assert (
            once(other, FULL, KEY, NOW).receipt
            == once(other, FULL, KEY, NOW).receipt
        )
    finally:
        other.close()
