"""Contacts of RDAP answers, as registries really write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.hosting.sources.registries.contact_card import (
    ContactCard,
    read_card,
)
from triage.hosting.sources.registries.rdap_answer import find_abuse_mailboxes


def jcard(*rows: list[Any]) -> dict[str, Any]:
    return {"vcardArray": ["vcard", [["version", {}, "text", "4.0"], *rows]]}


DESK = ("abuse@isp.example",)
BOTH = ("abuse@isp.example", "noc@isp.example")


@pytest.mark.parametrize(
    ("row", "mailboxes"),
    [
        (["email", {}, "text", "abuse@isp.example"], DESK),
        (["EMAIL", {}, "text", "abuse@isp.example"], DESK),
        (["email", {}, "uri", "mailto:abuse@isp.example"], DESK),
        (["email", {}, "text", "MAILTO:abuse@isp.example?subject=x"], DESK),
        (["email", {}, "text", "Abuse Desk <abuse@isp.example>"], DESK),
        (["email", {}, "text", " abuse@isp.example "], DESK),
        (["email", {}, "text", "abuse@isp.example, noc@isp.example"], BOTH),
        (["email", {}, "text", "abuse@isp.example;noc@isp.example"], BOTH),
        (["email", {}, "text", "abuse@isp.example", "noc@isp.example"], BOTH),
        (
            ["email", {}, "text", ["abuse@isp.example", "noc@isp.example"]],
            BOTH,
        ),
        (
            ["email", {}, "text", "A <abuse@isp.example>, noc@isp.example"],
            BOTH,
        ),
        (["contact-uri", {}, "uri", "mailto:abuse@isp.example"], DESK),
        (["CONTACT-URI", {}, "uri", "mailto:abuse@isp.example"], DESK),
        (["contact-uri", {}, "uri", "https://isp.example/abuse"], ()),
        (["email", {}, "text", "abuse at isp"], ()),
        (["email", {}, "text", "a@x\r\nBcc: b@isp.example"], ()),
        (["email", {}, "text"], ()),
        (["email"], ()),
        ([7, None, {}, 7], ()),
    ],
)
def test_every_way_of_writing_a_mailbox(
    row: list[Any], mailboxes: tuple[str, ...]
) -> None:
    assert read_card(jcard(row)).mailboxes == mailboxes


def test_a_mailbox_in_another_letter_case_is_the_same() -> None:
    rows = [
        ["email", {}, "text", "Abuse@isp.example"],
        ["email", {}, "text", "abuse@ISP.example"],
    ]
    assert read_card(jcard(*rows)).mailboxes == ("Abuse@isp.example",)


def test_the_formatted_name_comes_before_the_organisation_s() -> None:
    rows = [["org", {}, "text", ["ISP", "Desk"]], ["FN", {}, "text", "Anna"]]
    assert read_card(jcard(*rows)).name == "Anna"
    assert read_card(jcard(rows[0])).name == "ISP"
    assert read_card({}) == ContactCard(None, ())


def test_jscontact_is_read_too() -> None:
    card = {
        "@type": "Card",
        "name": {"full": "Abuse Desk"},
        "organizations": {"o": {"name": "ISP"}},
        "emails": {
            "e1": {"address": "abuse@isp.example"},
            "e2": {"address": "noc@isp.example"},
        },
    }
    assert read_card({"jscard": card}) == ContactCard("Abuse Desk", BOTH)


@pytest.mark.parametrize(
    "roles",
    [
        ["abuse"],
        ["ABUSE"],
        "abuse",
        "Abuse",
        "technical, abuse",
        ["noc abuse"],
    ],
)
def test_roles_may_be_a_text(roles: Any) -> None:
    entity = {**jcard(["email", {}, "text", DESK[0]]), "roles": roles}
    assert find_abuse_mailboxes({"entities": [entity]}) == list(DESK)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["vcardArray", "jscard", "name", "emails", "full", "address"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JUNK, JUNK)
def test_nothing_that_a_stranger_sends_raises(one: Any, other: Any) -> None:
    card = read_card({"vcardArray": one, "jscard": other})
    assert all("@" in mailbox for mailbox in card.mailboxes)
