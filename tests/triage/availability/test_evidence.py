"""Hashes, pages and tables that verdicts are made of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import Misconfigured
from triage.availability.evidence import (
    baseline_from_report,
    check_from_report,
)
from triage.availability.model import Baseline, MediaHash, Page
from triage.availability.pages import (
    load_error_pages,
    shipped_error_pages,
    title_hash,
)
from triage.availability.verdict import REASONS, judge_check
from triage.fetching.pages.page import facts_of_page

NOW = datetime(2026, 11, 22, tzinfo=UTC)
A = "f0" * 32
SLUGS = st.sampled_from(
    [
        None,
        "dns_nxdomain",
        "refused",
        "timeout",
        "tls_invalid",
        "proxy_failure",
        "truncated",
        "new",
    ]
)
STATUSES = st.sampled_from(
    [
        None,
        100,
        200,
        202,
        204,
        206,
        301,
        304,
        400,
        401,
        403,
        404,
        407,
        410,
        429,
        451,
        500,
        503,
        599,
        999,
    ]
)


def flipped(pdq: str, bits: int) -> str:
    return f"{int(pdq, 16) ^ ((1 << bits) - 1):064x}"


def report(**more: Any) -> dict[str, Any]:
    url = "https://a.example/album/1"
    return {
        "requested": url,
        "final_url": url,
        "outcome": "ok",
        "status": 200,
        **more,
    }


def test_a_front_page_is_no_other_page_than_itself() -> None:
    """Some of its pictures went: the others are the material still, not the site's furniture."""

    def shows(url: str, *hashes: str) -> dict[str, Any]:
        media = [
            {
                "url": f"{url}{one}",
                "source": "img",
                "status": 200,
                "sha256": one * 64,
                "fingerprint": {
                    "sha256": one * 64,
                    "width": 640,
                    "height": 480,
                },
            }
            for one in hashes
        ]
        return report(requested=url, final_url=url, media=media)

    front, album = "https://a.example/", "https://a.example/album/1"
    for url, verdict in ((front, "online"), (album, "unknown")):
        check = check_from_report(
            shows(url, "1", "2"),
            control_ok=True,
            vantage="own",
            at=NOW,
            home=shows(front, "1", "2"),
        )
        assert (
            judge_check(
                check, baseline_from_report(shows(url, "1", "2", "3"))
            ).verdict
            == verdict
        )


@pytest.mark.parametrize(
    ("left", "verdict"),
    [("12", "unknown"), ("9", "soft_404"), ("", "soft_404")],
)
def test_a_gallery_with_few_words_and_a_picture_less_is_not_gone(
    left: str, verdict: str
) -> None:
    """All its pages have the same words, and the front page all pictures; 9 is the site's logo."""

    def shows(path: str, hashes: str, words: str = "0" * 16) -> dict[str, Any]:
        url = f"https://a.example/{path}"
        media = [
            {
                "url": f"{url}{one}",
                "source": "img",
                "status": 200,
                "sha256": one * 64,
                "fingerprint": {
                    "sha256": one * 64,
                    "width": 640,
                    "height": 480,
                },
            }
            for one in hashes
        ]
        page = {"text_simhash": words, "text_length": 60, "title_hash": "t"}
        return report(requested=url, final_url=url, media=media, page=page)

    check = check_from_report(
        shows("album/1", left),
        control_ok=True,
        vantage="own",
        at=NOW,
        missing=shows("album/none", "9"),
        home=shows("", "1239", "f" * 16),
    )
    assert (
        judge_check(
            check, baseline_from_report(shows("album/1", "1239"))
        ).verdict
        == verdict
    )


def test_a_file_without_a_perceptual_hash_is_recognised_by_its_bytes() -> None:
    """Part of the material on an unchanged page, also if the front page shows that part as well."""

    def shows(path: str, *hashes: str) -> dict[str, Any]:
        url = f"https://a.example/{path}"
        media = [
            {
                "url": f"{url}{one}",
                "source": "video",
                "status": 200,
                "sha256": one * 64,
                "fingerprint": {"sha256": one * 64},
            }
            for one in hashes
        ]
        page = {
            "text_simhash": "0" * 16,
            "text_length": 300,
            "title_hash": "t",
        }
        return report(requested=url, final_url=url, media=media, page=page)

    for errors in ((), ("1",)):
        check = check_from_report(
            shows("album/1", "1"),
            control_ok=True,
            vantage="own",
            at=NOW,
            missing=shows("none", *errors) | {"page": None},
            home=shows("", "1"),
        )
        assert (
            judge_check(
                check, baseline_from_report(shows("album/1", "1", "2"))
            ).verdict
            == "unknown"
        )


def test_same_picture_by_hash_distance_and_turn() -> None:
    one = MediaHash("1" * 64, A)
    assert one.is_same_as(MediaHash("1" * 64))
    assert one.is_same_as(MediaHash("2" * 64, flipped(A, 31)))
    assert not one.is_same_as(MediaHash("2" * 64, flipped(A, 32)))
    assert not one.is_same_as(MediaHash("2" * 64))
    assert not MediaHash(None).is_same_as(MediaHash(None))
    turned = MediaHash("3" * 64, flipped(A, 128), turned=(flipped(A, 128), A))
    assert one.is_same_as(turned)


def test_same_video_by_the_share_of_its_frames() -> None:
    frames = tuple(flipped(A, 40 * n) for n in range(6))
    whole, cut = (
        MediaHash("1", frames=frames),
        MediaHash("2", frames=frames[2:4]),
    )
    assert whole.is_same_as(cut)
    assert cut.is_same_as(whole)
    other = MediaHash(
        "3", frames=(frames[0], *("5a" * 32, "0f" * 32, "33" * 32))
    )
    assert not other.is_same_as(MediaHash("4", frames=frames[2:]))


def test_a_hash_of_low_quality_is_never_matched() -> None:
    flat = {"sha256": "1" * 64, "pdq": A, "pdq_quality": 3, "hashable": False}
    assert MediaHash.from_fingerprint(flat) == MediaHash("1" * 64)


def test_media_that_nobody_could_look_at_are_no_absence() -> None:
    def complete(**found: Any) -> bool:
        media = [{"url": "x", "source": "img", **found}]
        check = check_from_report(
            report(media=media), control_ok=True, vantage="own", at=NOW
        )
        return check.media_complete

    assert complete(status=404)
    assert complete(
        status=200, error="not_media", source="direct"
    )  # a link to a page
    assert not complete(
        status=200, error="not_media"
    )  # a page in the place of a picture
    assert complete(status=204, error="empty")  # a counter
    assert not complete(status=200, error="empty")
    assert not complete(status=503, error="http_error")
    assert not complete(error="timeout")
    assert not complete(status=200, error="undecodable")


def test_titles_are_hashed_as_the_fetcher_hashes_them() -> None:
    from selectolax.lexbor import LexborHTMLParser

    facts = facts_of_page(
        LexborHTMLParser("<title> Faqja  nuk\nu GJET </title><p>x")
    )
    assert facts.title_hash == title_hash("Faqja nuk u gjet")
    page = Page.from_facts(
        {
            "text_simhash": "0" * 16,
            "text_length": 1,
            "title_hash": facts.title_hash,
        }
    )
    here = "https://a.example/1"
    assert shipped_error_pages().find_meaning(page, here, here) == "soft_404"


def test_addresses_mean_something_only_after_a_redirect() -> None:
    pages = shipped_error_pages()
    login = "https://a.example/accounts/login/?next=/p/1"
    assert (
        pages.find_meaning(None, login, "https://a.example/p/1")
        == "login_wall"
    )
    assert pages.find_meaning(None, login, login) is None
    removed = "https://i.imgur.com/removed.png"
    assert (
        pages.find_meaning(None, removed, "https://i.imgur.com/a.png")
        == "soft_404"
    )
    assert (
        pages.find_meaning(
            None, removed.replace("imgur", "notimgur"), "https://x.example/"
        )
        is None
    )


def test_an_operator_may_record_a_providers_error_page(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    table = tmp_path / "data" / "error_pages.toml"
    table.write_text(
        '[[page]]\nhost = "a.example"\nsimhash = "00000000000000ff"\nverdict = "soft_404"\n'
    )
    pages = load_error_pages(tmp_path)
    page = Page("00000000000000fe", 300)
    here = "https://www.a.example/1"
    assert pages.find_meaning(page, here, here) == "soft_404"
    assert (
        pages.find_meaning(page, "https://b.example/", "https://b.example/")
        is None
    )
    assert (
        pages.find_meaning(Page("0000000000ffff00", 300), here, here) is None
    )
    table.write_text(
        '[titles]\nonline = ["Hello"]\nsoft_404 = ["A"]\nlogin_wall = ["a"]\n'
        '[[page]]\nsimhash = "zz"\nverdict = "soft_404"\n[[address]]\npath = "/"\nverdict="gone"\n'
    )
    with pytest.raises(Misconfigured) as error:
        load_error_pages(tmp_path)
    for part in ('"online"', "two meanings", "page[0]", "address[0]"):
        assert part in str(error.value)


def test_baseline_keeps_only_what_was_assessed_and_survives_json() -> None:
    media = [
        {
            "url": u,
            "source": "img",
            "status": 200,
            "fingerprint": {"sha256": u * 64, "pdq": A},
        }
        for u in "ab"
    ]
    page = {
        "text_simhash": "0" * 16,
        "text_length": 9,
        "title_hash": None,
        "links": 1,
        "login_form": True,
    }
    taken = baseline_from_report(report(media=media, page=page), ["a" * 64])
    assert [m.sha256 for m in taken.media] == ["a" * 64]
    assert Baseline.from_json(json.loads(json.dumps(taken.to_json()))) == taken


@given(
    STATUSES,
    SLUGS,
    st.sampled_from([True, False, None]),
    st.booleans(),
    st.integers(0, 400),
    st.booleans(),
    st.sampled_from(["", "/", "/x", "//b.example/y"]),
    st.booleans(),
)
def test_every_answer_has_a_verdict_with_reasons(
    status: int | None,
    error: str | None,
    control: bool | None,
    login: bool,
    length: int,
    with_media: bool,
    path: str,
    with_page: bool,
) -> None:
    final = (
        f"https:{path}"
        if path.startswith("//")
        else f"https://a.example{path}"
    )
    page = {
        "text_simhash": "0" * 16,
        "text_length": length,
        "title_hash": None,
        "login_form": login,
    }
    check = check_from_report(
        report(
            status=status,
            error=error,
            final_url=final,
            page=page if with_page else None,
        ),
        control_ok=control,
        vantage="own",
        at=NOW,
    )
    wanted = (MediaHash("1" * 64, A),) if with_media else ()
    verdict = judge_check(
        check,
        Baseline(
            "https://a.example/album/1", 200, wanted, Page("f" * 16, 300)
        ),
    )
    assert verdict.verdict not in (
        "online",
        "moved",
    )  # nothing of it was there
    assert verdict.reasons == tuple(REASONS[slug] for slug in verdict.evidence)
    if control is False or error in ("proxy_failure", "tls_invalid"):
        assert verdict.verdict == "unknown"
    if control is not True:
        assert not verdict.healthy


def test_every_reason_is_a_sentence_of_its_own() -> None:
    assert len(set(REASONS.values())) == len(REASONS)
    for reason in REASONS.values():
        assert reason[0].isupper()
        assert reason.endswith(".")
