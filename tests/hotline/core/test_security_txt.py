"""security.txt as RFC 9116 has it, on every host of ours; none where nobody said so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from hotline.core.context import Context
from hotline.core.errors import Misconfigured
from hotline.core.settings import load_settings
from workers.app import create_app

PATH = "/.well-known/security.txt"
CONTACTS = ("mailto:security@hotline.al", "https://hotline.al/security")


def ask(context: Context) -> tuple[int, str, str]:
    answer = create_app(context).test_client().get(PATH)
    return answer.status_code, answer.content_type, answer.text


@pytest.mark.parametrize("audience", ["public", "console", "provider"])
def test_it_is_on_every_host(
    audience: str, make_context: Callable[..., Context]
) -> None:
    context = make_context(
        audiences=[audience],
        security_contacts=CONTACTS,
        security_expires="2027-06-30",
        security_policy="https://hotline.al/policy",
        public_url="https://report.hotline.al",
        languages=["sq", "en"],
    )
    status, kind, text = ask(context)
    assert status == 200 and kind == "text/plain; charset=utf-8"
    assert text.split("\r\n") == [
        "Contact: mailto:security@hotline.al",
        "Contact: https://hotline.al/security",
        "Expires: 2027-06-30T23:59:59Z",
        "Policy: https://hotline.al/policy",
        "Preferred-Languages: sq, en",
        "Canonical: https://report.hotline.al/.well-known/security.txt",
        "",
    ]


def test_without_a_contact_there_is_none(
    make_context: Callable[..., Context],
) -> None:
    assert ask(make_context())[0] == 404


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"security_contacts": CONTACTS}, "security_expires"),
        (
            {
                "security_contacts": ["http://hotline.al"],
                "security_expires": "2027-06-30",
            },
            "https://",
        ),
        (
            {
                "security_contacts": ["mailto:a@b.al\nPolicy: x"],
                "security_expires": "2027-06-30",
            },
            "no spaces",
        ),
        ({"security_expires": "soon"}, "security_expires"),
    ],
)
def test_what_cannot_stand_there_is_refused(
    given: dict[str, object], words: str
) -> None:
    with pytest.raises((Misconfigured, ValidationError), match=words):
        load_settings(**given)


def test_a_language_that_there_is_not(
    make_context: Callable[..., Context],
) -> None:
    with pytest.raises(Misconfigured, match="there is no xx"):
        make_context(languages=["sq", "xx"])
