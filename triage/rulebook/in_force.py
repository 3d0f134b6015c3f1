"""Every process of every machine reads the rules that are in force: asked for every few seconds.

The changed files lie in the database. Each machine writes them into a folder of its own, beside the
operator's files, whose name is their digest; a process then reads its rules from there.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.datafiles.in_force import folder_of, read_instead
from hotline.core.errors import Misconfigured
from triage.jurisdiction import load_rules
from triage.rulebook.models import RuleChange, RuleState

# Whoever agrees to a change reads that it counts within seconds, everywhere.
EVERY_SECONDS = 3.0
_PARTS = ("data", "countries")
_FOLDER = "rules"
log = structlog.get_logger(__name__)


class RuleKeeper:
    """Sees to it that this process reads what is in force; safe to share between threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._digest = ""

    def keep(self, *, at_once: bool = False) -> None:
        """Ask, if it is time to. What cannot be loaded changes nothing: the former rules stay."""
        now = time.monotonic()
        if not at_once and now - self._asked_at < EVERY_SECONDS:
            return
        # While one thread asks, which may take long, all others go on by what they have.
        if not self._lock.acquire(blocking=at_once):
            return
        try:
            # Before it is asked: a database that is away is not tried again by
            # every page in the meantime.
            self._asked_at = now
            self._ask()
        finally:
            self._lock.release()

    def keep_for_page(self) -> None:
        """As before each page. A database that is away is told of by what needs it."""
        with suppress(SQLAlchemyError):
            self.keep()

    def _ask(self) -> None:
        with self._context.database.reading() as session:
            digest = find_digest(session)
            # The digest alone is read each time; the files may be megabytes.
            if digest == self._digest:
                return
            change = find_in_force(session)
            files = {} if change is None else dict(change.files)
        self._read_from(digest, files)

    def _read_from(self, digest: str, files: Mapping[str, str]) -> None:
        own = self._context.settings.data_dir
        # Nothing was changed yet, or a change led back to the installation's
        # own files.
        if not files:
            read_instead(own, None)
            self._digest = digest
            return
        try:
            # Both before anybody is sent there: a process that cannot read the
            # new files decides by the former ones.
            folder = build_folder(own, files)
            load_rules(folder)
        except (OSError, Misconfigured) as error:
            # The digest is not kept, so the same is tried again the next time.
            log.error("rules_not_taken_over", error=type(error).__name__)
            return
        read_instead(own, folder)
        self._digest = digest


def find_in_force(session: Session) -> RuleChange | None:
    """None where the installation's own files are."""
    return session.scalar(
        select(RuleChange).where(RuleChange.state == RuleState.IN_FORCE)
    )


def find_digest(session: Session) -> str:
    """Of the change that is in force; "" where the installation's own files are."""
    digest = session.scalar(
        select(RuleChange.digest).where(RuleChange.state == RuleState.IN_FORCE)
    )
    return digest or ""


def build_folder(own: Path, files: Mapping[str, str]) -> Path:
    """The operator's own files with these over them, in a folder that is written once."""
    whole = _lay_over(own, files)
    # Of the operator's own files as well: whoever edits one of them gets
    # another folder.
    digest = _digest_bytes(whole)
    folder = own / _FOLDER / digest
    if folder.is_dir():
        if _digest_bytes(_read_own(folder)) == digest:
            return folder
        # Half of it was on the disk when the power went, or a hand changed it since.
        shutil.rmtree(folder)
    with _new_folder(own, whole) as made, suppress(OSError):
        # Another process of this machine may have been quicker; its folder is the same.
        made.rename(folder)
    if not folder.is_dir():
        raise OSError(f"The folder {folder} cannot be made.")
    return folder


@contextmanager
def try_folder(own: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """As ``build_folder``, for a look only: it is gone afterwards, whatever the files are worth."""
    with _new_folder(own, _lay_over(own, files)) as made:
        yield made


def _lay_over(own: Path, files: Mapping[str, str]) -> dict[str, bytes]:
    changed = {name: text.encode() for name, text in files.items()}
    return {**_read_own(own), **changed}


@contextmanager
def _new_folder(own: Path, whole: Mapping[str, bytes]) -> Iterator[Path]:
    parent = own / _FOLDER
    parent.mkdir(mode=0o700, exist_ok=True)
    # Beside its place and thus on the same disk, where a folder is renamed in
    # one step: no process ever reads half of it.
    made = Path(tempfile.mkdtemp(prefix="new-", dir=parent))
    try:
        for name, data in whole.items():
            target = made / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield made
    finally:
        # Of a folder that was renamed nothing is left here.
        shutil.rmtree(made, ignore_errors=True)


def _read_own(own: Path) -> dict[str, bytes]:
    """The operator's own files; what they change there counts from the next restart on, as ever."""
    return {
        path.relative_to(own).as_posix(): path.read_bytes()
        for part in _PARTS
        for path in sorted((own / part).rglob("*"))
        if path.is_file()
    }


def _digest_bytes(whole: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(whole):
        # With its length, so that no text can pass for the end of one file and
        # the beginning of the next.
        digest.update(f"{name} {len(whole[name])} ".encode())
        digest.update(whole[name])
    return digest.hexdigest()


def read_now(own: Path, name: str) -> str:
    """The text of a rule file as it is in force; "" where there is none of that name."""
    folder = folder_of(own)
    if folder is not None and (folder / name).is_file():
        # Some editors put a mark before the text; it is no part of it.
        return (folder / name).read_text(encoding="utf-8-sig")
    return read_unchanged(own, name)


def read_unchanged(own: Path, name: str) -> str:
    """The text of a rule file of the installation's own, before any change on the console."""
    if (own / name).is_file():
        return (own / name).read_text(encoding="utf-8-sig")
    return _read_shipped(name)


def _read_shipped(name: str) -> str:
    hotline = Path(__file__).resolve().parents[2]
    kind, _, rest = name.partition("/")
    if kind == "countries":
        candidates = [hotline / "hotline" / name]
    else:
        candidates = [
            # A file's way in a data directory does not say which package ships
            # it.
            hotline / "triage" / package / "data" / rest
            for package in ("priority", "jurisdiction", "locations")
        ]
    for path in candidates:
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""
