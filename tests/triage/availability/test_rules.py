"""Each rule of a look by itself: one look, one baseline, one verdict and its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from triage.availability.model import (
    PDQ_SAME,
    PDQ_UNRELATED,
    Baseline,
    Check,
    MediaHash,
    Page,
    Verdict,
    VerdictName,
)
from triage.availability.pages import ENOUGH_TEXT
from triage.availability.verdict import (
    REASONS,
    judge_check,
    reconcile_verdicts,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://a.example/album/1"
PICTURE, OTHER = MediaHash("1" * 64), MediaHash("2" * 64)
ALBUM = Page("0" * 16, 300, "title of the album")
FRONT = Page("f" * 16, 300, "title of the front page")
WITH_PICTURE = Baseline(URL, 200, (PICTURE,), ALBUM)
TEXT_ONLY = Baseline(URL, 200, (), ALBUM)
ABSENT_OR_NOTHING = (404, 410, None)
LOOK = Check(NOW, URL, URL, 200, control_ok=True, page=ALBUM)


def judge(
    baseline: Baseline = WITH_PICTURE, **changes: object
) -> tuple[str, tuple[str, ...]]:
    verdict = judge_check(replace(LOOK, **changes), baseline)
    assert verdict.reasons == tuple(REASONS[one] for one in verdict.evidence)
    return verdict.verdict, verdict.evidence


@pytest.mark.parametrize(
    ("status", "verdict", "evidence"),
    [
        (401, "login_wall", "login_asked"),
        (402, "login_wall", "login_asked"),
        (403, "blocked_here", "forbidden"),
        (405, "blocked_here", "forbidden"),
        (406, "blocked_here", "forbidden"),
        (407, "unknown", "own_failure"),
        (429, "blocked_here", "too_many_requests"),
        (451, "geo_blocked", "legal_reasons"),
        (202, "unknown", "empty_answer"),
        (204, "unknown", "empty_answer"),
        (205, "unknown", "empty_answer"),
        (404, "gone", "status_404"),
        (410, "gone", "status_410"),
        (499, "unknown", "odd_answer"),
        (500, "host_down", "server_error"),
        (599, "host_down", "server_error"),
        (199, "unknown", "odd_answer"),
        (300, "unknown", "odd_answer"),
        (None, "unknown", "odd_answer"),
        (200, "removed", "same_page_without_media"),
        (299, "removed", "same_page_without_media"),
    ],
)
def test_what_a_status_says(
    status: int | None, verdict: str, evidence: str
) -> None:
    page = None if status in ABSENT_OR_NOTHING else ALBUM
    assert judge(status=status, page=page) == (verdict, (evidence,))


@pytest.mark.parametrize(
    "error",
    [
        "proxy_failure",
        "blocked_address",
        "bad_url",
        "bad_scheme",
        "out_of_memory",
        "onion_needs_tor",
        "fetcher_crashed",
        "cancelled",
    ],
)
def test_our_own_failure_says_nothing_of_the_host(error: str) -> None:
    said = judge(error=error, status=None, page=None)
    assert said == ("unknown", ("own_failure",))


@pytest.mark.parametrize(
    ("error", "evidence"),
    [
        ("refused", "not_reached"),
        ("unreachable", "not_reached"),
        ("timeout", "not_reached"),
        ("connection_lost", "not_reached"),
        ("empty_reply", "not_reached"),
        ("tls_failed", "not_reached"),
        ("dns_nxdomain", "dns_nxdomain"),
        ("dns_no_address", "dns_no_address"),
        ("dns_failure", "dns_failure"),
    ],
)
def test_a_host_is_down_only_where_our_network_was_seen_to_work(
    error: str, evidence: str
) -> None:
    failed = {"error": error, "status": None, "page": None}
    assert judge(**failed) == ("host_down", (evidence,))
    assert judge(**failed, control_ok=None) == (
        "unknown",
        (evidence, "no_control"),
    )
    assert judge(**failed, control_ok=False) == (
        "unknown",
        ("control_failed",),
    )


def test_a_faulty_certificate_is_not_read_past() -> None:
    said = judge(error="tls_invalid", status=None, page=None)
    assert said == ("unknown", ("tls_invalid",))


def test_the_material_outweighs_everything() -> None:
    seen = {"media": (PICTURE,), "status": 404, "control_ok": False}
    assert judge(**seen) == ("online", ("same_media",))
    away = judge(media=(PICTURE,), final_url="https://b.example/1")
    assert away == ("moved", ("same_media", "other_host"))


def test_a_page_that_asks_to_sign_in_hides_what_is_behind() -> None:
    wall = replace(FRONT, login_form=True)
    assert judge(page=wall) == ("login_wall", ("login_asked",))
    led = judge(page=wall, final_url="https://a.example/sign-in")
    assert led == ("login_wall", ("login_redirect",))
    # What was assessed had such a form itself.
    before = replace(WITH_PICTURE, page=replace(ALBUM, login_form=True))
    same = judge(before, page=before.page)
    assert same == ("removed", ("same_page_without_media",))


def test_absent_is_said_of_what_was_there() -> None:
    assert judge(status=404) == ("unknown", ("same_page", "status_404"))
    shown = judge(status=410, body_media_type="image/png")
    assert shown == ("unknown", ("odd_answer", "status_410"))
    # It was assessed on a page that said 404 already.
    for before in (404, 410):
        baseline = replace(WITH_PICTURE, status=before)
        assert judge(baseline, status=404)[0] == "removed"
    without_page = replace(WITH_PICTURE, page=None)
    assert judge(without_page, status=404) == ("gone", ("status_404",))


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (VerdictName.BLOCKED_HERE, "blocked_here"),
        (VerdictName.GEO_BLOCKED, "geo_blocked"),
        (VerdictName.HOST_DOWN, "host_down"),
        (VerdictName.SOFT_404, "soft_404"),
    ],
)
def test_a_known_error_page_means_what_is_known_of_it(
    known: VerdictName, verdict: str
) -> None:
    page = {"known_error_page": known, "page": FRONT}
    assert judge(**page) == (verdict, ("known_error_page",))
    # What was assessed had that very title, or it has none.
    same = judge(known_error_page=known, page=replace(FRONT, title="t"))
    assert same == (verdict, ("known_error_page",))
    titled = replace(WITH_PICTURE, page=replace(ALBUM, title=FRONT.title))
    assert judge(titled, **page) == ("unknown", ("page_changed",))
    untitled = replace(WITH_PICTURE, page=replace(ALBUM, title=None))
    bare = {**page, "page": replace(FRONT, title=None)}
    assert judge(untitled, **bare) == (verdict, ("known_error_page",))
    nothing = judge(replace(WITH_PICTURE, page=None), **page)
    assert nothing == (verdict, ("known_error_page",))


def test_a_known_missing_page_with_unseen_pictures_proves_nothing() -> None:
    said = judge(
        known_error_page=VerdictName.SOFT_404,
        page=FRONT,
        media_complete=False,
    )
    assert said == ("unknown", ("known_error_page", "media_unseen"))


def test_the_page_of_an_impossible_address_is_told_from_a_wall() -> None:
    missing = Page("0f" * 8, 300, "not here")
    look = {"page": missing, "missing": missing, "missing_status": 200}
    told = ("like_missing_page",)
    assert judge(**look, home=FRONT) == ("soft_404", told)
    assert judge(**look, home=missing) == ("unknown", told)
    assert judge(**look) == ("unknown", told)


def test_where_a_redirect_leads() -> None:
    away = judge(page=FRONT, final_url="https://b.example/x")
    assert away == ("unknown", ("elsewhere_redirect",))
    home = {"page": FRONT, "final_url": "https://a.example/"}
    assert judge(**home) == ("unknown", ("home_redirect",))
    sure = {**home, "missing_status": 404}
    assert judge(**sure) == ("soft_404", ("home_redirect",))
    short = replace(FRONT, length=ENOUGH_TEXT)
    assert judge(**{**sure, "page": short})[1] == ("home_redirect",)
    bare = {**sure, "page": replace(FRONT, length=ENOUGH_TEXT - 1)}
    assert judge(**bare) == ("unknown", ("page_changed",))
    bare = {**sure, "page": replace(FRONT, length=0)}
    assert judge(**bare) == ("unknown", ("empty_answer",))
    assert judge(**{**sure, "page": None}) == ("unknown", ("empty_answer",))


def test_pictures_that_are_not_the_ones() -> None:
    assert judge(media_complete=False) == ("unknown", ("media_unseen",))
    direct = {"body_media_type": "image/png", "page": None}
    replaced = judge(**direct, media=(OTHER,))
    assert replaced == ("unknown", ("media_replaced",))
    assert judge(**direct) == ("unknown", ("odd_answer",))
    assert judge(page=None) == ("unknown", ("empty_answer",))
    empty = replace(FRONT, length=0)
    assert judge(page=empty) == ("unknown", ("empty_answer",))
    others = judge(page=empty, media=(OTHER,))
    assert others == ("unknown", ("page_changed",))
    assert judge(page=FRONT) == ("unknown", ("page_changed",))


@pytest.mark.parametrize(
    ("bits", "verdict", "evidence"),
    [
        (PDQ_SAME, "online", "same_media"),
        (PDQ_SAME + 1, "unknown", "media_similar"),
        (PDQ_UNRELATED - 1, "unknown", "media_similar"),
        (PDQ_UNRELATED, "removed", "same_page_without_media"),
    ],
)
def test_a_picture_that_is_nearly_the_one_is_for_a_person(
    bits: int, verdict: str, evidence: str
) -> None:
    picture = MediaHash("1" * 64, "0" * 64)
    changed = MediaHash("2" * 64, f"{(1 << bits) - 1:064x}")
    baseline = replace(WITH_PICTURE, media=(picture,))
    assert judge(baseline, media=(changed,)) == (verdict, (evidence,))


def test_text_alone_is_looked_for_as_a_page() -> None:
    assert judge(TEXT_ONLY) == ("online", ("same_page",))
    # The same words at another host are for a person to look at.
    away = judge(TEXT_ONLY, final_url="https://b.example/1")
    assert away == ("unknown", ("elsewhere_redirect",))
    assert judge(TEXT_ONLY, page=FRONT) == ("unknown", ("page_changed",))
    for baseline, page in (
        (replace(TEXT_ONLY, page=None), ALBUM),
        (TEXT_ONLY, None),
    ):
        said = judge(baseline, page=page)
        assert said == ("unknown", ("nothing_to_compare",))


@pytest.mark.parametrize(
    ("length", "missing_status", "is_told"),
    [(199, None, False), (199, 404, True), (200, None, True)],
)
def test_few_words_are_told_only_beside_an_impossible_address(
    length: int, missing_status: int | None, is_told: bool
) -> None:
    page = replace(ALBUM, length=length)
    said = judge(
        replace(TEXT_ONLY, page=page),
        page=page,
        missing_status=missing_status,
    )
    short = ("unknown", ("same_page", "too_little_text"))
    assert said == (("online", ("same_page",)) if is_told else short)


def test_what_only_the_signed_in_see_is_never_absent() -> None:
    for absent in ({"status": 404, "page": None}, {}):
        verdict, evidence = judge(**absent, signed_in=True)
        assert (verdict, evidence[0]) == ("unknown", "signed_in")
        assert evidence[1:] == judge(**absent)[1]
    blocked = {"status": 403, "signed_in": True}
    assert judge(**blocked) == ("blocked_here", ("forbidden",))


@pytest.mark.parametrize("control_ok", [True, False, None])
def test_a_verdict_says_from_where_and_how_sure(
    control_ok: bool | None,
) -> None:
    look = replace(LOOK, control_ok=control_ok, vantage="second")
    verdict = judge_check(look, WITH_PICTURE)
    assert (verdict.at, verdict.vantage) == (NOW, "second")
    assert verdict.healthy is (control_ok is True)


def look_as(name: str, *evidence: str) -> Verdict:
    reasons = tuple(REASONS[slug] for slug in evidence)
    return Verdict(
        VerdictName(name), evidence, reasons, NOW, "own", healthy=True
    )


@pytest.mark.parametrize(
    ("own", "second", "expected"),
    [
        ("online", "gone", "own"),
        ("moved", "online", "own"),
        ("gone", "unknown", "own"),
        ("unknown", "unknown", "own"),
        ("unknown", "gone", "second"),
        ("unknown", "blocked_here", "second"),
        ("blocked_here", "gone", "second"),
        ("login_wall", "gone", "second"),
        ("gone", "blocked_here", "own"),
        ("gone", "removed", "own"),
    ],
)
def test_which_of_two_looks_counts(
    own: str, second: str, expected: str
) -> None:
    looks = {"own": look_as(own), "second": look_as(second)}
    assert reconcile_verdicts(looks["own"], looks["second"]) is looks[expected]


@pytest.mark.parametrize(
    ("own", "evidence", "corrected"),
    [
        ("gone", "status_404", "blocked_here"),
        ("blocked_here", "forbidden", "geo_blocked"),
        ("geo_blocked", "legal_reasons", "geo_blocked"),
        ("unknown", "odd_answer", "blocked_here"),
    ],
)
def test_seen_there_and_not_here_we_are_kept_out(
    own: str, evidence: str, corrected: str
) -> None:
    said = reconcile_verdicts(look_as(own, evidence), look_as("online"))
    assert said == look_as(corrected, "seen_elsewhere", evidence)
