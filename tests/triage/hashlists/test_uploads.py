"""A list that comes in through the console: whole or not at all, and never by one person."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hotline.accounts.approvals import service as approvals
from hotline.accounts.approvals.models import Approval
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.support.jobs import JobRunner
from tests.support.people import make_person
from triage.hashlists.imports import staging
from triage.hashlists.models import HashEntryRow, HashImportRow, HashList
from triage.hashlists.uploads import jobs, service
from triage.hashlists.uploads.models import HashUpload, HashUploadPiece
from triage.hashlists.uploads.pieces import open_pieces
from triage.hashlists.uploads.service import Announced

PIECE = 100
LIST = "Ours"


@pytest.fixture
def house(context: Context, monkeypatch: pytest.MonkeyPatch) -> JobRunner:
    monkeypatch.setattr(service, "PIECE", PIECE)
    monkeypatch.setattr(staging, "CHUNK", 10)
    with context.database.writing() as session:
        for name in ("sam", "ada"):
            session.add(make_person(name, Role.SUPERVISOR))
    return JobRunner(
        context,
        jobs={
            service.READ_JOB: jobs.read_upload,
            service.TAKE_JOB: jobs.take_upload,
        },
    )


def file_of(*numbers: int, more: str = "") -> bytes:
    return ("".join(f"{one:032x}\n" for one in numbers) + more).encode()


def do(
    house: JobRunner, verb: Callable[[Act], object], by: str = "sam"
) -> None:
    with house.context.database.writing() as session:
        verb(Act(session, house.context, f"person:{by}", house.now))


def begin(house: JobRunner, **more: bool) -> None:
    announced = Announced(LIST, "From its owner", source="Owner", **more)
    do(house, lambda act: service.begin_upload(act, announced))


def last(act: Act) -> HashUpload:
    return service.list_uploads(act.session)[0]


def send(house: JobRunner, file: bytes) -> None:
    pieces = [file[i : i + PIECE] for i in range(0, len(file), PIECE)]
    for number, piece in enumerate(pieces):
        do(
            house,
            lambda act, n=number, body=piece: service.receive_piece(
                act, last(act), n, body
            ),
        )
    do(
        house,
        lambda act: service.finish_receiving(
            act, last(act), size=len(file), file_name="list.txt"
        ),
    )


def upload(house: JobRunner, file: bytes, **more: bool) -> None:
    begin(house, **more)
    send(house, file)
    house.work()


def agree(house: JobRunner, by: str = "ada") -> None:
    def grant(act: Act) -> None:
        asked = act.session.scalars(
            select(Approval).where(Approval.state == "asked")
        ).one()
        approvals.grant_approval(act, service.LIST_UPLOAD, asked)

    do(house, grant, by)
    house.work()


def now_of(house: JobRunner) -> HashUpload:
    with house.context.database.reading() as session:
        return service.list_uploads(session)[0]


def values(house: JobRunner) -> set[str]:
    with house.context.database.reading() as session:
        return set(
            session.scalars(
                select(HashEntryRow.value).where(
                    HashEntryRow.removed_in.is_(None)
                )
            )
        )


def count(house: JobRunner, table: type) -> int:
    with house.context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_one_sends_another_agrees_and_it_is_the_list(house: JobRunner) -> None:
    upload(house, file_of(*range(1, 31)))
    waiting = now_of(house)
    assert (waiting.state, waiting.records, waiting.form) == (
        "waiting",
        30,
        "lines",
    )
    assert values(house) == set() and count(house, HashUploadPiece) == 0
    with pytest.raises(Forbidden):
        agree(house, "sam")
    assert values(house) == set()
    agree(house)
    assert len(values(house)) == 30
    assert (now_of(house).state, now_of(house).version) == ("done", 1)
    assert count(house, HashImportRow) == 0
    with house.context.database.reading() as session:
        hash_list = session.scalars(select(HashList)).one()
        assert (hash_list.name, hash_list.source) == (LIST, "Owner")


def test_the_next_file_is_the_whole_or_adds(house: JobRunner) -> None:
    for file, more, left in (
        (file_of(1, 2, 3), {}, 3),
        (file_of(4), {"whole": False}, 4),
        (file_of(1, 9), {"whole": True}, 2),
    ):
        upload(house, file, **more)
        agree(house)
        assert len(values(house)) == left


def test_errors_are_told_by_line(house: JobRunner) -> None:
    upload(house, file_of(1, 2, more="no hash\n"))
    waiting = now_of(house)
    assert (waiting.rejected, len(waiting.problems)) == (1, 1)
    assert waiting.problems[0].startswith("line 3:")
    with house.context.database.reading() as session:
        details = session.scalars(select(Approval)).one().details
    assert details["not_read"] == 1 and details["problems"] == waiting.problems


@pytest.mark.parametrize(
    "file", [b"no\nlist\nat\nall\n", b"\x00\x01\x02", b"{}"]
)
def test_a_file_that_is_no_list_changes_nothing(
    house: JobRunner, file: bytes
) -> None:
    upload(house, file)
    failed = now_of(house)
    assert failed.state == "failed" and failed.fault
    assert count(house, Approval) == 0 == count(house, HashUploadPiece)
    begin(house)  # the way is free again


def test_the_same_file_again_is_refused(house: JobRunner) -> None:
    upload(house, file_of(1, 2))
    agree(house)
    upload(house, file_of(1, 2))
    assert now_of(house).state == "failed"
    assert "very file" in now_of(house).fault


def test_pieces_come_in_their_order_and_once(house: JobRunner) -> None:
    begin(house)

    def give(number: int, body: bytes, by: str = "sam") -> None:
        do(
            house,
            lambda act: service.receive_piece(act, last(act), number, body),
            by,
        )

    give(0, b"a" * PIECE)
    give(0, b"b" * PIECE)  # sent again, as its answer was lost
    for number, body in ((2, b"c"), (1, b""), (1, b"c" * (PIECE + 1))):
        with pytest.raises(InvalidInput):
            give(number, body)
    with pytest.raises(NotFound):
        give(1, b"c", by="ada")
    give(1, b"c" * 7)
    stream = open_pieces(house.context.database, now_of(house).id)
    assert stream.read() == b"a" * PIECE + b"c" * 7
    assert stream.seek(PIECE - 1) and stream.read(2) == b"ac"
    assert stream.seek(-1, io.SEEK_END) == PIECE + 6
    with pytest.raises(InvalidInput):
        do(
            house,
            lambda act: service.finish_receiving(
                act, last(act), size=3, file_name="x"
            ),
        )


def test_a_file_that_is_too_large_is_refused(house: JobRunner) -> None:
    house.context.settings.__dict__["hashlist_upload_mb"] = 0
    begin(house)
    with pytest.raises(InvalidInput, match="larger than"):
        do(
            house,
            lambda act: service.receive_piece(act, last(act), 0, b"x"),
        )


def test_of_one_list_one_file_is_on_its_way(house: JobRunner) -> None:
    begin(house)
    with pytest.raises(Conflict):
        begin(house)
    house.later(days=1)
    begin(house)  # nobody went on with the first


@pytest.mark.parametrize("when", ["receiving", "waiting"])
def test_it_is_taken_back(house: JobRunner, when: str) -> None:
    begin(house)
    if when == "waiting":
        send(house, file_of(1, 2))
        house.work()
    do(house, lambda act: service.drop_upload(act, last(act)))
    assert now_of(house).state == "dropped"
    assert count(house, HashUploadPiece) == 0
    staging.sweep_imports(house.context.database, house.now)
    assert count(house, HashImportRow) == 0
    upload(house, file_of(3))
    agree(house)
    assert len(values(house)) == 1


def test_whoever_is_asked_says_no(house: JobRunner) -> None:
    upload(house, file_of(1))

    def refuse(act: Act) -> None:
        asked = act.session.scalars(select(Approval)).one()
        approvals.refuse_approval(act, service.LIST_UPLOAD, asked)

    do(house, refuse, "ada")
    assert now_of(house).state == "dropped" and values(house) == set()


def test_a_job_that_runs_twice_does_it_once(house: JobRunner) -> None:
    begin(house)
    send(house, file_of(1, 2))
    (_, task) = house.due_tasks()[0]
    house.work()
    with pytest.raises(Exception, match="done"):
        jobs.read_upload(task)
    assert count(house, Approval) == 1
    agree(house)
    assert now_of(house).version == 1


def test_what_another_import_replaced_is_not_taken(house: JobRunner) -> None:
    """The rows that were agreed on are taken, never those of another file for the same list."""
    upload(house, file_of(1, 2))
    staging.stage_file(
        house.context.database,
        LIST,
        iter([]),
        digest="f" * 64,
        form="lines",
        clock=lambda: house.now,
        tick=lambda _: None,
        resumed=lambda _: None,
    )
    agree(house)
    assert now_of(house).state == "failed" and values(house) == set()


def test_where_one_person_is_enough_it_goes_on_by_itself(
    house: JobRunner,
) -> None:
    house.context.settings.__dict__["second_person"] = False
    upload(house, file_of(1, 2))
    assert now_of(house).state == "done" and len(values(house)) == 2


def test_a_role_that_was_lost_meanwhile_counts(house: JobRunner) -> None:
    begin(house)
    send(house, file_of(1))
    from hotline.accounts import service as accounts

    do(house, lambda act: accounts.change_role(act, "sam", Role.OPERATOR))
    house.work()
    assert now_of(house).state == "failed" and count(house, Approval) == 0


def test_the_day_s_sweep_takes_what_stands_still(house: JobRunner) -> None:
    begin(house)
    do(house, lambda act: service.receive_piece(act, last(act), 0, b"x"))
    house.now += timedelta(days=1)
    do(house, service.drop_stale)
    assert now_of(house).state == "dropped"
    assert count(house, HashUploadPiece) == 0


def test_a_file_that_comes_whole_is_that_file_and_no_other(
    house: JobRunner,
) -> None:
    begin(house)
    with pytest.raises(InvalidInput, match=r"1\.5 MB"):
        do(
            house,
            lambda act: service.receive_whole(
                act, last(act), b"x" * (PIECE + 1)
            ),
        )
    do(house, lambda act: service.receive_piece(act, last(act), 0, file_of(1)))
    # A page whose script gave up, and the same form sent without it.
    with pytest.raises(Conflict, match="come already"):
        do(
            house,
            lambda act: service.receive_whole(act, last(act), file_of(2)),
        )
    assert now_of(house).received == len(file_of(1))
