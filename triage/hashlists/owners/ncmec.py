"""Keep a list up to date from NCMEC's hash-sharing service, version 2 (HTTPS, basic auth, XML).

All pages are fetched first and kept (``kept_pages``); then they become the list's next version, in
the transaction that saves how far it came. Entries are not in order of time, so that a checkpoint
is worth something only after the last page: a failure half-way leaves list and checkpoint as they
were, and the next run asks for the pages that are still missing.

One hash that several members shared is one entry here, under the first one's id: a tombstone of
that member takes it off although another still shares it. ``whole`` fetches everything and puts
that right; run it now and then.
"""

from __future__ import annotations

import base64
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain, count
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, Unavailable
from hotline.core.network.client import GuardedClient, with_own_machine
from hotline.core.network.resolve import Reach
from triage.hashlists import formats, service, versions
from triage.hashlists.formats import HashEntry, Problem
from triage.hashlists.formats.ncmec import Page, read_page
from triage.hashlists.imports.importing import import_entries
from triage.hashlists.imports.kept_pages import KeptPages
from triage.hashlists.kinds import ListClass
from triage.hashlists.models import HashList
from triage.hashlists.owners.endpoint import body_of, checked_url

TIMEOUT_SECONDS = 60
MOST_PAGES = 100_000
"""Of a thousand entries each; a service that names ever other ones has no end."""
LARGEST_PAGE = 64 << 20  # bytes; a page of 1,000 media has about 3 MB
ATTEMPTS = 5  # of one page, with pauses of 1, 2, 4 and 8 seconds
Pause = Callable[[float], None]
Tick = Callable[[int], None]

CLASSES: dict[str, str] = {
    "A1": ListClass.BASELINE,
    "A2": ListClass.BASELINE,
    "B1": ListClass.NATIONAL,
    "B2": ListClass.NATIONAL,
}
"""NCMEC's A is a pre-pubescent, B a pubescent child; 1 a sex act, 2 a lascivious exhibition. What
is illegal wherever a hotline works (INHOPE's baseline) shows a pre-pubescent child."""
PROPERTIES: service.ListProperties = {
    "source": "NCMEC",
    "category_map": CLASSES,
}


class HashSharing:
    """``url``: up to what stands before ``/v2``. Used in a ``with`` statement."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        reach: Reach,
        pause: Pause = time.sleep,
    ) -> None:
        self._base, self._user = f"{checked_url(url)}/v2", user
        self._pause = pause
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {
            "Accept": "application/xml",
            "Authorization": f"Basic {credentials}",
        }
        self._client = GuardedClient(
            with_own_machine(reach, self._base),
            seconds=TIMEOUT_SECONDS,
            most_bytes=LARGEST_PAGE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def check(self) -> None:
        """Ask whether the service is there and knows us; raises what ``body_of`` does."""
        self._ask_service("status", {})

    def question(self, name: str, since: str) -> str:
        """What tells one download from another: list, service and member, and the checkpoint."""
        return "\n".join((name, self._base, self._user, since))

    def pages(self, since: str, kept: KeptPages) -> Iterator[Page]:
        """Every page of what was uploaded or deleted from ``since`` (ISO 8601; "" for all) on,
        from among the ``kept`` ones where it is there."""
        query = {
            "to": kept.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        }
        if since:
            query = {"from": since, **query}
        asked = set()
        for number in count(1):
            page = kept.page(number, partial(self._read_page, query))
            yield page
            if not page.next:
                return
            # A service that is broken would keep us asking for ever.
            if page.next in asked:
                raise InvalidInput(
                    "The hash service's pages lead round in a circle."
                )
            if number == MOST_PAGES:
                raise InvalidInput(
                    f"The hash service has more than {MOST_PAGES:,} pages."
                )
            asked.add(page.next)
            # Only what it asks is taken from the link: our password goes to our address alone.
            query = dict(parse_qsl(urlsplit(page.next).query))

    def _read_page(self, query: dict[str, str]) -> Page:
        return read_page(io.BytesIO(self._ask_service("entries", query)))

    def _ask_service(
        self, name: str, query: dict[str, str], attempt: int = 1
    ) -> bytes:
        address = f"{self._base}/{name}"
        if query:
            address += f"?{urlencode(query)}"
        try:
            reply = self._client.get(address, headers=self._headers)
            return body_of(reply, limit=LARGEST_PAGE)
        # Only what may go better the next time; refused credentials are told
        # at once.
        except Unavailable as error:
            if attempt == ATTEMPTS:
                hint = f"Tried {ATTEMPTS} times; the list is as it was. Later goes on from here."
                raise Unavailable(error.message, hint=hint) from None
        self._pause(2.0 ** (attempt - 1))
        return self._ask_service(name, query, attempt + 1)


@dataclass
class Download:
    """What one run fetched. ``newest``: the latest time of an entry, "" where there was none."""

    entries: int = 0
    newest: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Update:
    """``done`` is None where nothing came that the list did not hold."""

    done: versions.Import | None
    fetched: int
    rejected: int
    checkpoint: str


def download_changes(
    sharing: HashSharing,
    spool: BinaryIO,
    kept: KeptPages,
    *,
    since: str,
    tick: Tick,
) -> Download:
    """Write everything since ``since`` into ``spool``, in this service's own format."""
    result = Download()

    def entries() -> Iterator[HashEntry]:
        for number, page in enumerate(sharing.pages(since, kept), start=1):
            result.newest = max(result.newest, page.newest)
            for entry in page.found:
                if isinstance(entry, Problem):
                    # A line says nothing by itself: each page counts from one.
                    reason = f"{entry.reason} (page {number})"
                    result.problems.append(entry._replace(reason=reason))
                    continue
                result.entries += 1
                yield entry
            tick(result.entries)

    formats.write_entries("ndjson", entries(), spool)
    spool.seek(0)
    return result


def update_list(
    context: Context,
    name: str,
    sharing: HashSharing,
    *,
    actor: str,
    now: datetime,
    whole: bool = False,
    tick: Tick = lambda _: None,
) -> Update:
    """Fetch what is new since the last run, or everything, and make it the list's next version."""
    # Before anything is made or dropped: wrong credentials leave no trace.
    sharing.check()
    last_mark = _read_checkpoint(context, name)
    since = "" if whole else last_mark
    kept = KeptPages(
        context.settings.data_dir, sharing.question(name, since), now
    )
    # Without a name, so that it is gone with the process; and on the disk of
    # the data, since /tmp may be memory.
    with tempfile.TemporaryFile(dir=context.settings.data_dir) as spool:
        try:
            downloaded = download_changes(
                sharing, spool, kept, since=since, tick=tick
            )
        except InvalidInput:
            kept.drop()  # what the service said makes no sense, and would make none the next time
            raise
        done = _next_version(
            context,
            name,
            spool,
            downloaded,
            last_mark,
            whole=whole,
            actor=actor,
            now=now,
        )
    kept.drop()
    return Update(
        done,
        downloaded.entries,
        len(downloaded.problems),
        max(downloaded.newest, last_mark),
    )


def _read_checkpoint(context: Context, name: str) -> str:
    with context.database.reading() as session:
        checkpoint = session.scalar(
            select(HashList.checkpoint).where(HashList.name == name)
        )
    return checkpoint or ""


def _next_version(
    context: Context,
    name: str,
    spool: BinaryIO,
    downloaded: Download,
    last_mark: str,
    *,
    whole: bool,
    actor: str,
    now: datetime,
) -> versions.Import | None:
    """None where nothing was told that the newest version was not made of. ``last_mark``: how far
    the list had come, and still must have."""
    come_further = partial(
        _move_checkpoint,
        before=last_mark,
        after=max(downloaded.newest, last_mark),
    )
    digest = versions.digest_of(spool)
    # The service tells from the last moment on, so that its newest entries
    # come again with each update.
    is_new = digest != _digest_of_list(context, name)
    if is_new and (downloaded.entries or whole):
        return import_entries(
            context,
            name,
            chain(formats.parse_entries("ndjson", spool), downloaded.problems),
            digest=digest,
            form="ndjson",
            whole=whole,
            actor=actor,
            clock=lambda: now,
            also=come_further,
            **PROPERTIES,
        )
    with context.database.writing() as session:
        come_further(
            service.create_list(
                Act(session, context, actor, now), name, **PROPERTIES
            )
        )
    return None


def _digest_of_list(context: Context, name: str) -> str | None:
    """SHA-256 of what the newest version of the list was made of, where there is one."""
    with context.database.reading() as session:
        target = session.scalar(select(HashList).where(HashList.name == name))
        return versions.newest_digest(session, target) if target else None


def _move_checkpoint(target: HashList, *, before: str, after: str) -> None:
    if target.checkpoint != before:
        raise Conflict(
            f"Another update of {target.name} was quicker; this one changed nothing."
        )
    target.checkpoint = after
