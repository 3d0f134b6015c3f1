"""The jobs of an upload: read the file into rows that wait, and make these the list."""

from __future__ import annotations

from sqlalchemy import select, update

from hotline.accounts.approvals.service import Question, ask_approval
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import Conflict, Forbidden, HotlineError, InvalidInput
from hotline.core.jobs.task import Task
from triage.hashlists import formats, service, versions
from triage.hashlists.imports import importing, staging
from triage.hashlists.models import HashImport
from triage.hashlists.service import ListProperties
from triage.hashlists.uploads.models import (
    HashUpload,
    UploadEvent,
    UploadState,
)
from triage.hashlists.uploads.pieces import open_pieces
from triage.hashlists.uploads.service import (
    LIST_UPLOAD,
    forget_pieces,
    get_upload,
    lock_upload,
    staged_of,
)

REFUSALS = (InvalidInput, Conflict, Forbidden)
HEAD = 65_536
"""Bytes by which a format is recognised."""


def read_upload(task: Task) -> None:
    """Stage the file, then ask another person. A file that is no list fails, and says why."""
    database = task.context.database
    with database.reading() as session:
        upload = get_upload(session, task.id_of("upload_id"))
    if upload.state == UploadState.READING:
        try:
            _ask(task, upload, *_stage(task, upload))
        except REFUSALS as refusal:
            _fail(task, upload, refusal)
        return
    # An earlier run has read it, or somebody took it back: the job alone is to
    # end.
    with task.finishing():
        pass


def _stage(task: Task, upload: HashUpload) -> tuple[str, staging.Staged]:
    database = task.context.database
    stream = open_pieces(database, upload.id)
    digest = versions.digest_of(stream)
    form = formats.detect_format(stream.read(HEAD), upload.file_name)
    stream.seek(0)
    importing.refuse_known_file(database, upload.name, digest)
    staged = staging.stage_file(
        database,
        upload.name,
        formats.parse_entries(form, stream),
        digest=digest,
        form=form,
        clock=utc_now,
        tick=lambda _: None,
        resumed=lambda _: None,
    )
    if not staged.rows:
        staging.drop_import(database, staged.id)
        raise InvalidInput(staging.no_line(staged))
    return form, staged


def _ask(
    task: Task, upload: HashUpload, form: str, staged: staging.Staged
) -> None:
    """Where one person is enough, it goes on by itself."""
    with task.finishing() as session:
        row = lock_upload(session, upload.id)
        if row.state != UploadState.READING:
            return
        # The question is that of whoever sent the file, so that another person
        # has to agree.
        act = Act(session, task.context, row.uploaded_by, task.now)
        row.form, row.records = form, staged.records
        row.rejected, row.problems = staged.rejected, list(staged.problems)
        row.at, row.import_id = task.now, staged.id
        act.advance(row, UploadEvent.READ, name=row.name)
        # From here on the rows are what counts; the file itself is kept
        # nowhere.
        forget_pieces(session, row.id)
        # The rows last as long as the question.
        session.execute(
            update(HashImport)
            .where(HashImport.id == staged.id)
            .values(at=task.now)
        )
        ask_approval(act, _question(row))


def _question(upload: HashUpload) -> Question:
    details: dict[str, object] = {
        "file": upload.file_name,
        "lines": upload.records,
        "not_read": upload.rejected,
        "the_file_is": "the whole list" if upload.whole else "additions",
    }
    if upload.problems:
        details["problems"] = list(upload.problems)
    return Question(
        LIST_UPLOAD,
        subject=str(upload.id),
        about=upload.name,
        why=upload.why,
        details=details,
    )


def take_upload(task: Task) -> None:
    """Make what was read the list's next version: all of it or nothing."""
    database = task.context.database
    upload_id = task.id_of("upload_id")
    try:
        with database.writing() as session:
            upload = lock_upload(session, upload_id)
            if upload.state != UploadState.TAKING:
                task.mark_done(session)
                return
            act = Act(session, task.context, upload.uploaded_by, task.now)
            staged = staged_of(session, upload)
            digest = session.scalar(
                select(HashImport.file_sha256).where(
                    HashImport.id == staged.id
                )
            )
            hash_list = service.create_list(
                act, upload.name, **_properties_of(upload)
            )
            done = versions.take_over(
                act,
                hash_list,
                staged,
                digest=digest or "",
                whole=upload.whole,
            )
            staging.settle_import(session, staged)
            upload.version = done.version
            act.advance(
                upload,
                UploadEvent.TAKEN,
                name=upload.name,
                version=done.version,
            )
            task.mark_done(session)
    except REFUSALS as refusal:
        _fail(task, upload, refusal)
        return
    # After the transaction: until it is stored, the rows may still be needed.
    staging.drop_import(database, staged.id)


def _properties_of(upload: HashUpload) -> ListProperties:
    properties: ListProperties = {"default_class": upload.default_class}
    if upload.source:
        properties["source"] = upload.source
    if upload.licence:
        properties["licence"] = upload.licence
    return properties


def _fail(task: Task, upload: HashUpload, refusal: HotlineError) -> None:
    """The sentence is kept for the page; the list is as it was."""
    with task.finishing() as session:
        row = lock_upload(session, upload.id)
        act = Act(session, task.context, row.uploaded_by, task.now)
        # Somebody took it back while the job was at work: that is no failure.
        if row.state not in (UploadState.READING, UploadState.TAKING):
            return
        row.fault = str(refusal)
        act.advance(row, UploadEvent.FAILED, name=row.name)
        forget_pieces(session, row.id)
