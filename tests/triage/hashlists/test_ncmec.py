"""NCMEC's hash sharing, against a local server that pages, refuses and fails as documented."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.errors import Forbidden, InvalidInput, Unavailable
from hotline.core.network.resolve import Reach
from triage.hashlists.models import HashEntryRow, HashList, HashListVersion
from triage.hashlists.owners.endpoint import checked_url
from triage.hashlists.owners.ncmec import HashSharing, Update, update_list

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
PAGE = 2
Medium = tuple[str, str, str]  # id, timestamp, tag


def md5(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Ncmec:
    """Media in no order of time, two a page; ``broken`` answers this many times with 500 before
    page 3 comes."""

    media: list[Medium] = field(default_factory=list)
    broken: int = 0
    user: str = "example"

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        assert (method, body) == ("GET", b"")
        expected = base64.b64encode(f"{self.user}:secret".encode()).decode()
        if headers.get("authorization") != f"Basic {expected}":
            return 401, b""
        address = urlsplit(path)
        if address.path == "/exchange/v2/status":
            return 200, f'<status xmlns="{NAMESPACE}"/>'.encode()
        if address.path != "/exchange/v2/entries":
            return 404, b""
        query = {
            name: values[0] for name, values in parse_qs(address.query).items()
        }
        if query.get("start") == str(2 * PAGE) and self.broken:
            self.broken -= 1
            return 500, b"no such luck"
        return 200, self.page(query).encode()

    def page(self, query: dict[str, str]) -> str:
        start = int(query.get("start", 0))
        wanted = [
            one
            for one in self.media
            if query.get("from", "") <= one[1] <= query["to"]
        ]
        shown = wanted[start : start + PAGE]
        entries = "".join(
            f'<{tag}><member id="7">Example</member><timestamp>{stamp}</timestamp><id>{name}</id>'
            + (
                f"<classification>B2</classification><fingerprints><md5>{md5(name)}</md5>"
                "</fingerprints>"
                if not tag.startswith("deleted")
                else ""
            )
            + f"</{tag}>"
            for name, stamp, tag in shown
        )
        newest = max((stamp for _, stamp, _ in shown), default="")
        following = (
            f"<paging><next>/v2/entries?from={query.get('from', '')}&amp;to={query['to']}"
            f"&amp;start={start + PAGE}</next></paging>"
            if start + PAGE < len(wanted)
            else ""
        )
        return (
            f'<queryResult xmlns="{NAMESPACE}"><images count="{len(shown)}" '
            f'maxTimestamp="{newest}">{entries}</images>{following}</queryResult>'
        )


@pytest.fixture
def ncmec(hash_service: Any) -> Ncmec:
    made = Ncmec(
        [
            (f"m{n}", f"2026-10-{20 - n:02}T08:00:00Z", "image")
            for n in range(7)
        ]
    )
    hash_service.answer = made.answer
    return made


def _update(
    context: Context,
    url: str,
    *,
    whole: bool = False,
    password: str = "secret",
    now: datetime = NOW,
) -> Update:
    with HashSharing(
        f"{url}/exchange",
        "example",
        password,
        reach=Reach(),
        pause=lambda _: None,
    ) as sharing:
        return update_list(
            context, "ncmec", sharing, actor="t", now=now, whole=whole
        )


def _current(context: Context) -> set[str]:
    with context.database.reading() as session:
        return set(
            session.scalars(
                select(HashEntryRow.value).where(
                    HashEntryRow.removed_in.is_(None)
                )
            )
        )


def test_all_pages_then_only_what_is_new(
    context: Context, ncmec: Ncmec, hash_service: Any
) -> None:
    first = _update(context, hash_service.url)
    assert first.done is not None
    assert (first.done.added, first.fetched, first.checkpoint) == (
        7,
        7,
        "2026-10-20T08:00:00Z",
    )
    assert _current(context) == {md5(f"m{n}") for n in range(7)}
    ncmec.media += [
        ("late", "2026-10-21T08:00:00Z", "video"),
        ("m3", "2026-10-22T08:00:00Z", "deletedImage"),
    ]
    hash_service.asked.clear()
    second = _update(context, hash_service.url)
    assert second.done is not None
    assert (second.done.added, second.done.removed) == (1, 1)
    assert second.checkpoint == "2026-10-22T08:00:00Z"
    assert all(
        "from=2026-10-20T08" in path
        for path in hash_service.asked
        if "entries" in path
    )
    assert _current(context) == {md5(f"m{n}") for n in (0, 1, 2, 4, 5, 6)} | {
        md5("late")
    }
    with context.database.reading() as session:
        (hash_list,) = session.scalars(select(HashList))
        assert hash_list.category_map["B2"] == "national"


def test_nothing_new_makes_no_version(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    for _ in range(3):
        found = _update(context, hash_service.url)
    assert found.done is None
    ncmec.media = []
    assert (
        _update(context, hash_service.url).checkpoint == "2026-10-20T08:00:00Z"
    )
    with context.database.reading() as session:
        # The second run sees the newest medium once more, since ``from`` is inclusive.
        added = session.scalars(
            select(HashListVersion.added).order_by(HashListVersion.number)
        )
        assert list(added) == [7, 0]


def test_a_failure_on_page_three_saves_nothing_and_the_next_run_goes_on_from_there(
    context: Context, ncmec: Ncmec, hash_service: Any
) -> None:
    _update(context, hash_service.url)
    ncmec.media += [
        (f"n{n}", f"2026-10-{21 + n}T08:00:00Z", "image") for n in range(5)
    ]
    ncmec.broken = 5
    with pytest.raises(Unavailable, match="answered 500"):
        _update(context, hash_service.url)
    assert len(_current(context)) == 7
    hash_service.asked.clear()
    ncmec.broken = 4
    found = _update(context, hash_service.url, now=NOW + timedelta(hours=3))
    entries = [path for path in hash_service.asked if "entries" in path]
    assert len(entries) == 5 and all("start=4" in path for path in entries), (
        "page 3 alone"
    )
    assert all("to=2026-11-02T09" in path for path in entries), (
        "still the first question"
    )
    assert found.done is not None
    assert (found.done.added, found.fetched) == (5, 6)
    assert found.checkpoint == "2026-10-25T08:00:00Z"
    assert list((context.settings.data_dir / "downloads").iterdir()) == []


def test_pages_of_yesterday_or_of_another_question_are_not_taken(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    ncmec.broken = 5
    with pytest.raises(Unavailable):
        _update(context, hash_service.url)
    (folder,) = (context.settings.data_dir / "downloads").iterdir()
    assert len(list(folder.glob("*.ndjson"))) == 2
    assert folder.stat().st_mode & 0o077 == 0
    ncmec.media = [("other", "2026-10-01T08:00:00Z", "image")]
    found = _update(context, hash_service.url, now=NOW + timedelta(days=2))
    assert found.fetched == 1
    assert _current(context) == {md5("other")}


def test_a_download_that_is_killed_leaves_no_half_page(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    ncmec.broken = 5
    with pytest.raises(Unavailable):
        _update(context, hash_service.url)
    (folder,) = (context.settings.data_dir / "downloads").iterdir()
    (folder / "000003.ndjson.half").write_bytes(b'{"next": "')
    assert _update(context, hash_service.url).fetched == 7


def test_everything_anew_takes_off_what_is_gone(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    _update(context, hash_service.url)
    ncmec.media = ncmec.media[2:]
    found = _update(context, hash_service.url, whole=True)
    assert found.done is not None
    assert (found.done.added, found.done.removed) == (0, 2)
    assert found.checkpoint == "2026-10-20T08:00:00Z", (
        "a checkpoint never goes back"
    )


def test_media_that_cannot_be_compared_do_not_stop_the_list(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    page = ncmec.page
    ncmec.page = lambda query: page(query).replace("md5>", "netclean>")  # type: ignore[method-assign]
    found = _update(context, hash_service.url)
    assert (found.done, found.rejected) == (None, 7)
    assert found.checkpoint == "2026-10-20T08:00:00Z"


def test_refused_credentials_are_said_at_once(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    assert ncmec.user == "example"
    with pytest.raises(Forbidden, match="credentials"):
        _update(context, hash_service.url, password="wrong")
    assert len(hash_service.asked) == 1, "a wrong password is not tried again"


def test_pages_that_lead_in_a_circle_end(
    make_context: Callable[..., Context], ncmec: Ncmec, hash_service: Any
) -> None:
    context = make_context()
    ncmec.page = lambda _: (  # type: ignore[method-assign]
        f'<queryResult xmlns="{NAMESPACE}"><paging><next>/v2/entries?a=1</next></paging>'
        "</queryResult>"
    )
    with pytest.raises(InvalidInput, match="circle"):
        _update(context, hash_service.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://hashes.example",
        "ftp://hashes.example",
        "https://a:b@hashes.example",
        "hashes",
        "https://hashes.example/?a=1",
        "http://127.0.0.1.example",
    ],
)
def test_a_password_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(InvalidInput):
        checked_url(url)


@pytest.mark.parametrize(
    "url", ["https://hashes.example/", "http://[::1]:80", "http://localhost"]
)
def test_addresses_that_may_be_asked(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


def test_pages_without_an_end_end(
    make_context: Callable[..., Context],
    ncmec: Ncmec,
    hash_service: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = make_context()
    monkeypatch.setattr("triage.hashlists.owners.ncmec.MOST_PAGES", 3)
    ncmec.page = lambda _: (  # type: ignore[method-assign]
        f'<queryResult xmlns="{NAMESPACE}"><paging><next>/v2/entries?a='
        f"{len(hash_service.asked)}</next></paging></queryResult>"
    )
    with pytest.raises(InvalidInput, match="more than 3 pages"):
        _update(context, hash_service.url)
