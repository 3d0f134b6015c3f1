"""Addresses inside addresses: redirectors and translators are opened, archives are linked."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.corpus import read_groups
from triage.locations import identify_locations, identify_one

PAGE = "https://www.example.com/a?x=1&y=2"
KEY = "url://www.example.com/a?x=1&y=2"
CODED = quote(PAGE, safe="")
BASE64 = base64.urlsafe_b64encode(PAGE.encode()).decode().rstrip("=")

UNWRAPPED = [
    f"https://www.google.com/url?sa=t&url={CODED}&usg=abc",
    f"https://www.google.al/url?q={CODED}",
    f"https://l.facebook.com/l.php?u={CODED}%26fbclid%3Dabc&h=AT0",
    f"https://lm.facebook.com/l.php?u={CODED}",
    f"https://l.instagram.com/?u={CODED}&e=AT",
    f"https://www.youtube.com/redirect?event=video_description&q={CODED}",
    f"https://out.reddit.com/t3_abc?url={CODED}&token=x",
    f"https://t.umblr.com/redirect?z={CODED}&t=x",
    f"https://vk.com/away.php?to={CODED}",
    f"https://t.me/share/url?url={CODED}&text=x",
    f"https://steamcommunity.com/linkfilter/?u={CODED}",
    f"https://duckduckgo.com/l/?uddg={CODED}",
    f"https://www.bing.com/ck/a?!&&p=x&u=a1{BASE64}&ntb=1",
    f"https://translate.google.com/translate?sl=sq&tl=en&u={CODED}",
    f"https://translate.google.rs/translate?u={CODED}",
    "https://www-example-com.translate.goog/a?x=1&y=2&_x_tr_sl=auto&_x_tr_tl=en",
    f"https://eur01.safelinks.protection.outlook.com/?url={CODED}&data=05&sdata=x",
    "https://urldefense.proofpoint.com/v2/url?u=https-3A__www.example.com_a-3Fx-3D1-26y-3D2&d=Dw",
    "https://urldefense.com/v3/__https://www.example.com/a?x=1&y=2__;!!abc!def$",
    f"https://www.linkedin.com/redir/redirect?url={CODED}",
    f"https://href.li/?{PAGE}",
    f"https://anonym.to/?{PAGE}",
    f"https://12ft.io/{PAGE}",
    f"https://exit.sc/?url={CODED}",
    "https://www.google.com/amp/s/www.example.com/a?x=1&y=2",
    "https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a?x=1&y=2",
    f"https://www.google.com/url?q={quote(f'https://l.facebook.com/l.php?u={CODED}', safe='')}",
]


@pytest.mark.parametrize("text", UNWRAPPED)
def test_a_redirector_names_its_target_and_both_are_kept(text: str) -> None:
    found = identify_locations(text)
    assert [one.key for one in found] == [KEY]
    assert found[0].canonical == PAGE
    assert found[0].host == "www.example.com"
    assert "unwrapped" in found[0].problems
    assert [target.key for target in found[0].wraps] == [KEY]
    assert found[0].via
    assert found[0].to_json()["wraps"] == [KEY]


WRAPPED = [
    (group.lines[0], line)
    for group in read_groups(Path(__file__).parent / "data" / "wrapped.txt")
    for line in group.lines[1:]
]


@pytest.mark.parametrize(("target", "wrapped"), WRAPPED)
def test_what_a_wrapper_of_the_corpus_leads_to_is_identified(
    target: str, wrapped: str
) -> None:
    assert [one.key for one in identify_locations(wrapped)] == [
        identify_one(target).key
    ]


ARCHIVED = [
    (f"https://web.archive.org/web/20200102030405/{PAGE}", "web.archive.org"),
    (
        f"http://web.archive.org/web/20200102030405id_/{PAGE}",
        "web.archive.org",
    ),
    (f"https://archive.ph/20200102030405/{PAGE}", "archive.ph"),
    (f"https://archive.is/20200102030405/{PAGE}", "archive.ph"),
    (f"https://arquivo.pt/wayback/20200102030405/{PAGE}", "arquivo.pt"),
    (
        f"https://webcache.googleusercontent.com/search?q=cache:abcdefghijkl:{CODED}",
        "webcache",
    ),
]


@pytest.mark.parametrize(("text", "host"), ARCHIVED)
def test_an_archive_is_a_location_of_its_own_linked_to_the_original(
    text: str, host: str
) -> None:
    found = identify_one(text)
    assert found.key != KEY
    assert (found.host or "").startswith(host)
    assert "archived_copy" in found.problems
    assert [target.key for target in found.wraps] == [KEY]
    assert identify_one(found.canonical).key == found.key


def test_spellings_of_one_copy_agree_and_moments_differ() -> None:
    keys = [identify_one(text).key for text, _ in ARCHIVED]
    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert len(set(keys)) == 4
    later = ARCHIVED[0][0].replace("2020", "2021")
    assert identify_one(later).key != keys[0]
    plain = ARCHIVED[0][0].replace(PAGE, PAGE.replace("https", "http"))
    assert identify_one(plain).key == keys[0]


def test_a_parameter_of_an_unknown_site_is_left_alone() -> None:
    found = identify_one(f"https://other.example/go?url={CODED}")
    assert (found.host, found.wraps, found.via) == ("other.example", (), ())


def test_a_wrapper_without_an_address_inside_is_a_page_like_any_other() -> (
    None
):
    assert identify_one("https://www.google.com/url?q=words").wraps == ()
    assert identify_one("https://vk.com/away.php").host == "vk.com"


def test_an_onion_service_behind_a_web_proxy_is_the_onion_service() -> None:
    label = "expyuzz4wqqyqhjn"
    found = identify_one(f"https://{label}.onion.ws/a")
    assert (found.kind, found.key) == ("onion", f"onion://{label}.onion/a")
    assert found.via == (f"https://{label}.onion.ws/a",)


def test_depth_is_bounded() -> None:
    text = PAGE
    for _ in range(9):
        text = f"https://href.li/?{text}"
    found = identify_locations(text)
    assert len(found) == 1
    assert "wrapper_too_deep" in found[0].problems


@pytest.mark.parametrize(
    "text",
    [
        "https://www.facebook.com/login/",
        "https://www.facebook.com/login/?next=words",
        "https://x.com/intent/tweet?text=a",
        "https://res.cloudinary.com/invented/image/upload/v1/a.jpg",
        "https://camo.githubusercontent.com/" + "0" * 40 + "/zz",
        "https://secure-web.cisco.com/abc",
        "https://medium.com/r/",
    ],
)
def test_a_service_that_leads_nowhere_is_its_own_page(text: str) -> None:
    assert identify_one(text).wraps == ()
