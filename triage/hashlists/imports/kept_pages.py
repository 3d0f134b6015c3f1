"""Pages of a download that broke off, kept so that the next run goes on where this one stopped.

A first download of millions of hashes takes hours. Each page is written beside the others as soon
as it was read, in this service's own format, whole or not at all; the folder goes once the list has
its new version, and is of no use after a day, when the owner's links may have expired.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from triage.hashlists import formats
from triage.hashlists.formats import HashEntry, Problem
from triage.hashlists.formats.ncmec import Page

GOOD_FOR = timedelta(days=1)


class KeptPages:
    """The pages of one question. ``until``: the time up to which it asked first, and still asks."""

    def __init__(self, data_dir: Path, question: str, now: datetime) -> None:
        name = hashlib.sha256(question.encode()).hexdigest()[:16]
        self._folder = data_dir / "downloads" / name
        self._begun = self._folder / "begun"
        until = self._read_begun()
        # Also one that lies ahead, as after a clock that was wrong: it would
        # never end.
        if until is None or not now - GOOD_FOR < until <= now:
            self.drop()
            # The question to the service is written in whole seconds.
            until = now.replace(microsecond=0)
            self._store_file("begun", until.isoformat().encode())
        self.until = until

    def _read_begun(self) -> datetime | None:
        try:
            return datetime.fromisoformat(
                self._begun.read_text(encoding="ascii")
            )
        except (OSError, ValueError):
            return None

    def page(self, number: int, fetch: Callable[[], Page]) -> Page:
        """The page as it was kept, or fetched and kept."""
        path = self._folder / f"{number:06}.ndjson"
        try:
            return _load_page(path.read_bytes())
        except FileNotFoundError:
            # Outside the try: what goes wrong while fetching is another error.
            page = fetch()
        self._store_file(path.name, _dump_page(page))
        return page

    def _store_file(self, name: str, content: bytes) -> None:
        """In one step: a process that is killed leaves no half page behind."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = self._folder / f"{name}.half"
        half.write_bytes(content)
        half.replace(self._folder / name)

    def drop(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _dump_page(page: Page) -> bytes:
    problems = [entry for entry in page.found if isinstance(entry, Problem)]
    buffer = io.BytesIO()
    about = {"next": page.next, "newest": page.newest, "problems": problems}
    buffer.write(json.dumps(about).encode() + b"\n")
    formats.write_entries(
        "ndjson", (e for e in page.found if isinstance(e, HashEntry)), buffer
    )
    return buffer.getvalue()


def _load_page(content: bytes) -> Page:
    stream = io.BytesIO(content)
    about = json.loads(stream.readline())
    problems = [Problem(line, reason) for line, reason in about["problems"]]
    return Page(
        [*formats.parse_entries("ndjson", stream), *problems],
        about["next"],
        about["newest"],
    )
