"""One look at a file: off until two people switch it on, shown to one person once, and logged."""

from __future__ import annotations

import hashlib
import http.server
import io
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select, update

import triage.viewing.pages
from hotline.accounts.models import LoginSession
from hotline.accounts.preferences import change_preferences
from hotline.accounts.service import find_person
from hotline.core.context import Context
from hotline.core.settings import Settings
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from tests.conftest import BACKENDS
from tests.support.clock import Clock
from tests.support.items import make_media, make_sight
from triage.cases.handling.exposure import load_exposure
from triage.cases.models import Assessment, Case
from triage.viewing import process
from triage.viewing.models import Viewing
from triage.viewing.pages import HINDRANCES
from triage.viewing.switch import Agreement

APPROVALS = "/console/approvals"
AGREEMENT = {
    "agreed_on": "2026-10-01",
    "document": "Prot. 1234/26",
    "authority": "Police of the example",
    "why": "Series of one child",
}
LOOK = re.compile(r'action="(/console/viewing/[0-9a-f-]+/picture)"')
TOKEN = re.compile(r'name="token" value="([^"]+)"')


def picture(seed: int = 1) -> bytes:
    coarse = np.random.default_rng(seed).integers(
        0, 256, (12, 16, 3), dtype=np.uint8
    )
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((900, 700)).save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass
class Host:
    url: str
    body: bytes


@pytest.fixture
def host() -> Iterator[Host]:
    """A host on loopback that serves one generated picture at every address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            self.wfile.write(served.body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Host(
        f"http://127.0.0.1:{server.server_address[1]}/a.jpg", picture()
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def loopback(
    context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = Settings.model_copy(
        context.settings, update={"fetch_allowed_networks": ("127.0.0.0/8",)}
    )
    object.__setattr__(context, "settings", allowed)
    monkeypatch.setattr(triage.viewing.pages, "utc_now", clock)


@pytest.fixture
def add_file(
    context: Context, make_case: Callable[..., str], host: Host
) -> Callable[..., tuple[str, str]]:
    """A waiting case with the host's file; gives the case's address and that of a look."""
    numbers = iter(range(1, 100))

    def add(**values: Any) -> tuple[str, str]:
        url = f"{host.url}?{next(numbers)}"
        reference = make_case(url=url, **values)
        with context.database.writing() as session:
            case = session.scalars(
                select(Case).where(Case.reference == reference)
            ).one()
            case.item.fetchable = True
            digest = hashlib.sha256(host.body).hexdigest()
            media = make_media(
                sha256=digest, media_type="image/jpeg", id=new_id()
            )
            from triage.media.models import Media

            held = session.scalar(select(Media).where(Media.sha256 == digest))
            if held is None:
                session.add(media)
            media = held or media
            session.flush()
            session.add(make_sight(case.item, media))
            at = f"/console/cases/{reference}"
            return at, f"{at}/files/{media.id}/look"

    return add


def switch_on(browse: Callable[[str], Any]) -> None:
    one, other = browse("supervisor"), browse("administrator")
    assert one.post("/console/viewing/ask", **AGREEMENT).status_code == 303
    found = re.search(
        rf'href="({APPROVALS}/[0-9a-f-]+)"', other.get(APPROVALS).text
    )
    assert found
    assert one.post(f"{found[1]}/grant").status_code == 403
    assert other.post(f"{found[1]}/grant").status_code == 303


def take(person: Any, at: str) -> None:
    assert person.post(f"{at}/claim").status_code == 303


def ask(person: Any, look: str, **form: str) -> Any:
    return person.post(look, why="To tell the age", **form)


def show(person: Any, page: Any) -> Any:
    address, token = LOOK.search(page.text), TOKEN.search(page.text)
    assert address and token, page.text
    return person.post(address[1], token=token[1])


def actions(context: Context) -> list[tuple[str, str]]:
    with context.database.reading() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.actor)
            .where(AuditEntry.action.startswith("viewing."))
            .order_by(AuditEntry.number)
        )
        return [(action, actor) for action, actor in rows]


def add_look(context: Context, **values: Any) -> None:
    """One more of the person, and at the file, of the one that was shown."""
    with context.database.writing() as session:
        one = session.scalars(
            select(Viewing).where(Viewing.shown_at.is_not(None)).limit(1)
        ).one()
        session.add(
            Viewing(
                id=new_id(),
                person_id=one.person_id,
                session_id=one.session_id,
                item_id=one.item_id,
                media_id=one.media_id,
                is_violent=False,
                token_digest="",
                **values,
            )
        )


def add_shown(context: Context, clock: Clock, count: int) -> None:
    for number in range(count):
        add_look(
            context,
            asked_at=clock.now,
            shown_at=clock.now - timedelta(minutes=number),
            outcome="shown",
        )


def refusal_of(person: Any, at: str, answer: Any) -> str:
    assert answer.status_code in (302, 303), answer.text
    return str(person.get(at).text)


def test_nothing_is_offered_or_shown_while_it_is_off(
    browse: Callable[[str], Any], add_file: Callable[..., Any]
) -> None:
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    page = person.get(at).text
    assert "Look at it once" not in page and "<img" not in page
    answer = ask(person, look)
    assert "Viewing is not switched on." in refusal_of(person, at, answer)


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_look_is_small_grey_once_and_logged(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    assert "Look at it once" in person.get(at).text
    frame = ask(person, look)
    assert "<img" not in frame.text
    answer = show(person, frame)
    assert answer.status_code == 200 and answer.mimetype == "image/jpeg"
    assert "no-store" in answer.headers["Cache-Control"]
    seen = Image.open(io.BytesIO(answer.data))
    assert seen.mode == "L" and max(seen.size) == 320 and not seen.getexif()
    assert show(person, frame).status_code == 409
    clock.now += timedelta(seconds=7)
    address = LOOK.search(frame.text)
    assert address
    end = address[1].replace("/picture", "/end")
    assert person.post(end).status_code == 204
    assert person.post(end).status_code == 204
    assert [action for action, _ in actions(context)] == [
        "viewing.on",
        "viewing.asked",
        "viewing.shown",
        "viewing.ended",
    ]
    with context.database.reading() as session:
        details = {
            entry.action: dict(entry.details)
            for entry in session.scalars(select(AuditEntry))
        }
    assert details["viewing.asked"]["why"] == "To tell the age"
    assert details["viewing.ended"] == {"seconds": 7.0}
    own = person.get("/console/break").text
    assert "Looks at files, of 40 a day" in own and "Seconds of looking" in own


def test_a_region_is_less_blurred_and_the_rest_is_not(
    browse: Callable[[str], Any], add_file: Callable[..., Any]
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    pictures = []
    for part in ("", "5"):
        data = show(person, ask(person, look, part=part)).data
        pictures.append(np.asarray(Image.open(io.BytesIO(data))).astype(float))
    apart = np.abs(pictures[0] - pictures[1])
    middle = apart[90:150, 120:200].mean()
    edge = apart[:70, :90].mean()
    assert middle > 5 * edge and edge < 2
    answer = ask(person, look, part="77")
    assert "no such region" in refusal_of(person, at, answer)


def test_the_token_is_of_one_session_and_of_one_person(
    browse: Callable[[str], Any], add_file: Callable[..., Any], clock: Clock
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    frame = ask(person, look)
    for other in (browse("analyst"), browse("senior")):
        assert show(other, frame).status_code == 404
    clock.now += timedelta(minutes=6)
    assert show(person, frame).status_code == 409


def test_the_second_factor_is_asked_for_again(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    with context.database.writing() as session:
        session.execute(
            update(LoginSession).values(
                proven_at=clock.now - timedelta(days=1)
            )
        )
    answer = ask(person, look)
    assert "proof_code" in answer.text and not LOOK.search(answer.text)


def test_another_file_at_the_address_is_not_shown(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    host: Host,
    context: Context,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    frame = ask(person, look)
    host.body = picture(2)
    answer = show(person, frame)
    assert answer.status_code == 409 and answer.mimetype != "image/jpeg"
    assert actions(context)[-1][0] == "viewing.not_shown"


def test_only_who_has_the_case_in_hand_looks_and_says_why(
    browse: Callable[[str], Any], add_file: Callable[..., Any]
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    refused = refusal_of(person, at, ask(person, look))
    assert "Only whoever has the case in hand may look." in refused
    take(person, at)
    answer = person.post(look, why="  ")
    assert "Say why you have to see it" in refusal_of(person, at, answer)
    assert ask(browse("operator"), look).status_code == 403


def test_what_a_person_may_bear_is_asked_first(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
) -> None:
    switch_on(browse)
    person = browse("analyst")
    at, look = add_file(kind="csam_image")
    take(person, at)
    with context.database.writing() as session:
        own = find_person(session, "analyst")
        change_preferences(
            session, own.id, clock.now, opted_out=["csam_image"]
        )
    assert "opted out" in refusal_of(person, at, ask(person, look))
    with context.database.writing() as session:
        change_preferences(session, own.id, clock.now, opted_out=[])
    assert show(person, ask(person, look)).status_code == 200
    clock.now += timedelta(minutes=1)
    violent, violent_look = add_file(proposed_class="baseline")
    take(person, violent)
    assert show(person, ask(person, violent_look)).status_code == 200
    other, other_look = add_file(proposed_class="baseline")
    take(person, other)
    refused = refusal_of(person, other, ask(person, other_look))
    assert "was violent, too" in refused
    # The files of one case go on.
    assert LOOK.search(ask(person, violent_look).text)


def test_a_full_day_shows_nothing_more(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    show(person, ask(person, look))
    add_shown(context, clock, load_exposure().day_views)
    refused = refusal_of(person, at, ask(person, look))
    assert "as much as a day may have" in refused
    assert "can be assessed without looking" in refused


def test_a_full_day_shows_nothing_that_was_asked_for_earlier(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    show(person, ask(person, look))
    earlier = ask(person, look)
    add_shown(context, clock, load_exposure().day_views)
    assert show(person, earlier).status_code == 409


@pytest.mark.parametrize(
    ("ago", "status"), [(timedelta(), 409), (timedelta(minutes=7), 200)]
)
def test_a_look_that_is_being_fetched_counts_until_it_broke_off(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
    ago: timedelta,
    status: int,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    show(person, ask(person, look))
    last = ask(person, look)
    add_shown(context, clock, load_exposure().day_views - 2)
    add_look(context, asked_at=clock.now - ago, outcome="fetching")
    assert show(person, last).status_code == status


def test_a_hold_of_the_police_forbids_the_visit(
    browse: Callable[[str], Any], add_file: Callable[..., Any], app: Flask
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    app.extensions[HINDRANCES] = (lambda _session, _case: "A hold is on.",)
    assert "A hold is on." in refusal_of(person, at, ask(person, look))


def test_what_is_agreed_to_and_until_when_is_said_in_words(
    browse: Callable[[str], Any], clock: Clock
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    assert one.post("/console/viewing/ask", **AGREEMENT).status_code == 303
    found = re.search(
        rf'href="({APPROVALS}/[0-9a-f-]+)"', other.get(APPROVALS).text
    )
    assert found
    page = other.get(found[1]).text
    for name in asdict(Agreement("", "", "")):
        assert f"<dt>{name}</dt>" not in page
    for words in ("01.10.2026", AGREEMENT["document"], AGREEMENT["authority"]):
        assert words in page
    assert "<dt>With which authority</dt>" in page
    assert "waits for another person" in page
    clock.forward(days=2)
    old = browse("administrator").get(found[1]).text
    assert "its time is over" in old
    assert "waits for another person" not in old


@pytest.mark.parametrize("who", ["supervisor", "administrator"])
def test_either_of_the_two_switches_it_off_at_once(
    browse: Callable[[str], Any], add_file: Callable[..., Any], who: str
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    frame = ask(person, look)
    assert person.post("/console/viewing/off").status_code == 403
    assert browse(who).post("/console/viewing/off").status_code == 303
    assert show(person, frame).status_code == 409
    page = browse(who).get("/console/viewing").text
    assert "When it was on before" in page and "Prot. 1234/26" in page


def test_figures_and_days_are_written_as_the_reader_does(
    browse: Callable[[str], Any],
) -> None:
    switch_on(browse)
    person = browse("supervisor")
    page = person.client.get("/console/viewing?lang=sq").text
    assert "<dd>01.10.2026</dd>" in page and "<dd>0,0</dd>" in page


def test_an_agreement_without_date_or_number_is_refused(
    browse: Callable[[str], Any],
) -> None:
    one = browse("supervisor")
    for name, value in (
        ("agreed_on", "soon"),
        ("agreed_on", "2027-01-01"),
        ("document", " "),
        ("authority", ""),
        ("why", ""),
    ):
        answer = one.post("/console/viewing/ask", **{**AGREEMENT, name: value})
        assert answer.status_code == 422, (name, value)
        assert 'class="error"' in answer.text
    assert browse("analyst").post("/console/viewing/ask").status_code == 403


def test_no_setting_makes_one_person_enough(
    browse: Callable[[str], Any], context: Context
) -> None:
    alone = Settings.model_copy(
        context.settings, update={"second_person": False}
    )
    object.__setattr__(context, "settings", alone)
    one = browse("supervisor")
    one.post("/console/viewing/ask", **AGREEMENT)
    page = one.get("/console/viewing").text
    assert "Viewing always needs two people." in page


def test_cases_assessed_unseen_are_counted(
    browse: Callable[[str], Any],
    add_file: Callable[..., Any],
    context: Context,
    clock: Clock,
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    add_file()
    take(person, at)
    show(person, ask(person, look))
    with context.database.writing() as session:
        own = find_person(session, "analyst")
        for case in session.scalars(select(Case)):
            session.add(
                Assessment(
                    id=new_id(),
                    case_id=case.id,
                    round=1,
                    person_id=own.id,
                    at=clock.now - timedelta(minutes=1),
                    scheme="x",
                    version=1,
                    answers={},
                    item_classes={},
                )
            )
    assert "1 of 2" in person.get("/console/viewing").text


def test_as_many_pictures_at_once_as_there_are_places(
    browse: Callable[[str], Any], add_file: Callable[..., Any]
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    frame = ask(person, look)
    with process.client.taking_place(), process.client.taking_place():
        assert show(person, frame).status_code == 429
    assert show(person, frame).status_code == 200, "the token was not used up"


def test_a_hold_that_begins_before_it_is_shown_stops_it(
    browse: Any, add_file: Any, app: Flask
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    frame = ask(person, look)
    app.extensions[HINDRANCES] = (lambda _session, _case: "A hold is on.",)
    assert show(person, frame).status_code == 409


def test_a_case_that_is_given_back_is_not_looked_at(
    browse: Any, add_file: Any, context: Context
) -> None:
    switch_on(browse)
    person, (at, look) = browse("analyst"), add_file()
    take(person, at)
    frame = ask(person, look)
    with context.database.writing() as session:
        session.execute(update(Case).values(claimed_by_id=None))
    assert show(person, frame).status_code == 409
