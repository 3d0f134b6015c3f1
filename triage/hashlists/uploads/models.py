"""A file that a person sends in, the pieces of it, and how far it has come."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful
from triage.hashlists.kinds import ListClass


class UploadState(StrEnum):
    """How far a file has come."""

    RECEIVING = "receiving"
    """Its pieces come in."""
    READING = "reading"
    """All of it is here, and a job reads it."""
    WAITING = "waiting"
    """It is read; another person is to agree that it becomes the list."""
    TAKING = "taking"
    """A job makes it the list's next version."""
    DONE = "done"
    """It is the list's next version."""
    FAILED = "failed"
    """It could not be read or taken; the list is as it was."""
    DROPPED = "dropped"
    """Somebody took it back, said no, or nobody went on with it."""


class UploadEvent(StrEnum):
    """What moves an upload from one state to the next."""

    RECEIVED = "received"
    READ = "read"
    AGREED = "agreed"
    TAKEN = "taken"
    FAILED = "failed"
    DROPPED = "dropped"


UPLOAD_MACHINE = Machine(
    "hash_upload",
    UploadState.RECEIVING,
    MappingProxyType(
        {
            (UploadState.RECEIVING, UploadEvent.RECEIVED): UploadState.READING,
            (UploadState.READING, UploadEvent.READ): UploadState.WAITING,
            (UploadState.WAITING, UploadEvent.AGREED): UploadState.TAKING,
            (UploadState.TAKING, UploadEvent.TAKEN): UploadState.DONE,
            (UploadState.READING, UploadEvent.FAILED): UploadState.FAILED,
            (UploadState.TAKING, UploadEvent.FAILED): UploadState.FAILED,
            (UploadState.RECEIVING, UploadEvent.DROPPED): UploadState.DROPPED,
            (UploadState.READING, UploadEvent.DROPPED): UploadState.DROPPED,
            (UploadState.WAITING, UploadEvent.DROPPED): UploadState.DROPPED,
        }
    ),
)
# The same words as in the condition of the index below, which is SQL.
OPEN = (
    UploadState.RECEIVING,
    UploadState.READING,
    UploadState.WAITING,
    UploadState.TAKING,
)
_IS_OPEN = text("state IN ('receiving', 'reading', 'waiting', 'taking')")


class HashUpload(Identified, Stateful, Base):
    """One file for one list. ``size`` is what was announced, ``received`` what has come of it.

    ``problems`` names the first lines that could not be read, ``fault`` why nothing came of it.
    """

    __tablename__ = "hash_upload"
    __table_args__ = (
        # Of two who announce a file for one list in the same moment, one does.
        Index(
            "uq_hash_upload_open",
            "name",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    machine: ClassVar[Machine] = UPLOAD_MACHINE

    name: Mapped[str] = mapped_column(short_text(80))
    file_name: Mapped[str] = mapped_column(short_text(200), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    pieces: Mapped[int] = mapped_column(default=0)
    whole: Mapped[bool] = mapped_column(default=True)
    source: Mapped[str] = mapped_column(short_text(200), default="")
    licence: Mapped[str] = mapped_column(short_text(200), default="")
    default_class: Mapped[str] = mapped_column(
        short_text(20), default=ListClass.BASELINE
    )
    why: Mapped[str] = mapped_column(Text)
    uploaded_by: Mapped[str] = mapped_column(short_text(80))
    at: Mapped[datetime] = mapped_column(index=True)
    form: Mapped[str] = mapped_column(short_text(20), default="")
    records: Mapped[int] = mapped_column(BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    problems: Mapped[list[str]] = mapped_column(default=list)
    fault: Mapped[str] = mapped_column(Text, default="")
    import_id: Mapped[uuid.UUID | None]
    """What was read of it and waits: a ``HashImport``."""
    version: Mapped[int | None]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class HashUploadPiece(Identified, Base):
    """A part of the file, which goes as soon as the file is read."""

    __tablename__ = "hash_upload_piece"
    __table_args__ = (UniqueConstraint("upload_id", "number"),)

    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hash_upload.id"))
    number: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
