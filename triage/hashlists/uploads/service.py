"""Uploads: announced, received piece by piece, and taken over once another person agreed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import find_question, refuse_approval
from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from triage.hashlists.imports import staging
from triage.hashlists.kinds import ListClass
from triage.hashlists.models import HashImport
from triage.hashlists.uploads.models import (
    OPEN,
    HashUpload,
    HashUploadPiece,
    UploadEvent,
    UploadState,
)

PIECE = 1_500_000
"""Bytes of a piece: below what one request may carry."""
GOOD_FOR = timedelta(days=1)
LONGEST_NAME, LONGEST_TEXT, LONGEST_REASON = 80, 200, 500
SHOWN = 20
READ_JOB, TAKE_JOB = JobName.HASHLIST_READ_UPLOAD, JobName.HASHLIST_TAKE_UPLOAD


def _post_taking(act: Act, approval: Approval) -> None:
    """The other person agreed: a job makes it the list, as that may take minutes."""
    upload = get_upload(act.session, uuid.UUID(approval.subject))
    act.advance(upload, UploadEvent.AGREED, name=upload.name)
    act.post(
        TAKE_JOB,
        key=f"take_upload:{upload.id}",
        payload={"upload_id": str(upload.id)},
        queue="checks",
    )


def _require_waiting(act: Act, approval: Approval) -> None:
    upload = get_upload(act.session, uuid.UUID(approval.subject))
    if upload.state != UploadState.WAITING:
        raise Conflict(phrase("This file no longer waits."))


def _drop_waiting(act: Act, approval: Approval) -> None:
    _drop(act, get_upload(act.session, uuid.UUID(approval.subject)))


LIST_UPLOAD = Kind(
    "list_upload",
    lazy_gettext("Take over a list of hashes"),
    lazy_gettext(
        "The file becomes the list's next version at once. What it brings is matched with, and "
        "files that were seen earlier are matched again. An earlier version can be gone back to at "
        "the machine."
    ),
    asking="hashlist.decide",
    granting="hashlist.decide",
    lasts=GOOD_FOR,
    check=_require_waiting,
    done=_post_taking,
    undone=_drop_waiting,
)


@dataclass(frozen=True, slots=True)
class Announced:
    """What is to come. ``source``, ``licence`` and ``default_class`` are of a list that is new."""

    name: str
    why: str
    whole: bool = True
    source: str = ""
    licence: str = ""
    default_class: str = ListClass.BASELINE


def begin_upload(act: Act, announced: Announced) -> HashUpload:
    """Make room for a file; of one list one file is on its way at a time."""
    _require_usable(announced)
    # Before it is asked what is under way: what stood still must not block the
    # list.
    drop_stale(act)
    name = announced.name.strip()
    under_way = act.session.scalar(
        select(HashUpload.id).where(
            HashUpload.name == name, HashUpload.state.in_(OPEN)
        )
    )
    if under_way is not None:
        raise Conflict(
            phrase("A file for this list is on its way already."),
            hint=phrase("Wait for it, or take it back."),
        )
    upload = HashUpload(
        id=new_id(),
        name=name,
        why=" ".join(announced.why.split()),
        whole=announced.whole,
        source=announced.source.strip(),
        licence=announced.licence.strip(),
        default_class=announced.default_class,
        uploaded_by=act.actor,
        at=act.now,
    )
    act.begin(upload, name=name, why=upload.why)
    return upload


def _require_usable(announced: Announced) -> None:
    faults: dict[str, str] = {}
    name = announced.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        faults["/name"] = phrase("A list's name has 1 to 80 characters.")
    if not 1 <= len(" ".join(announced.why.split())) <= LONGEST_REASON:
        faults["/why"] = phrase("Say why.")
    for field, text in (
        ("/source", announced.source),
        ("/licence", announced.licence),
    ):
        if len(text.strip()) > LONGEST_TEXT:
            faults[field] = phrase("At most 200 characters.")
    if announced.default_class not in tuple(ListClass):
        faults["/default_class"] = phrase("Choose a class.")
    if faults:
        raise InvalidInput(
            phrase("The file cannot be taken like this."), fields=faults
        )


def drop_stale(act: Act) -> None:
    """What nobody went on with for a day is in nobody's way any more, and takes no room."""
    stale = act.session.scalars(
        select(HashUpload).where(
            HashUpload.state.in_(
                [
                    # Not what is being taken over: that is at work, and ends
                    # by itself.
                    UploadState.RECEIVING,
                    UploadState.READING,
                    UploadState.WAITING,
                ]
            ),
            HashUpload.at <= act.now - GOOD_FOR,
        )
    )
    for upload in stale:
        _drop(act, upload)


def receive_piece(
    act: Act, upload: HashUpload, number: int, body: bytes
) -> None:
    """Store the next piece. One that has come already is passed over, so that a client whose
    connection broke sends it again; one that leaves a gap is refused."""
    _require_receiving(act, upload)
    # Its bytes are not compared: whoever sends it is who sent it before.
    if number < upload.pieces:
        return
    if number > upload.pieces or not 0 < len(body) <= PIECE:
        raise InvalidInput(phrase("This is not the piece that is next."))
    most = act.context.settings.hashlist_upload_mb * 1_000_000
    if upload.received + len(body) > most:
        raise InvalidInput(
            phrase(
                "The file is larger than %(size)s MB, the most that comes in here."
            ),
            values={"size": str(most // 1_000_000)},
            hint=phrase("Import it at the machine: hotline hashlist import."),
        )
    act.session.add(
        HashUploadPiece(
            id=new_id(), upload_id=upload.id, number=number, body=body
        )
    )
    upload.pieces += 1
    upload.received += len(body)
    upload.at = act.now


def receive_whole(act: Act, upload: HashUpload, body: bytes) -> None:
    """A file that comes in one request, without a script that would cut it into pieces."""
    _require_receiving(act, upload)
    if upload.pieces:
        raise Conflict(
            phrase("Pieces of a file have come already."),
            hint=phrase("Take it back, and begin again."),
        )
    if len(body) > PIECE:
        raise InvalidInput(
            phrase("Without its script this page takes 1.5 MB at most."),
            hint=phrase("Import it at the machine: hotline hashlist import."),
        )
    receive_piece(act, upload, 0, body)


def finish_receiving(
    act: Act, upload: HashUpload, *, size: int, file_name: str
) -> None:
    """All pieces are here: a job reads the file. ``size`` tells whether nothing is missing."""
    _require_receiving(act, upload)
    if size != upload.received or not size:
        raise InvalidInput(
            phrase("The file is empty, or not all of it has come.")
        )
    upload.size = size
    # A name from somebody's machine, shown on our pages.
    upload.file_name = "".join(
        letter for letter in file_name if letter.isprintable()
    )[-LONGEST_TEXT:]
    act.advance(
        upload, UploadEvent.RECEIVED, name=upload.name, bytes=upload.size
    )
    act.post(
        READ_JOB,
        key=f"read_upload:{upload.id}",
        payload={"upload_id": str(upload.id)},
        queue="checks",
    )


def _require_receiving(act: Act, upload: HashUpload) -> None:
    """Only whoever announced the file sends it."""
    if upload.uploaded_by != act.actor:
        raise NotFound(phrase("There is no such file."))
    if upload.state != UploadState.RECEIVING:
        raise Conflict(phrase("This file was sent already."))


def drop_upload(act: Act, upload: HashUpload) -> None:
    """Take it back, with the question that it may be waiting for."""
    question = find_question(act.session, LIST_UPLOAD, str(upload.id), act.now)
    if question is not None:
        refuse_approval(act, LIST_UPLOAD, question)
        return
    _drop(act, upload)


def _drop(act: Act, upload: HashUpload) -> None:
    act.advance(upload, UploadEvent.DROPPED, name=upload.name)
    forget_pieces(act.session, upload.id)
    if upload.import_id is not None:  # its rows go with the next sweep
        act.session.execute(
            delete(HashImport).where(HashImport.id == upload.import_id)
        )


def forget_pieces(session: Session, upload_id: uuid.UUID) -> None:
    session.execute(
        delete(HashUploadPiece).where(HashUploadPiece.upload_id == upload_id)
    )


def get_upload(session: Session, upload_id: uuid.UUID) -> HashUpload:
    upload = session.get(HashUpload, upload_id)
    if upload is None:
        raise NotFound(phrase("There is no such file."))
    return upload


def lock_upload(session: Session, upload_id: uuid.UUID) -> HashUpload:
    """As ``get_upload``, and nobody else changes it meanwhile."""
    upload = session.get(HashUpload, upload_id, with_for_update=True)
    if upload is None:
        raise NotFound(phrase("There is no such file."))
    return upload


def list_uploads(session: Session) -> Sequence[HashUpload]:
    """The last ones, newest first."""
    return session.scalars(
        select(HashUpload).order_by(HashUpload.id.desc()).limit(SHOWN)
    ).all()


def count_staged(session: Session, upload: HashUpload) -> int:
    """How many records of the file were read so far."""
    if upload.state != UploadState.READING:
        return upload.records
    staged = session.scalar(
        # By the list's name, since the upload learns of its import only when
        # all is read.
        select(HashImport.records).where(HashImport.name == upload.name)
    )
    return staged or 0


def staged_of(session: Session, upload: HashUpload) -> staging.Staged:
    """What was read of this very file, ready to be taken over; ``Conflict`` where it is gone."""
    header = (
        session.get(HashImport, upload.import_id) if upload.import_id else None
    )
    if header is None:
        raise Conflict(
            phrase("What was read of the file is gone."),
            hint=phrase("Upload it again."),
        )
    return staging.Staged(
        header.id,
        header.records,
        header.rejected,
        tuple(header.problems),
    )
