"""The public pages as a browser without JavaScript sees them."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.outbox import OutboxEntry
from hotline.core.web import site
from hotline.intake import service
from hotline.intake.form.asking import form_fields, paths, report_pages
from hotline.intake.models import Draft, Report

ADDRESS, AGENT = "203.0.113.77", "SentinelAgent/9.9"


def reports(context: Context) -> list[Report]:
    with context.database.reading() as session:
        found = list(session.scalars(select(Report).order_by(Report.id)))
        session.expunge_all()
        return found


def receipt_in(page: str) -> str:
    found = re.search(r'id="receipt">([^<]+)<', page)
    assert found, page
    return found[1]


def test_a_report_from_the_first_question_to_the_status_page(
    person: Any, client: FlaskClient, context: Context
) -> None:
    assert client.get("/report").location == "/report/where"
    for page, typed, following in (
        (
            "where",
            {"locations": "https://a.example/1\n\n http://[bad \n"},
            "what",
        ),
        ("what", {"kind": "csam_image"}, "who"),
        ("who", {"reporter_role": "parent"}, "support"),
        ("support", {}, "danger"),
        ("danger", {"danger_now": "yes"}, "emergency"),
        ("emergency", {}, "more"),
        ("more", {"narrative": "<b>seen</b> today"}, "contact"),
        ("contact", {"contact": "me@mail.test"}, "reach"),
        ("reach", {"contact_way": "email"}, "pass_on"),
        ("pass_on", {"pass_to_police": "yes"}, "check"),
    ):
        answer = person.send(f"/report/{page}", **typed)
        assert (answer.status_code, answer.location) == (
            302,
            f"/report/{following}",
        )
    check = client.get("/report/check").text
    assert (
        "&lt;b&gt;seen&lt;/b&gt; today" in check and 'href="tel:112"' in check
    )
    answer = person.send("/report/check")
    assert answer.status_code == 200
    code = receipt_in(answer.text)
    (report,) = reports(context)
    assert (report.channel, report.kind, report.reporter_role) == (
        "form",
        "csam_image",
        "parent",
    )
    assert report.danger_now and not report.own_material
    with context.database.reading() as session:
        opened = service.open_texts(
            Act(session, context, "system", datetime.now().astimezone()),
            session.get_one(Report, report.id),
            why="test",
        )
        assert session.scalar(select(func.count()).select_from(Draft)) == 0
    assert list(opened.parts.values()) == [
        "https://a.example/1",
        "http://[bad",
    ]
    shown = person.send("/status", receipt=code.lower().replace("-", " "))
    assert shown.status_code == 200
    assert shown.text.count('<p class="place"') == 2
    assert code not in client.get("/status").text


def test_a_child_comes_to_support_first_and_is_asked_little(
    person: Any, client: FlaskClient, context: Context
) -> None:
    page = client.get("/help?lang=en").text
    assert page.index("tel:116111") < page.index("make a report")
    assert "takeitdown.ncmec.org" in page
    hidden = person.fields(page)
    assert (
        client.post("/report", data=hidden | {"age": "child"}).location
        == "/report/danger"
    )
    for step, typed in (
        ("danger", {"danger_now": "no"}),
        ("where", {}),
        ("more", {"narrative": "x"}),
    ):
        person.send(f"/report/{step}", **typed)
    assert person.send("/report/contact").location == "/report/check"
    person.send("/report/check")
    (report,) = reports(context)
    assert report.reporter_role == "child_self"


def test_support_is_shown_when_a_question_tells_that_it_is_needed(
    person: Any,
) -> None:
    assert (
        person.send("/report/who", own_material="yes").location
        == "/report/support"
    )


def test_the_draft_is_unreadable_on_the_server_and_dies(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/more", narrative="swordfish-7731")
    assert "swordfish-7731" in client.get("/report/more").text
    with context.database.writing() as session:
        draft = session.scalars(select(Draft)).one()
        assert b"swordfish" not in draft.body
        draft.expires_at -= timedelta(hours=1)
    again = client.get("/report/more?lang=en").text
    assert "swordfish-7731" not in again and "deleted after an hour" in again
    with context.database.writing() as session:
        assert (
            service.forget_due(
                session, context, now=datetime.now().astimezone()
            )["drafts"]
            == 1
        )


def test_a_visitor_can_delete_the_draft(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/more", narrative="x")
    hidden = person.fields(client.get("/report/more").text)
    assert client.post("/report/discard", data=hidden).location == "/"
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0
    assert client.post("/report/discard", data=hidden).location == "/"


def test_another_browser_does_not_see_the_draft(
    person: Any, app: APIFlask
) -> None:
    person.send("/report/more", narrative="swordfish-7731")
    assert "swordfish-7731" not in app.test_client().get("/report/more").text


@pytest.mark.parametrize(
    ("page", "typed", "field"),
    [
        ("where", {"locations": "x" * 4001}, "locations"),
        ("where", {"locations": "x\n" * 51}, "locations"),
        ("what", {"kind": "nonsense"}, "kind"),
        ("who", {"reporter_role": "nonsense"}, "reporter_role"),
        ("more", {"narrative": "y" * 1_000_000}, "narrative"),
        ("contact", {"contact": "z" * 301}, "contact"),
    ],
)
def test_a_fault_stands_next_to_its_field_and_nothing_is_lost(
    person: Any, context: Context, page: str, typed: dict[str, str], field: str
) -> None:
    for url in (f"/report/{page}", "/report/all"):
        answer = person.send(url, **typed)
        assert answer.status_code == 422
        assert (
            f'id="{field}-fault"' in answer.text
            and f'href="#{field}"' in answer.text
        )
        if field not in ("kind", "reporter_role"):
            assert typed[field].strip() in answer.text
    assert not reports(context)


def test_an_empty_report_is_asked_for_something(
    person: Any, context: Context
) -> None:
    for url in ("/report/check", "/report/all"):
        answer = person.send(url)
        assert answer.status_code == 422 and 'href="#locations"' in answer.text
    assert not reports(context)


def test_sending_the_same_page_twice_is_one_report(
    person: Any, client: FlaskClient, context: Context
) -> None:
    hidden = person.fields(client.get("/report/all").text)
    first = client.post("/report/all", data=hidden | {"narrative": "x"})
    second = client.post("/report/all", data=hidden | {"narrative": "x"})
    assert (
        receipt_in(first.text) == receipt_in(second.text)
        and len(reports(context)) == 1
    )
    changed = client.post("/report/all", data=hidden | {"narrative": "y"})
    assert changed.status_code == 409 and ">\ny</textarea>" in changed.text
    assert len(reports(context)) == 1
    with context.database.reading() as session:
        assert (
            session.scalar(select(func.count()).select_from(OutboxEntry)) == 1
        )


def test_a_reload_of_the_checked_report_gives_the_same_receipt(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/more", narrative="line one\nline two")
    page = client.get("/report/check").text
    hidden = {
        k: v.replace("&#34;", '"') for k, v in person.fields(page).items()
    }
    first, second = (
        client.post("/report/check", data=hidden) for _ in range(2)
    )
    assert (
        receipt_in(first.text) == receipt_in(second.text)
        and len(reports(context)) == 1
    )


@pytest.mark.parametrize("form_id", ["", "forged", "eyJh.bcd.efg"])
def test_a_forged_form_id_stores_nothing_and_keeps_what_was_typed(
    person: Any, context: Context, form_id: str
) -> None:
    answer = person.send("/report/all", narrative="swordfish", form_id=form_id)
    assert answer.status_code == 400 and "swordfish" in answer.text
    assert not reports(context)


def test_an_old_form_id_is_not_taken(
    person: Any, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_fields, "MAX_AGE", timedelta(seconds=-1))
    answer = person.send("/report/all", narrative="swordfish")
    assert (
        answer.status_code == 400
        and "swordfish" in answer.text
        and not reports(context)
    )


@pytest.mark.parametrize("token", [None, "", "forged", "IjEi.aaaaaa.bbbbbb"])
def test_a_forged_or_expired_csrf_token_stores_nothing_and_keeps_what_was_typed(
    person: Any, client: FlaskClient, context: Context, token: str | None
) -> None:
    fields = person.fields(client.get("/report/more").text) | {
        "narrative": "swordfish"
    }
    del fields["csrf_token"]
    fields |= {"csrf_token": token} if token is not None else {}
    answer = client.post("/report/more", data=fields)
    assert answer.status_code == 400 and "swordfish" in answer.text
    assert 'action="/report/more"' in answer.text
    assert not reports(context)
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


def unsafe_urls(app: APIFlask) -> Iterator[tuple[str, str]]:
    """Method and URL of every route of the pages that may change something."""
    for rule in app.url_map.iter_rules():
        pages = paths.QUESTIONS if "page" in rule.arguments else [""]
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            for page in pages:
                if not rule.endpoint.startswith("api."):
                    yield method, rule.rule.partition("<")[0] + page


WITHOUT_COOKIES = (
    "/report/all",
    "/report/confirmation",
    "/status",
    "/status/information",
)


def test_every_unsafe_route_refuses_a_missing_csrf_token_or_another_site(
    app: APIFlask, client: FlaskClient, context: Context
) -> None:
    checked = []
    for method, url in unsafe_urls(app):
        sites = (
            ("cross-site", "same-site", "nonsense")
            if url in WITHOUT_COOKIES
            else (None,)
        )
        for origin in sites:
            headers = {"Sec-Fetch-Site": origin} if origin else {}
            answer = client.open(
                url, method=method, data={"narrative": "x"}, headers=headers
            )
            assert answer.status_code == 400, (url, site)
            checked.append(url)
    assert len(checked) >= 18 and set(WITHOUT_COOKIES) < set(checked)
    assert not reports(context)


def test_no_form_takes_a_file(app: APIFlask, client: FlaskClient) -> None:
    for url in ("/report/all", "/report/more", "/status"):
        answer = client.post(
            url, data={"x": (__import__("io").BytesIO(b"123"), "a.png")}
        )
        assert answer.status_code in (400, 415)
    app.config["WTF_CSRF_ENABLED"] = False
    for url in (
        "/report/all",
        "/report/more",
        "/status",
        "/status/information",
    ):
        answer = client.post(
            url, data={"x": (__import__("io").BytesIO(b"123"), "a.png")}
        )
        assert answer.status_code == 415


def public_pages(
    app: APIFlask, of: tuple[str, ...] = ("intake.",)
) -> list[str]:
    urls = []
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint.startswith(of):
            pages = paths.QUESTIONS if "page" in rule.arguments else [""]
            urls += [rule.rule.partition("<")[0] + page for page in pages]
    return urls


def test_headers_on_every_url(app: APIFlask, client: FlaskClient) -> None:
    urls = [
        *public_pages(app, ("intake.", "api.")),
        "/nowhere",
        "/static/public.css",
        "/static/public.js",
    ]
    assert len(urls) > 15
    for url in urls:
        answer = client.get(url)
        answer.close()
        for name in site.HEADERS:
            assert name in answer.headers, (url, name)
        assert (
            "default-src 'none'" in answer.headers["Content-Security-Policy"]
        )
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        if not url.startswith("/static/"):
            assert answer.headers["Cache-Control"] == "no-store", url


def test_pages_ask_nobody_else_and_run_nothing_inline(
    app: APIFlask, client: FlaskClient
) -> None:
    for url in public_pages(app):
        page = client.get(url, follow_redirects=True).text
        for attribute in re.findall(r'(?:src|action)="([^"]*)"', page):
            assert attribute.startswith(("/", "data:image/svg+xml")), (
                url,
                attribute,
            )
        assert not re.search(r"<link[^>]+href=\"(?!/|data:,)", page)
        assert not re.search(
            r"<script(?![^>]*src=)|\son\w+=|style=|type=\"file\"", page
        ), url


def test_what_a_page_loads_bears_the_digest_of_its_content(
    app: APIFlask, client: FlaskClient
) -> None:
    """A browser keeps it for an hour; after an upgrade a page must not meet older scripts."""
    for url in ("/", "/report/all"):
        loaded = re.findall(r'"/static/([^"?]+)([^"]*)"', client.get(url).text)
        assert len(loaded) > 2
        for name, query in loaded:
            content = Path(str(app.static_folder), name).read_bytes()
            assert query == f"?v={hashlib.sha256(content).hexdigest()[:12]}"
            answer = client.get(f"/static/{name}{query}")
            assert answer.data == content
            answer.close()


def test_helplines_police_and_exit_are_on_every_page(
    app: APIFlask, client: FlaskClient
) -> None:
    for url in public_pages(app):
        page = client.get(url, follow_redirects=True).text
        for needed in (
            'href="tel:112"',
            'href="tel:116111"',
            'href="tel:116006"',
            'id="exit"',
        ):
            assert needed in page, (url, needed)


def weight_of(app: APIFlask, client: FlaskClient, page: str) -> int:
    """Bytes of a page with all that it may load: styles, scripts, workers, a challenge."""
    loaded = set(re.findall(r'"/static/([^"?]+)', page))
    assert {"tokens.css", "public.css", "public.js", "favicon.svg"} <= loaded
    if "data-challenge" in page:
        assert "vendor/altcha/pbkdf2.js" in loaded
    sizes = [
        Path(str(app.static_folder), name).stat().st_size for name in loaded
    ]
    return (
        len(page.encode())
        + sum(sizes)
        + len(client.get("/api/v1/challenge").data)
    )


def test_every_page_is_small(
    app: APIFlask, client: FlaskClient, person: Any, context: Context
) -> None:
    """60 kB in all, uncompressed, with everything that scripts load: a slow telephone loads it."""
    pages = {
        url: client.get(url, follow_redirects=True)
        for url in public_pages(app)
    }
    pages["not here"] = client.get("/nowhere")
    pages["a fault"] = person.send("/report/all", contact="x" * 301)
    person.send("/report/who", reporter_role="child_friend")
    person.send("/report/danger", danger_now="yes")
    for name in ("support", "emergency", "more", "contact", "check"):
        pages[f"a child's {name}"] = client.get(f"/report/{name}")
        assert pages[f"a child's {name}"].status_code == 200
    pages["the receipt"] = person.send("/report/all", narrative="x" * 5_000)
    code = receipt_in(pages["the receipt"].text)
    pages["a wrong code"] = person.send("/status", receipt="x")
    with context.database.writing() as session:
        report = service.find_by_receipt(session, context, code)
        assert report is not None
        for number in range(10):
            now = datetime.now().astimezone()
            service.ask_reporter(
                Act(session, context, "t", now),
                report,
                f"{number}: " + "x" * 200,
            )
    pages["the status"] = person.send("/status", receipt=code)
    assert len(pages) > 25
    weights = {
        name: weight_of(app, client, page.text) for name, page in pages.items()
    }
    assert max(weights.values()) < 60_000, weights


def test_language_is_chosen_by_link_and_remembered(
    client: FlaskClient,
) -> None:
    assert (
        '<html lang="sq">'
        in client.get("/", headers={"Accept-Language": "en"}).text
    )
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert '<html lang="en">' in client.get("/about").text
    assert '<html lang="sq">' in client.get("/?lang=xx").text


def test_robots_are_marked_and_never_dropped(
    person: Any, context: Context
) -> None:
    person.send(
        "/report/all", narrative="quick"
    )  # sooner than a person could have filled it in
    person.send(
        "/report/all", narrative="trapped", website="https://spam.example"
    )
    assert [report.held_for_review for report in reports(context)] == [
        True,
        True,
    ]


def test_a_person_is_not_held(
    person: Any, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_pages.guard, "form_seconds", lambda: 0.0)
    person.send("/report/all", narrative="slow", danger_now="yes")
    assert [report.held_for_review for report in reports(context)] == [False]
    with context.database.reading() as session:
        assert session.scalars(select(OutboxEntry.queue)).one() == "urgent"


def test_wrong_codes_look_alike_and_the_code_stays_in_its_field(
    person: Any,
) -> None:
    pages = set()
    for typed in ("0000-0000-0000-0000-0000", "nonsense", ""):
        answer = person.send("/status?lang=en", receipt=typed)
        assert (
            answer.status_code == 404 and 'id="receipt-fault"' in answer.text
        )
        page = answer.text.replace(f'value="{typed}"', "")
        pages.add(
            re.sub(r'name="csrf_token" value="[^"]*"|value=""', "", page)
        )
    assert len(pages) == 1


def test_the_reporter_answers_a_question(
    person: Any, client: FlaskClient, context: Context
) -> None:
    code = receipt_in(person.send("/report/all", narrative="x").text)
    with context.database.writing() as session:
        report = service.find_by_receipt(session, context, code)
        assert report is not None
        now = datetime.now().astimezone()
        service.ask_reporter(
            Act(session, context, "person:ana", now), report, "Which <group>?"
        )
    page = person.send("/status", receipt=code)
    assert (
        "Which &lt;group&gt;?" in page.text
        and "ana" not in person.fields(page.text).values()
    )
    hidden = person.fields(page.text)
    assert (
        client.post(
            "/status/information", data=hidden | {"text": " "}
        ).status_code
        == 422
    )
    for _ in range(2):  # sent, and sent again by reloading
        answered = client.post(
            "/status/information", data=hidden | {"text": "the blue one"}
        )
        assert (
            answered.status_code == 200
            and answered.text.count("the blue one") == 1
        )
    unknown = client.post(
        "/status/information", data=hidden | {"receipt": "x", "text": "y"}
    )
    assert unknown.status_code == 404


def test_a_report_that_was_set_aside_says_so_and_asks_for_an_answer(
    person: Any, context: Context
) -> None:
    code = receipt_in(person.send("/report/all", narrative="quick").text)
    held = person.send("/status?lang=en", receipt=code).text
    assert "Very many reports are coming in" in held
    with context.database.writing() as session:
        report = service.find_by_receipt(session, context, code)
        assert report is not None
        now = datetime.now().astimezone()
        assert service.advance_part(
            Act(session, context, "p", now), report.parts[0], "set_aside"
        )
    page = person.send("/status", receipt=code).text
    assert (
        "We have set it aside for now." in page and "We may be wrong." in page
    )
    assert "Very many reports are coming in" not in page


def test_text_in_another_encoding_is_kept_as_it_came(
    client: FlaskClient, person: Any, context: Context
) -> None:
    hidden = person.fields(client.get("/report/all").text)
    body = (
        "&".join(f"{k}={v}" for k, v in hidden.items()).encode()
        + b"&narrative=caf%E9"
    )
    answer = client.post(
        "/report/all",
        data=body,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    with context.database.reading() as session:
        report = session.scalars(select(Report)).one()
        now = datetime.now().astimezone()
        opened = service.open_texts(
            Act(session, context, "system", now), report, why="t"
        )
    assert opened.narrative == "caf%E9"


def test_no_address_and_no_user_agent_is_written_anywhere(
    app: APIFlask,
    context: Context,
    caplog: pytest.LogCaptureFixture,
    capfd: Any,
) -> None:
    client = app.test_client()
    client.environ_base |= {"REMOTE_ADDR": ADDRESS, "HTTP_USER_AGENT": AGENT}
    page = client.get("/report/all").text
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    )
    assert (
        client.post(
            "/report/all", data=hidden | {"narrative": "x"}
        ).status_code
        == 200
    )
    client.post("/report/more", data=hidden | {"narrative": "x"})
    client.post("/status", data=hidden | {"receipt": "x"})
    client.post("/api/v1/reports", json={"narrative": "x"})
    client.post("/api/v1/reports", data=b"{")
    with context.database.reading() as session:
        session.execute(text("PRAGMA wal_checkpoint"))
    for path in context.settings.data_dir.rglob("*"):
        if path.is_file():
            for sentinel in (ADDRESS, AGENT):
                assert sentinel.encode() not in path.read_bytes(), path
    written = capfd.readouterr()
    for sentinel in (ADDRESS, AGENT):
        assert sentinel not in caplog.text + written.out + written.err


@pytest.mark.parametrize(
    "typed",
    [
        {"reporter_role": "child_self"},
        {"reporter_role": "child_friend"},
        {"own_material": "yes"},
    ],
)
def test_support_comes_first_on_the_one_page_way_too(
    person: Any, client: FlaskClient, context: Context, typed: dict[str, str]
) -> None:
    faulty = person.send(
        "/report/all", contact="z" * 301, narrative="my words", **typed
    )
    assert faulty.status_code == 422
    first = person.send(
        "/report/all?lang=en", narrative="my words", proof="p" * 9, **typed
    )
    assert first.status_code == 200 and not reports(context)
    assert first.text.index("tel:116111") < first.text.index(
        "Go on with the report"
    )
    hidden = person.fields(first.text)
    assert hidden["narrative"] == "my words" and hidden["proof"] == "p" * 9
    sent = client.post("/report/all?lang=en", data=hidden)
    assert (
        "What happened is not your fault" in sent.text
        and len(reports(context)) == 1
    )
    with context.database.reading() as session:  # nothing is left waiting
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_the_page_with_help_lets_no_robot_through(
    person: Any,
    client: FlaskClient,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the trap caught on the page before is still caught."""
    monkeypatch.setattr(report_pages.guard, "form_seconds", lambda: 0.0)
    first = person.send(
        "/report/all", narrative="x", own_material="yes", website="spam"
    )
    hidden = person.fields(first.text)
    (trapped,) = re.findall(r'name="website" value="([^"]*)"', first.text)
    client.post("/report/all", data=hidden | {"website": trapped})
    client.post(
        "/report/all", data=person.fields(first.text) | {"form_id": "stale"}
    )
    assert [report.held_for_review for report in reports(context)] == [True]


def test_a_child_is_never_asked_whether_it_has_the_picture(
    client: FlaskClient,
) -> None:
    for path in (
        "/help",
        "/report/where",
        "/report/all",
        "/report/who",
        "/report/more",
    ):
        page = client.get(path, query_string={"lang": "en"}).text
        for question in re.findall(r"[^.>]*\?", re.sub(r"<[^>]+>", ">", page)):
            assert not re.search(
                r"\b(have|did|send|keep|save|share|ask)\b", question
            ), question


@pytest.mark.parametrize("code", ["sq", "en"])
@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nowhere", 404, ("Kjo faqe nuk", "This page is not here")),
        (
            "GET",
            "/report/discard",
            405,
            ("Kjo nuk funksionoi", "This did not work"),
        ),
        ("PUT", "/", 405, ("Kjo nuk", "This did not work")),
        ("POST", "/", 411, ("Kjo nuk", "This did not work")),
    ],
)
def test_error_pages_speak_the_visitor_s_language_and_offer_help(
    client: FlaskClient,
    code: str,
    method: str,
    path: str,
    status: int,
    words: tuple[str, str],
) -> None:
    client.set_cookie("lang", code)
    answer = client.open(path, method=method)
    assert answer.status_code == status
    wanted = words[code == "en"]
    assert f"<h1>{wanted}" in answer.text and f"<title>{wanted}" in answer.text
    for needed in (
        'href="tel:112"',
        'href="tel:116111"',
        'id="exit"',
        "public.js",
    ):
        assert needed in answer.text
    assert (
        "Method Not Allowed" not in answer.text and "Length" not in answer.text
    )


def test_a_failure_of_ours_says_that_it_is_ours(
    app: APIFlask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.set_cookie("lang", "en")
    monkeypatch.setitem(app.view_functions, "intake.about", lambda: 1 / 0)
    answer = client.get("/about")
    assert answer.status_code == 500 and "It is not your fault" in answer.text
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize("code", ["sq", "sr-Latn", "sr-Cyrl", "mk"])
def test_an_error_page_of_the_console_has_no_english_line(
    client: FlaskClient, code: str
) -> None:
    client.set_cookie("lang", code)
    answer = client.get("/console/nowhere")
    assert answer.status_code == 404
    assert 'lang="en"' not in answer.text and "URL" not in answer.text
