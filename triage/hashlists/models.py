"""Tables of known-hash lists and of what matched them. A list is sensitive: reads are logged."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.core.storage.database import Base, Identified, short_text
from triage.hashlists.kinds import ListClass, MatchDecision

# SQLite numbers rows by itself only in a column that is INTEGER.
BigSerial = BigInteger().with_variant(Integer(), "sqlite")


class HashList(Identified, Base):
    """One list of one owner. ``version`` counts imports; ``category_map``: label -> class.

    ``checkpoint``: how far a service that is asked for news was read, in its own words.
    ``remote``: the list stays with its owner, who is asked; its entries here are kind ``remote``
    and hold the owner's reference, no hash.
    ``police_since``: from then on a strong match tells the police automatically; None, the rule, is
    never. ``police_asked_by``: who asked for that and waits for a second person.
    """

    __tablename__ = "hash_list"

    name: Mapped[str] = mapped_column(short_text(80), unique=True)
    source: Mapped[str] = mapped_column(short_text(200), default="")
    licence: Mapped[str] = mapped_column(Text, default="")
    default_class: Mapped[str] = mapped_column(
        short_text(20), default=ListClass.BASELINE
    )
    category_map: Mapped[dict[str, str]] = mapped_column(default=dict)
    confidence: Mapped[float] = mapped_column(default=1.0)
    # 31 of 256 bits is what PDQ's authors advise.
    pdq_threshold: Mapped[int] = mapped_column(default=31)
    phash_threshold: Mapped[int] = mapped_column(default=8)
    enabled: Mapped[bool] = mapped_column(default=True)
    exportable: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0)
    checkpoint: Mapped[str] = mapped_column(short_text(40), default="")
    remote: Mapped[bool] = mapped_column(default=False)
    police_since: Mapped[datetime | None]
    police_asked_by: Mapped[str] = mapped_column(short_text(80), default="")
    created_at: Mapped[datetime]

    versions: Mapped[list[HashListVersion]] = relationship(
        back_populates="hash_list"
    )

    def class_of(self, label: str | None) -> str:
        """What an entry with the list's own ``label`` is, in this project's classes."""
        return self.category_map.get(label or "", self.default_class)


class HashListVersion(Identified, Base):
    """One import or roll-back, all or nothing."""

    __tablename__ = "hash_list_version"
    __table_args__ = (UniqueConstraint("list_id", "number"),)

    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hash_list.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(short_text(80))
    file_sha256: Mapped[str] = mapped_column(short_text(64))
    added: Mapped[int]
    removed: Mapped[int]
    rejected: Mapped[int]

    hash_list: Mapped[HashList] = relationship(back_populates="versions")


class ListedHash:
    """A hash as a list gives it; on its way into the list it looks as it does there."""

    kind: Mapped[str] = mapped_column(short_text(10))
    # Text, since PhotoDNA has 288 digits.
    value: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(short_text(80))
    source: Mapped[str | None] = mapped_column(short_text(120))
    entry_ref: Mapped[str | None] = mapped_column(short_text(120))
    dated: Mapped[date | None]
    quality: Mapped[int | None]


class HashEntryRow(ListedHash, Base):
    """One known hash. It is on the list from version ``added_in`` until ``removed_in``."""

    __tablename__ = "hash_entry"
    __table_args__ = (
        Index("ix_hash_entry_kind_value", "kind", "value"),
        # One current row a value and list; older rows keep what was on the list when.
        Index(
            "ix_hash_entry_current",
            "list_id",
            "kind",
            "value",
            unique=True,
            sqlite_where=text("removed_in IS NULL"),
            postgresql_where=text("removed_in IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(
        BigSerial, primary_key=True, autoincrement=True
    )
    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hash_list.id"))
    added_in: Mapped[int]
    removed_in: Mapped[int | None]


class HashIndexState(Base):
    """Which edition of the lists a machine's own index was built from."""

    __tablename__ = "hash_index_state"

    machine: Mapped[str] = mapped_column(short_text(80), primary_key=True)
    edition: Mapped[str] = mapped_column(short_text(60))
    built_at: Mapped[datetime]


class HashImport(Identified, Base):
    """A file that is on its way into a list, chunk by chunk; at most one a list.

    ``records`` is how many of the file, in its order, are in ``hash_import_row`` or were
    ``rejected``; ``problems`` names the first of those. A list has its name before it is made.
    """

    __tablename__ = "hash_import"

    name: Mapped[str] = mapped_column(short_text(80), unique=True)
    file_sha256: Mapped[str] = mapped_column(short_text(64))
    form: Mapped[str] = mapped_column(short_text(20))
    records: Mapped[int] = mapped_column(BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    problems: Mapped[list[str]] = mapped_column(default=list)
    at: Mapped[datetime]  # of the last chunk


class HashImportRow(ListedHash, Base):
    """A hash that waits for its version. No foreign key: checking it costs more than the row."""

    __tablename__ = "hash_import_row"
    __table_args__ = (
        # PostgreSQL hashes a million rows sooner than it keeps them in an index.
        Index(
            "ix_hash_import_row_value",
            "import_id",
            "kind",
            "value",
            postgresql_where=text("deleted = 1"),
        ),
    )

    id: Mapped[int] = mapped_column(
        BigSerial, primary_key=True, autoincrement=True
    )
    import_id: Mapped[uuid.UUID]
    deleted: Mapped[int]


class MediaMatch(Identified, Base):
    """A file's hash met a known one. An analyst's word on it is remembered for the next time."""

    __tablename__ = "media_match"
    # Files are matched time and again: a decision stays with its one row.
    __table_args__ = (UniqueConstraint("media_id", "entry_id"),)

    media_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("media.id"))
    entry_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("hash_entry.id"), index=True
    )
    list_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("hash_list.id"), index=True
    )
    kind: Mapped[str] = mapped_column(short_text(10))
    distance: Mapped[int]
    quality: Mapped[int | None]
    share: Mapped[float | None]  # of a video's frames
    at: Mapped[datetime]
    decision: Mapped[str] = mapped_column(
        short_text(14), default=MatchDecision.OPEN
    )
    decided_by: Mapped[str] = mapped_column(short_text(80), default="")
    decided_at: Mapped[datetime | None]

    entry: Mapped[HashEntryRow] = relationship(lazy="selectin")
    hash_list: Mapped[HashList] = relationship(lazy="selectin")
