"""What ``hotline backup`` says, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workers.cli.output import stderr, stdout

if TYPE_CHECKING:
    from workers.backup.catalogue import BackupNote
    from workers.backup.restore import LostReport, Restored
    from workers.backup.verify import Verified

MOST_NAMED = 20
"""Lost reports that are named one by one."""


def say_step(text: str) -> None:
    stderr.print(f"{text} …", soft_wrap=True, markup=False)


def say_lost(note: BackupNote, lost: tuple[LostReport, ...] | None) -> None:
    at = note.at[:16]
    if lost is None:
        stderr.print(
            f"The present data cannot be read: receipts given out after {at} (UTC) will be "
            "unknown, however many there were.",
            soft_wrap=True,
        )
        return
    stderr.print(
        f"Reports that came in after {at} (UTC), whose receipts will be unknown: {len(lost)}.",
        soft_wrap=True,
    )
    for report in lost[:MOST_NAMED]:
        stderr.print(
            f"  {report.received_at[:19]}  {report.channel}  {report.report_id}",
            soft_wrap=True,
            markup=False,
        )
    if len(lost) > MOST_NAMED:
        stderr.print(
            f"  … and {len(lost) - MOST_NAMED} more (all of them: --json)"
        )


def print_note(note: BackupNote, missing: list[str], now: datetime) -> None:
    hours = (now - note.moment) / timedelta(hours=1)
    lines = [
        f"{note.name}  {hours:.1f} hours old, {note.dialect}, schema {note.revision}",
        f"    data {in_bytes(note.data_size)} for {', '.join(note.recipients)}; "
        f"keys {in_bytes(note.keys_size)} for {', '.join(note.keys_recipients)}",
    ]
    if missing:
        lines.append(f"    not here: {', '.join(missing)}")
    for line in lines:
        stdout.print(line, soft_wrap=True, markup=False)


def print_verified(verified: Verified) -> None:
    upgraded = " and was brought up to date" if verified.upgraded else ""
    for line in (
        f"{verified.name} would do.",
        f"  {verified.tables} tables with {verified.rows} rows, as they were counted at the "
        f"backup; {verified.reports} reports.",
        f"  Its schema is {verified.revision}{upgraded}.",
        f"  Its audit log is intact: {verified.audit_sealed} entries sealed, "
        f"{verified.audit_open} not sealed yet, {verified.audit_compared} heads compared.",
        f"  The keys of all {verified.records_opened} records open.",
    ):
        stdout.print(line, soft_wrap=True, markup=False)


def print_restored(done: Restored) -> None:
    lines = [f"Restored: {done.name}, as things were at {done.at[:16]} (UTC)."]
    if done.keys_added:
        lines.append(
            f"Keys that came from the backup: {', '.join(done.keys_added)}."
        )
    lines.append(
        f"Entries of the audit log that were lost: {done.lost_entries}. The log says so."
    )
    if done.waiting:
        lines.append(
            f"Letters that waited at the backup: {done.waiting}. They may have left since, and "
            "leave again: look at them under Work before you start the workers."
        )
    erased = sum(done.erased.values())
    lines.append(f"Erased again, as its time is over: {erased} rows.")
    if done.kept:
        lines.append(
            f"The data of before stay in {done.kept}: delete them when you need them no more."
        )
    lines.append("Start the service.")
    for line in lines:
        stdout.print(line, soft_wrap=True, markup=False)


def in_bytes(count: int) -> str:
    """In words that people read."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
