"""The console through its pages: who may, what is shown, what stays hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.routing import Rule

from hotline.accounts import service
from hotline.accounts.permissions import PERMISSIONS, Role, role_allows
from hotline.accounts.signing_in import auth, throttle
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import outbox
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.models import ReportPart
from tests.support.clock import NOW, Clock
from triage.cases.handling.tags import add_tag
from triage.cases.listing import tabs
from triage.cases.listing.queue import by_reference
from triage.cases.models import Assessment, Case
from triage.cases.vocabulary import CaseState, Held
from triage.hashlists.models import HashEntryRow, MediaMatch

PASSWORD = "a long enough one"
ILLEGAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "female",
}
ANY_ID = "00000000-0000-7000-8000-000000000000"

Browse = Callable[[str], Any]
Make = Callable[..., str]


def case_of(context: Context, reference: str) -> Case:
    with context.database.reading() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        session.expunge_all()
        return case


def audited(context: Context, action: str) -> list[AuditEntry]:
    with context.database.reading() as session:
        rows = list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.action == action)
            )
        )
        session.expunge_all()
        return rows


OPEN = {"accounts.accept", "accounts.sign_in"}
"""Signing in, and the link of an invitation, which is proof enough by itself."""


def console_rules(app: Flask) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console")
    ]


def path_of(app: Flask, rule: Rule) -> str:
    any_of = {"UUIDConverter": ANY_ID, "IntegerConverter": 0}
    values: dict[str, Any] = {
        name: any_of.get(type(converter).__name__, "nobody")
        for name, converter in rule._converters.items()
    }
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def walk(app: Flask) -> Iterator[tuple[str, str, str]]:
    """(method, path, permission) of everything in the console that asks who one is."""
    for rule in console_rules(app):
        if rule.endpoint not in OPEN:
            permission = app.view_functions[rule.endpoint].__permission__  # type: ignore[attr-defined]
            for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
                yield method, path_of(app, rule), permission


# who may


def test_every_console_page_names_its_permission(app: Flask) -> None:
    bare = {
        rule.endpoint
        for rule in console_rules(app)
        if not hasattr(app.view_functions[rule.endpoint], "__permission__")
    }
    assert bare == OPEN
    assert {permission for _, _, permission in walk(app)} <= set(PERMISSIONS)


@pytest.mark.parametrize("role", Role)
def test_every_role_meets_its_limits_on_every_page(
    app: Flask, browse: Browse, role: str
) -> None:
    browser = browse(role)
    for method, path, permission in walk(app):
        if path.endswith("/sign-out"):
            continue
        answer = browser.get(path) if method == "GET" else browser.post(path)
        if role_allows(role, permission):
            assert answer.status_code in (200, 302, 303, 404, 422), (
                method,
                path,
            )
        else:
            assert answer.status_code == 403, (method, path)


def test_whoever_is_not_signed_in_gets_to_the_sign_in(
    app: Flask, browse: Browse
) -> None:
    browser = browse("")
    for method, path, _ in walk(app):
        if method == "GET":
            answer = browser.get(path)
            assert answer.status_code == 302
            assert answer.location.startswith("/console/sign-in?next=")
        else:
            answer = browser.post(path, at="/console/sign-in")
            assert answer.status_code == 403


def test_every_unsafe_route_wants_a_form_token(
    app: Flask, browse: Browse
) -> None:
    browser = browse("supervisor")
    unsafe = [path for method, path, _ in walk(app) if method != "GET"] + [
        "/console/sign-in"
    ]
    for path in unsafe:
        assert browser.client.post(path, data={"x": "y"}).status_code == 400, (
            path
        )
        assert (
            browser.client.post(path, data={"csrf_token": "x"}).status_code
            == 400
        ), path


def test_pages_hold_to_the_strict_policy(
    app: Flask, browse: Browse, make_case: Make
) -> None:
    """Nothing inline, nothing from elsewhere."""
    reference = make_case()
    for who, path in [
        ("", "/console/sign-in"),
        ("senior", "/console/queue"),
        ("senior", f"/console/cases/{reference}"),
        ("senior", "/console/hash-lists"),
        ("supervisor", "/console/work"),
        ("auditor", "/console/log"),
        ("administrator", "/console/people"),
        ("administrator", "/console/password"),
    ]:
        answer = browse(who).get(path)
        assert answer.status_code == 200, path
        assert (
            "default-src 'none'" in answer.headers["Content-Security-Policy"]
        )
        assert not re.search(
            r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)", answer.text
        ), path
        assert not re.search(
            r"(src|href|action)=\"(https?:)?//", answer.text
        ), path


# signing in


def test_sign_in_sets_a_guarded_cookie_and_goes_where_one_wanted(
    browse: Browse,
) -> None:
    browser = browse("")
    answer = browser.post(
        "/console/sign-in",
        at="/console/sign-in",
        username="analyst",
        password=PASSWORD,
        next="/console/queue?tab=assessed",
    )
    assert (answer.status_code, answer.location) == (
        303,
        "/console/queue?tab=assessed",
    )
    cookie = next(
        c
        for c in answer.headers.getlist("Set-Cookie")
        if c.startswith(auth.COOKIE)
    )
    assert {"HttpOnly", "SameSite=Strict", "Path=/console"} <= set(
        cookie.split("; ")
    )
    assert browser.get("/console/queue").status_code == 200
    assert browser.post("/console/sign-out").status_code == 303
    assert browser.get("/console/queue").status_code == 302


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console/../x",
        "/",
        "x:y",
    ],
)
def test_the_sign_in_sends_nobody_elsewhere(
    browse: Browse, wanted: str
) -> None:
    answer = browse("").post(
        "/console/sign-in",
        at="/console/sign-in",
        username="analyst",
        password=PASSWORD,
        next=wanted,
    )
    assert answer.location == "/console/"


def test_refusals_are_word_for_word_the_same(
    context: Context, browse: Browse, clock: Any
) -> None:
    with context.database.writing() as session:
        act = Act(session, context, actor="test", now=clock.now)
        service.disable_person(act, "third")
    pages = []
    for username, password in [
        ("analyst", "wrong"),
        ("nobody", PASSWORD),
        ("third", PASSWORD),
    ]:
        answer = browse("").post(
            "/console/sign-in",
            at="/console/sign-in",
            username=username,
            password=password,
        )
        assert answer.status_code == 401
        text = answer.text.replace(username, "NAME")
        pages.append(re.sub(r'name="csrf_token" value="[^"]+"', "", text))
    assert pages[0] == pages[1] == pages[2]


def test_too_many_attempts_say_when_to_come_back(browse: Browse) -> None:
    for _ in range(throttle.FREE_TRIES):
        browse("").post(
            "/console/sign-in",
            at="/console/sign-in",
            username="analyst",
            password="no",
        )
    answer = browse("").post(
        "/console/sign-in",
        at="/console/sign-in",
        username="analyst",
        password=PASSWORD,
    )
    assert (
        answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1
    )


def test_a_session_ends_when_nobody_works(browse: Browse, clock: Any) -> None:
    browser = browse("analyst")
    for _ in range(5):
        clock.forward(minutes=29)
        assert browser.get("/console/queue").status_code == 200
    clock.forward(minutes=31)
    assert browser.get("/console/queue").status_code == 302


def test_own_password(browse: Browse, context: Context) -> None:
    browser = browse("analyst")
    wrong = browser.post(
        "/console/password", old="no", new="entirely different"
    )
    assert wrong.status_code == 422 and 'id="old-error"' in wrong.text
    weak = browser.post("/console/password", old=PASSWORD, new="short")
    assert weak.status_code == 422 and 'id="new-error"' in weak.text
    other = browse("analyst")
    done = browser.post(
        "/console/password", old=PASSWORD, new="entirely different"
    )
    assert done.status_code == 303
    assert browser.get("/console/queue").status_code == 200
    assert other.get("/console/queue").status_code == 302
    assert len(audited(context, "sign_in.failed")) == 1


# the queue


def test_the_queue_pages_by_key_and_misses_nothing(
    browse: Browse,
    make_case: Make,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from triage.cases.listing.queue import list_queue

    monkeypatch.setattr(
        list_queue, "__kwdefaults__", {"after": None, "limit": 4}
    )
    wanted = [make_case(priority=number % 3) for number in range(11)]
    browser, seen, path = browse("analyst"), [], "/console/queue"
    while path:
        page = browser.client.get(path).text
        seen += re.findall(r"data-row href=\"[^\"]*\">([^<]+)<", page)
        if (
            len(seen) == 4
        ):  # somebody takes the first row away meanwhile: no row is skipped
            with context.database.writing() as session:
                first = session.scalars(
                    select(Case).where(Case.reference == seen[0])
                ).one()
                first.state = "closed"
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    order = sorted(range(11), key=lambda number: (-(number % 3), number))
    assert seen == [wanted[number] for number in order]


def test_a_forged_page_mark_is_bad_input(browse: Browse) -> None:
    assert (
        browse("analyst").get("/console/queue", after="zzz").status_code == 422
    )
    assert (
        browse("analyst").get("/console/queue", tab="zzz").status_code == 404
    )


def test_filters(browse: Browse, make_case: Make, clock: Any) -> None:
    home = make_case(kind="grooming")
    abroad = make_case(hosting_country="RS", url="http://video.example/x")
    unknown = make_case(hosting_country=None)
    browser = browse("analyst")
    browser.post(f"/console/cases/{home}/claim")

    def shown(**query: str) -> set[str]:
        page = browser.get("/console/queue", **query).text
        # Above the table stands what the person has in hand, whatever is looked at.
        text = page.partition('<table class="queue">')[2]
        return {
            reference
            for reference in (home, abroad, unknown)
            if reference in text
        }

    assert shown() == {home, abroad, unknown}
    assert shown(country="rs") == {abroad}
    assert shown(country="??") == {unknown}
    assert shown(kind="grooming") == {home}
    assert shown(host="VIDEO.example") == {abroad}
    assert shown(mine="1") == {home}
    assert shown(tab="closed") == set()
    clock.forward(minutes=31)
    browser = browse("analyst")
    assert shown(mine="1") == set()


def statements(context: Context, ask: Callable[[], object]) -> int:
    ran: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        ran.append(statement)

    event.listen(context.database.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(context.database.engine, "before_cursor_execute", note)
    return len(ran)


@pytest.mark.parametrize("tab", tabs.TABS)
def test_more_rows_are_no_more_queries(
    browse: Browse, make_case: Make, context: Context, tab: str
) -> None:
    browser = browse("analyst")
    held = Held.DANGER if tab == CaseState.HELD else Held.NONE

    def add(count: int) -> None:
        references = [make_case(state=tab, held=held) for _ in range(count)]
        with context.database.writing() as session:
            act = Act(session, context, "test", NOW)
            for reference in references:
                add_tag(act, by_reference(session, reference), "series-1")

    def look() -> int:
        return statements(
            context, lambda: browser.get("/console/queue", tab=tab)
        )

    add(5)
    few = look()
    add(45)
    # Two transactions begin; session, own settings, page, items, counts, who awaits a call, tags,
    # what is in hand, views, notes that name the person, and of held cases how many reports wait.
    assert look() == few <= 13


def test_more_hits_are_no_more_queries(
    browse: Browse, make_case: Make, context: Context
) -> None:
    browser = browse("analyst")

    def add(count: int) -> None:
        for number in range(count):
            make_case(url=f"http://many.example/{count}-{number}.html")

    def look() -> int:
        return statements(
            context, lambda: browser.post("/console/search", q="many.example")
        )

    add(2)
    few = look()
    add(15)
    assert look() == few <= 30


# the case


def test_the_case_page_tells_and_never_links(
    browse: Browse, make_case: Make, add_match: Callable[[str], str]
) -> None:
    reference = make_case(url="http://host.example/a?b=<i>")
    add_match(reference)
    page = browse("senior").get(f"/console/cases/{reference}").text
    assert "hxxp://host[.]example/a?b=&lt;i&gt;" in page
    assert 'href="http' not in page and "<img" not in page
    assert "Test list" in page and "12" in page
    assert f"<section data-panel>{reference} senior</section>" in page
    assert (
        browse("senior").get("/console/cases/AL-2026-999999").status_code
        == 404
    )


def test_of_two_who_claim_one_gets_it(
    browse: Browse, make_case: Make, clock: Any
) -> None:
    reference = make_case()
    first, second = browse("analyst"), browse("second")
    first.post(f"/console/cases/{reference}/claim")
    second.post(f"/console/cases/{reference}/claim")
    assert (
        "Name of analyst works on this case"
        in second.get(f"/console/cases/{reference}").text
    )
    assert (
        "You hold this case" in first.get(f"/console/cases/{reference}").text
    )
    second.post(f"/console/cases/{reference}/assessment", **ILLEGAL)
    assert (
        "Name of analyst works on this case"
        in second.get(f"/console/cases/{reference}").text
    )
    clock.forward(minutes=29)
    (
        first.get(f"/console/cases/{reference}"),
        second.get(f"/console/cases/{reference}"),
    )
    clock.forward(minutes=1)
    second.post(f"/console/cases/{reference}/claim")
    assert (
        "You hold this case" in second.get(f"/console/cases/{reference}").text
    )
    first.post(f"/console/cases/{reference}/release")
    assert (
        "You do not hold this case"
        in first.get(f"/console/cases/{reference}").text
    )
    second.post(f"/console/cases/{reference}/release")
    assert "Take this case" in first.get(f"/console/cases/{reference}").text


def assess(browser: Any, reference: str, **answers: str) -> Any:
    browser.post(f"/console/cases/{reference}/claim")
    return browser.post(f"/console/cases/{reference}/assessment", **answers)


def test_what_was_answered_is_kept_where_somebody_else_has_the_case_by_now(
    browse: Any, make_case: Any, clock: Clock
) -> None:
    """A lease ends while somebody writes; neither their words nor their answers are lost."""
    path = f"/console/cases/{make_case()}"
    slow = browse("analyst")
    slow.post(f"{path}/claim")
    clock.forward(minutes=20)
    slow.get(path)
    clock.forward(minutes=20)
    given = {"class": "national", "note": "A long note about it."}
    # Nobody took it over: the form is still there, for what is missing.
    again = slow.post(f"{path}/assessment", **given)
    assert again.status_code == 422
    # On a telephone it lies below all else: the answer to the form begins there.
    assert f'action="{path}/assessment#assessment"' in again.text
    assert again.text.count('id="assessment"') == 1
    assert 'name="note"' in again.text and given["note"] in again.text
    browse("second").post(f"{path}/claim")
    refused = slow.post(f"{path}/assessment", **given)
    assert refused.status_code == 409
    assert "Name of second works on this case now." in refused.text
    assert f'aria-label="Note">\n{given["note"]}</textarea>' in refused.text
    assert "National: illegal under" in refused.text
    assert 'name="note"' not in refused.text
    assert refused.text.count('id="assessment"') == 1
    # Only to whoever wrote it, and only once.
    assert given["note"] not in slow.get(path).text


def test_the_second_assessment_is_blind(
    browse: Browse,
    make_case: Make,
    add_match: Callable[[str], str],
    context: Context,
) -> None:
    reference = make_case()
    match = add_match(reference)
    first = browse("analyst")
    first.post(f"/console/cases/{reference}/claim")
    first.post(
        f"/console/cases/{reference}/matches/{match}", decision="confirmed"
    )
    marked = {
        **ILLEGAL,
        "kind": "grooming",
        "site_type": "image_board",
        "note": "told by first",
    }
    assert assess(first, reference, **marked).status_code == 303
    assert case_of(context, reference).state == "second_assessment"

    second = browse("second")
    second.post(f"/console/cases/{reference}/claim")
    page = second.get(f"/console/cases/{reference}").text
    assert "Second assessment (blind)" in page
    assert not re.search(
        r"\sselected|\schecked",
        re.sub(r"value=\"not_determined\" (selected|checked)", "", page),
    )
    for hidden in (
        "Name of analyst",
        "analyst<",
        "person:analyst",
        "told by first",
    ):
        assert hidden not in page, hidden
    queue = second.get("/console/queue", tab="second_assessment").text
    assert reference in queue and "Name of analyst" not in queue

    # whoever was first can't be second, by button or by hand
    second.post(f"/console/cases/{reference}/release")
    assert (
        "must be somebody else"
        in first.get(f"/console/cases/{reference}").text
    )
    first.post(f"/console/cases/{reference}/assessment", **ILLEGAL)
    assert case_of(context, reference).state == "second_assessment"

    assert (
        assess(
            second, reference, **{**marked, "site_type": "forum"}
        ).status_code
        == 303
    )
    decided = case_of(context, reference)
    assert decided.state == "assessed"
    assert decided.outcome["kind"] == "grooming" and decided.kind == "grooming"
    assert decided.outcome["site_type"] == "not_determined"
    assert decided.routing["routes"]
    page = browse("senior").get(f"/console/cases/{reference}").text
    assert "Name of analyst" in page and "told by first" in page


def test_a_third_decides_where_two_differ(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    assess(browse("analyst"), reference, **ILLEGAL)
    assess(browse("second"), reference, **{**ILLEGAL, "class": "baseline"})
    assert case_of(context, reference).state == "third_assessment"
    assert case_of(context, reference).outcome == {}
    for earlier in (
        "analyst",
        "second",
    ):  # neither can answer, nor hold it from the third
        assess(browse(earlier), reference, **ILLEGAL)
    assert case_of(context, reference).state == "third_assessment"
    assert case_of(context, reference).claimed_by_id is None
    assess(browse("third"), reference, **{"class": "cannot_determine"})
    decided = case_of(context, reference)
    assert (decided.state, decided.outcome) == (
        "assessed",
        {"class": "cannot_determine"},
    )


def test_not_illegal_closes_and_tells_the_reporter(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    for who in ("analyst", "second"):
        assess(browse(who), reference, **{"class": "not_illegal"})
    assert case_of(context, reference).state == "not_illegal"
    with context.database.reading() as session:
        assert session.scalars(select(ReportPart.state)).all() == [
            "not_illegal"
        ]
    browse("senior").post(
        f"/console/cases/{reference}/reopen", why="a new law"
    )
    again = case_of(context, reference)
    assert (again.state, again.round, again.outcome) == ("waiting", 2, {})
    assess(
        browse("analyst"), reference, **ILLEGAL
    )  # a new round is open to everybody
    assert case_of(context, reference).state == "second_assessment"


def test_faulty_answers_come_back_with_what_was_said(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    answer = assess(
        browse("analyst"),
        reference,
        **{"class": "national", "note": "keep <me>"},
    )
    assert answer.status_code == 422
    assert (
        "keep &lt;me&gt;" in answer.text
        and 'value="national" checked' in answer.text
    )
    assert "faulty" in answer.text
    with context.database.reading() as session:
        assert not session.scalars(select(Assessment)).all()


def test_notes_are_sealed(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    assess(browse("analyst"), reference, **ILLEGAL, note="a name in a note")
    with context.database.reading() as session:
        stored = session.scalars(select(Assessment.note)).one()
    assert stored is not None and b"name" not in stored


def test_facts_feed_the_routes(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    browser = browse("analyst")
    facts = {
        "victim.country": "al",
        "victim.at_immediate_risk": "yes",
        "suspect.residence": "RS",
    }
    browser.post(
        f"/console/cases/{reference}/facts",
        **facts,
        **{"victim.municipality": "Shkodër"},
    )
    case = case_of(context, reference)
    assert case.facts == {
        "victim": {
            "country": "AL",
            "at_immediate_risk": True,
            "municipality": "Shkodër",
        },
        "suspect": {"residence": "RS"},
    }
    assert any(route["to"] == "emergency" for route in case.routing["routes"])
    assert audited(context, "case.facts_set")[0].details["changed"] == [
        "suspect",
        "victim",
    ]
    browser.post(
        f"/console/cases/{reference}/facts", **{"victim.country": "Albania"}
    )
    assert "victim/country" in browser.get(f"/console/cases/{reference}").text
    assert case_of(context, reference).facts == case.facts


def test_a_match_is_decided_at_its_own_case_only(
    browse: Browse,
    make_case: Make,
    add_match: Callable[[str], str],
    context: Context,
) -> None:
    reference, other = make_case(), make_case()
    match = add_match(reference)
    browser = browse("analyst")
    assert (
        browser.post(
            f"/console/cases/{other}/matches/{match}", decision="confirmed"
        ).status_code
        == 404
    )
    browser.post(
        f"/console/cases/{reference}/matches/{match}", decision="maybe"
    )
    browser.post(
        f"/console/cases/{reference}/matches/{match}", decision="disconfirmed"
    )
    assert len(audited(context, "match.disconfirmed")) == 1
    assert "disconfirmed" in browser.get(f"/console/cases/{reference}").text


def test_reading_the_words_is_an_act_in_the_log(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference, other = make_case(), make_case()
    browser = browse("analyst")
    page = browser.get(f"/console/cases/{reference}").text
    assert (
        "I saw it there." not in page
        and audited(context, "personal.read") == []
    )
    found = re.search(
        rf"/console/cases/{reference}/reports/[0-9a-f-]+/words", page
    )
    assert found is not None
    assert browser.client.get(found[0]).status_code == 405
    answer = browser.post(found[0])
    assert (
        "I saw it there." in answer.text
        and answer.headers["Cache-Control"] == "no-store"
    )
    (entry,) = audited(context, "personal.read")
    assert (entry.actor, entry.details["why"]) == ("person:analyst", reference)
    reads = answer.text.partition("Who has read this report")[2]
    assert "analyst, <time" in reads and f"· {reference}" in reads
    assert "The service itself reads each report once" in reads
    assert browser.post(found[0].replace(reference, other)).status_code == 404
    assert browse("liaison").post(found[0]).status_code == 403
    asked = browser.post(
        found[0].replace("/words", "/question"), text="Is it still there?"
    )
    assert asked.status_code == 303
    assert "Is it still there?" in browser.post(found[0]).text


@pytest.mark.parametrize(
    ("seen_at", "shown", "doubt"),
    [
        ("2026-11-01T22:15+01:00", "2026-11-01 21:15:00 UTC", False),
        ("2026-11-01T22:15", "2026-11-01 22:15:00", True),
    ],
)
def test_a_reported_time_is_shown_with_its_doubt(
    browse: Browse, make_case: Make, seen_at: str, shown: str, doubt: bool
) -> None:
    reference = make_case(seen_at=seen_at)
    browser = browse("analyst")
    page = browser.get(f"/console/cases/{reference}").text
    found = re.search(
        rf"/console/cases/{reference}/reports/[0-9a-f-]+/words", page
    )
    assert found is not None
    people = browser.get(f"/console/cases/{reference}/people").text
    for text in (page, people, browser.post(found[0]).text):
        assert shown in text
        assert ("time zone not stated" in text) is doubt
        assert ("22:15:00 UTC" in text) is False


# the other pages


def test_work_that_was_laid_aside_is_replayed(
    browse: Browse, context: Context, clock: Any
) -> None:
    with context.database.writing() as session:
        outbox.post_work(
            session, "item.examine", key="x", payload={}, now=clock.now
        )
        entry = session.scalars(select(OutboxEntry)).one()
        outbox.note_failure(
            entry, "boom <b>", now=clock.now, attempts=1, base=1, final=True
        )
        entry_id = entry.id
    browser = browse("supervisor")
    page = browser.get("/console/work").text
    assert "boom &lt;b&gt;" in page
    assert browser.post(f"/console/work/{entry_id}/replay").status_code == 303
    assert "boom" not in browser.get("/console/work").text
    browser.post(f"/console/work/{entry_id}/replay")
    assert "somebody has replayed it" in browser.get("/console/work").text
    assert len(audited(context, "work.replayed")) == 1


def test_the_log_is_filtered_and_paged(
    browse: Browse, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    import triage.console.audit.audit_pages

    monkeypatch.setattr(triage.console.audit.audit_pages, "LOG_PAGE", 2)
    browser, path, seen = (
        browse("auditor"),
        "/console/log?action=person.added",
        [],
    )
    while path:
        page = browser.client.get(path).text
        seen += re.findall(r"user name: ([a-z]+)", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    # Rows of one millisecond come in any order, but each comes once.
    assert sorted(seen) == sorted(["third", "second", *Role])
    assert browser.get("/console/log", before="x").status_code == 422


def test_looking_at_the_hash_lists_is_noted(
    browse: Browse,
    context: Context,
    make_case: Make,
    add_match: Callable[[str], str],
) -> None:
    add_match(make_case())
    page = browse("senior").get("/console/hash-lists").text
    assert "Test list" in page and "b" * 64 not in page
    assert len(audited(context, "hashlist.seen")) == 1


def test_navigation_offers_what_one_may(browse: Browse) -> None:
    def offered(role: str) -> set[str]:
        text = browse(role).get("/console/password").text
        return set(re.findall(r'href="/console/([a-z-]+)"', text)) - {
            "account",
            "keys",
        }

    assert offered("analyst") == {"queue", "search", "approvals"}
    assert offered("senior") == {
        "queue",
        "search",
        "hash-lists",
        "approvals",
    }
    assert offered("administrator") == {
        "rules",
        "hash-lists",
        "work",
        "people",
        "search",
        "approvals",
        "viewing",
    }
    assert offered("auditor") == {"rules", "log", "approvals"}
    assert offered("liaison") == set()
    assert browse("liaison").get("/console/").status_code == 200
    assert browse("analyst").get("/console/").location == "/console/queue"
    assert browse("auditor").get("/console/").location == "/console/log"


def test_albanian_speaks_albanian(browse: Browse, make_case: Make) -> None:
    reference = make_case()
    page = browse("analyst").get(f"/console/cases/{reference}", lang="sq").text
    assert '<html lang="sq">' in page
    assert "Where it is" not in page


def test_times_have_a_zone(
    browse: Browse, make_case: Make, clock: Any
) -> None:
    assert isinstance(clock.now, datetime)
    page = browse("analyst").get(f"/console/cases/{make_case()}").text
    assert "20.11.2026 10:00" in page  # 09:00 UTC in Tirana


def test_a_stated_time_without_a_zone_is_shown_as_a_doubt(
    browse: Browse, make_case: Callable[..., str], context: Context
) -> None:
    reference = make_case()
    with context.database.writing() as session:
        item = (
            session.scalars(select(Case).where(Case.reference == reference))
            .one()
            .item
        )
        item.kind = "ip"
        item.canonical = "203.0.113.7:4662 2026-11-01T10:00:00"
        item.display = item.canonical
    page = browse("analyst").get(f"/console/cases/{reference}").text
    assert "203.0.113.7</code>, port 4662" in page
    assert "time zone not stated" in page
    assert "If it showed the time of Europe/Tirane:" in page
    assert "2026-11-01 10:00:00 UTC" not in page


def test_one_word_on_a_picture_decides_all_that_it_met(
    browse: Callable[[str], Any],
    make_case: Callable[..., str],
    add_match: Callable[[str], str],
    context: Context,
) -> None:
    reference = make_case()
    add_match(reference)
    with context.database.writing() as session:
        first = session.scalars(select(MediaMatch)).one()
        entry = HashEntryRow(
            list_id=first.list_id, kind="sha256", value="c" * 64, added_in=1
        )
        session.add(entry)
        session.flush()
        session.add(
            MediaMatch(
                id=new_id(),
                media_id=first.media_id,
                entry_id=entry.id,
                list_id=first.list_id,
                kind="sha256",
                distance=0,
                at=first.at,
            )
        )
        media_id = first.media_id
    page = f"/console/cases/{reference}"
    analyst = browse("analyst")
    act = f"{page}/pictures/{media_id}"
    assert analyst.get(page).text.count(f'action="{act}"') == 1

    def decisions() -> list[str]:
        with context.database.reading() as session:
            return list(session.scalars(select(MediaMatch.decision)))

    analyst.post(act, decision="perhaps")
    assert decisions() == ["open", "open"]
    analyst.post(act, decision="confirmed")
    assert decisions() == ["confirmed", "confirmed"]
    other = f"/console/cases/{make_case()}/pictures/{media_id}"
    assert analyst.post(other, decision="disconfirmed").status_code == 404
    assert decisions() == ["confirmed", "confirmed"]
