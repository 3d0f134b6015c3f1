"""The pack that others ask for: figures, how the house watches itself, and checksums, as one ZIP.

It is made for a quality review of INHOPE, for the yearly report of a trusted flagger (DSA Article
22(3): notices by provider, by type of content, by what the provider did), for an inspector, and for
the Lanzarote Committee. Nothing in it is personal: numbers, settings, and names of organisations.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline import __version__
from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.intake import retention
from triage.cases.keeping.last_act import happened_since
from triage.hashlists.models import HashList
from workers.statistics.closing import load_closed, read_figures
from workers.statistics.counting.sql import count_groups, is_within
from workers.statistics.periods import Period
from workers.statistics.showing import exports
from workers.statistics.showing.document import Chapter, write_document
from workers.statistics.showing.sections import Section, describe_figures
from workers.statistics.tables import Figures, TableName

MANIFEST = "manifest.json"
FORMAT = "hotline-evidence-1"

FOR_WHOM: Mapping[str, tuple[TableName, ...]] = {
    "inhope-quality-review": (
        TableName.TOTALS,
        TableName.REPORTS_BY_KIND,
        TableName.DECISIONS,
        TableName.VIEWS_AVOIDED,
        TableName.DURATIONS,
        TableName.BACKLOG_BY_STATE,
        TableName.BACKLOG_BY_AGE,
        TableName.AGREEMENT,
        TableName.BY_COUNTRY,
    ),
    "dsa-article-22-3": (TableName.BY_PROVIDER, TableName.NOTICES_BY_KIND),
    "lanzarote-committee": (
        TableName.LANZAROTE,
        TableName.REPORTS_BY_KIND,
        TableName.REPORTS_BY_REPORTER,
        TableName.TOLD,
        TableName.OUTCOMES,
    ),
}
"""File -> the tables that its reader asks for; all others are in figures.*, too."""

README = """What this pack is
=================

Figures of {house} from {first} to {last}, days in the time zone {zone}. Made at {at} by {program}.

figures.pdf                   all figures, drawn, beside the period before; a year by weeks
figures.csv, .xlsx, .json     the same for machines, and every day of them
inhope-quality-review.csv     what a quality review of INHOPE looks at
dsa-article-22-3.csv          notices by provider, by type of content, by what the provider did
lanzarote-committee.csv       reports and cases by form of abuse, and who was told
controls.json                 for an inspector: the audit log's seal, erasure, the rule of two,
                              accounts by role, lists of known hashes, acts and reads by sort
manifest.json                 SHA-256 of every file

Tables have each number and, beside it, what it was in the period before.

Every figure is of what happened in the period, and was counted from the history of events.
Percentages are of what was counted; an empty cell means that there was nothing to measure.
How many steps were done within 1, 3 and 6 days is told for each step with both of its ends.
Nothing in here is personal. Small numbers are not kept back: publish none of these files.
"""


@dataclass(frozen=True, slots=True)
class Pack:
    """``files``: name -> content, without the manifest."""

    period: Period
    files: Mapping[str, bytes]
    made_at: datetime

    def manifest(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "period": exports.describe_period(self.period),
            "made_at": self.made_at.isoformat(),
            "program": _program(),
            "files": {
                name: {
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "bytes": len(body),
                }
                for name, body in sorted(self.files.items())
            },
        }

    def to_zip(self) -> bytes:
        """The same bytes for the same pack: no file has a time of its own."""
        written = io.BytesIO()
        files = {
            **self.files,
            MANIFEST: exports.write_json(self.manifest()),
        }
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as pack:
            for name, body in sorted(files.items()):
                # Without it each file has the hour of its writing, and no two
                # packs would be alike.
                pack.writestr(zipfile.ZipInfo(name), body)
        return written.getvalue()


def make_pack(
    session: Session, context: Context, period: Period, now: datetime
) -> Pack:
    """Needs the words of pages, so that an application must be at hand."""
    figures = read_figures(session, context, period, now)
    before = read_figures(session, context, period.before(), now)
    is_closed = load_closed(session, period) is not None
    house = context.hotline_name or "Hotline"
    readme = README.format(
        house=house,
        first=period.first,
        last=period.last,
        zone=period.zone,
        at=now.isoformat(),
        program=_program(),
    )
    files = {
        "README.txt": readme.encode(),
        "figures.csv": exports.to_csv(figures.tables, before),
        "figures.xlsx": exports.to_xlsx(figures.tables, before),
        "figures.json": exports.to_json(period, figures, before, is_closed),
        "figures.pdf": _write_pdf(house, period, figures, before),
        "controls.json": exports.write_json(
            _describe_controls(session, context, period, now)
        ),
    }
    for name, tables in FOR_WHOM.items():
        chosen = [figures[table] for table in tables]
        files[f"{name}.csv"] = exports.to_csv(chosen, before)
    return Pack(period, files, now)


def _program() -> str:
    return f"hotline {__version__}"


def _write_pdf(
    house: str, period: Period, figures: Figures, before: Figures
) -> bytes:
    sections = describe_figures(figures, before, period.days)
    earlier = period.before().name
    sentence = f"From {period.first} to {period.last}. In brackets: {earlier}."
    # Nothing was measured in the others, and paper has no use for empty
    # tables.
    chapters = [_to_chapter(section) for section in sections if section.lines]
    return write_document(
        house, f"Figures: {period.name}", [sentence], chapters
    )


def _to_chapter(section: Section) -> Chapter:
    rows = []
    for line in section.lines:
        parts = [
            f"{column}: {cell.now} ({cell.before})"
            for column, cell in zip(section.columns, line.cells, strict=True)
        ]
        rows.append((line.label, ";  ".join(parts)))
    return Chapter(section.title, rows, section.drawing, section.note)


def _describe_controls(
    session: Session, context: Context, period: Period, now: datetime
) -> dict[str, object]:
    settings = context.settings
    assert settings.audit_heads_file is not None
    # Verified now and not remembered: an inspector is told what the log is,
    # not what it was.
    log = audit.verify_chain(
        session, settings.audit_heads_file, context.keyring
    )
    waiting = retention.count_waiting(
        session, context.settings, now=now, happened=happened_since
    )
    return {
        "audit_log": {
            "intact": log.intact,
            "sealed": log.sealed,
            "not_sealed_yet": log.open,
            "heads_compared": log.compared,
            "fault": log.fault or None,
        },
        "erasure": {
            "contact_days": settings.retention_contact_days,
            "report_days": settings.retention_report_days,
            "unread_days": settings.retention_unread_days,
            # More than a day's worth would show that erasing stands still.
            "due_now": waiting.due,
            "held_as_unread": waiting.unread,
        },
        "second_person": settings.second_person,
        "second_assessment": settings.second_assessment,
        "accounts": _count_accounts(session),
        "hash_lists": _describe_lists(session),
        "acts_and_reads": _count_acts(session, period),
    }


def _count_accounts(session: Session) -> dict[str, int]:
    counted = (
        select(Person.role, func.count())
        .where(Person.disabled_at.is_(None))
        .group_by(Person.role)
        .order_by(Person.role)
    )
    return count_groups(session, counted)


def _describe_lists(session: Session) -> list[dict[str, object]]:
    lists = session.scalars(select(HashList).order_by(HashList.name))
    return [
        {
            "name": hash_list.name,
            "source": hash_list.source,
            "version": hash_list.version,
            "enabled": hash_list.enabled,
            "tells_police": hash_list.police_since is not None,
        }
        for hash_list in lists
    ]


def _count_acts(session: Session, period: Period) -> dict[str, int]:
    """How often each sort of act and read is in the log of the period."""
    counted = (
        select(AuditEntry.action, func.count())
        .where(is_within(AuditEntry.at, period))
        .group_by(AuditEntry.action)
        .order_by(AuditEntry.action)
    )
    return count_groups(session, counted)
