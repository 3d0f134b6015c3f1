"""Only what an allow-listed domain provably signed gets in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import dkim
import pytest

from hotline.core.errors import InvalidInput, Misconfigured, Unavailable
from hotline.intake.inbound import mail
from hotline.intake.inbound.mail import Sender, load_senders, read_mail
from triage.locations.places import find_places


@pytest.fixture
def refused(dns: Any, senders: tuple[Sender, ...]) -> Any:
    def why(raw: bytes) -> str:
        with pytest.raises(InvalidInput) as caught:
            read_mail(raw, senders, ask=dns, find_places=find_places)
        return caught.value.message

    return why


def test_a_signed_letter_gets_in(partner: Any, dns: Any, senders: Any) -> None:
    found = read_mail(
        partner.sign(partner.letter()),
        senders,
        ask=dns,
        find_places=find_places,
    )
    assert (found.sender.name, found.message_id) == (
        "Platform",
        "<1@platform.test>",
    )
    (one,) = found.found
    assert one.submission.locations == ["https://host.test/a"]
    assert one.submission.reporter_role == "provider"
    assert one.submission.narrative.endswith(
        "Report\nSee https://host.test/a."
    )
    assert one.reference == "1@platform.test"


def test_who_told_the_sender_goes_before_who_the_sender_is(
    partner: Any, dns: Any, senders: Any
) -> None:
    raw = partner.sign(partner.letter("reporter_role: child_self\nHelp me."))
    (one,) = read_mail(raw, senders, ask=dns, find_places=find_places).found
    assert one.submission.reporter_role == "child_self"


def test_a_signature_by_somebody_else_beside_the_right_one_does_no_harm(
    partner: Any, stranger: Any, dns: Any, senders: Any
) -> None:
    raw = stranger.sign(partner.sign(partner.letter()))
    assert (
        read_mail(raw, senders, ask=dns, find_places=find_places).sender.name
        == "Platform"
    )
    assert dns.asked == [partner.name]


@pytest.mark.parametrize(
    "change",
    [
        (b"host.test/a", b"host.test/b"),
        (b"Subject: Report", b"Subject: Other"),
        (b"<1@platform.test>", b"<2@platform.test>"),
        (b"09:00:00", b"09:00:01"),
    ],
)
def test_a_changed_letter_stays_out(
    partner: Any, refused: Any, change: Any
) -> None:
    raw = partner.sign(partner.letter())
    assert change[0] in raw
    assert "No proof" in refused(raw.replace(*change))


def test_a_text_after_the_signed_one_stays_out(
    partner: Any, refused: Any
) -> None:
    assert "No proof" in refused(
        partner.sign(partner.letter()) + b"And https://more.test/\r\n"
    )


def test_an_unsigned_letter_stays_out(
    partner: Any, refused: Any, dns: Any
) -> None:
    assert "no signature" in refused(partner.letter())
    assert dns.asked == []


def test_a_spoofed_sender_stays_out(
    stranger: Any, refused: Any, dns: Any
) -> None:
    """Somebody with a good key of their own writes another's name into From."""
    raw = stranger.sign(stranger.letter(sender="desk@platform.test"))
    assert "a signature of another domain" in refused(raw)
    assert dns.asked == []


def test_a_stranger_stays_out(stranger: Any, refused: Any, dns: Any) -> None:
    assert "not on the list" in refused(stranger.sign(stranger.letter()))
    assert dns.asked == []


def test_another_address_of_the_domain_is_no_listed_address(
    partner: Any, refused: Any
) -> None:
    raw = partner.sign(partner.letter(sender="intern@platform.test"))
    assert "not on the list" in refused(raw)


def test_a_key_of_somebody_else_under_the_right_name_stays_out(
    partner: Any, stranger: Any, refused: Any
) -> None:
    raw = partner.sign(partner.letter())
    partner.zone[partner.name] = stranger.zone[stranger.name]
    assert "does not hold" in refused(raw)


@pytest.mark.parametrize(
    "key",
    [None, b"", b"v=DKIM1; k=rsa; p=", b"v=DKIM1; p=AAAA", b"=;;", b"\xff"],
)
def test_a_withdrawn_or_broken_key_proves_nothing(
    partner: Any, refused: Any, key: Any
) -> None:
    raw = partner.sign(partner.letter())
    partner.zone[partner.name] = key
    assert "No proof" in refused(raw)


def test_a_key_marked_as_a_test_proves_nothing(
    partner: Any, refused: Any
) -> None:
    raw = partner.sign(partner.letter())
    partner.publish(b"t=s:y; ")
    assert "No proof" in refused(raw)
    partner.publish()


@pytest.mark.parametrize(
    "second",
    [
        b"From: desk@platform.test\r\n",
        b"from: evil@stranger.test\r\n",
        b"Subject: x\r\n",
        b"Message-ID: <9@x.test>\r\n",
        b"Content-Type: text/html\r\n",
    ],
)
def test_a_second_field_of_one_kind_stays_out(
    partner: Any, refused: Any, second: bytes
) -> None:
    signed = partner.sign(partner.letter())
    assert "twice" in refused(second + signed)


@pytest.mark.parametrize(
    "value",
    [
        "desk@platform.test, evil@stranger.test",
        "Group: desk@platform.test;",
        "<desk@platform.test> (x)",
        "desk@platform.test evil@stranger.test",
        "desk",
        "",
        "<desk@platform.test><evil@stranger.test>",
    ],
)
def test_a_from_that_is_not_one_address_stays_out(
    partner: Any, refused: Any, value: str
) -> None:
    letter = partner.letter().replace(
        b"Desk <desk@platform.test>", value.encode()
    )
    assert "one plain address" in refused(partner.sign(letter))


def test_a_signature_over_a_part_of_the_body_stays_out(
    partner: Any, refused: Any
) -> None:
    assert "(l=)" in refused(partner.sign(partner.letter(), length=True))


@pytest.mark.parametrize("name", [b"subject", b"date", b"message-id"])
def test_a_signature_must_cover_what_counts(
    partner: Any, refused: Any, name: bytes
) -> None:
    headers = [
        one
        for one in (b"from", b"subject", b"date", b"message-id")
        if one != name
    ]
    assert "leaves out" in refused(
        partner.sign(partner.letter(), headers=headers)
    )


def test_the_old_hash_function_stays_out(partner: Any, refused: Any) -> None:
    assert "no longer allowed" in refused(
        partner.sign(partner.letter(), algorithm=b"rsa-sha1")
    )


def test_an_expired_signature_stays_out(
    partner: Any,
    refused: Any,
    dns: Any,
    senders: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The signature itself is good: x= alone decides."""
    original = dkim.DKIM.gen_header

    def with_end(self: Any, fields: Any, *rest: Any, **more: Any) -> Any:
        fields.insert(-1, (b"x", str(end).encode()))
        return original(self, fields, *rest, **more)

    monkeypatch.setattr(dkim.DKIM, "gen_header", with_end)
    real = time.time()
    end = int(real) + 100_000
    assert (
        read_mail(
            partner.sign(partner.letter()),
            senders,
            ask=dns,
            find_places=find_places,
        ).sender.name
        == "Platform"
    )
    monkeypatch.setattr(time, "time", lambda: real - 300_000)
    end = int(real) - 200_000
    old = partner.sign(partner.letter())
    monkeypatch.setattr(time, "time", lambda: real)
    assert "has expired" in refused(old)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b" folded first\r\nFrom: desk@platform.test\r\n\r\n",
        b"\xff\xfe" * 50,
        b"From desk\r\n",
        b"DKIM-Signature: v=1\r\n" * 3,
        b"From: desk@platform.test\rX: y\r\n\r\n",
        b"DKIM-Signature: ;;;=\r\nFrom: desk@platform.test\r\nDate: x\r\nMessage-ID: <1>\r\n\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=platform.test; s=\xff; h=from; bh=!; b=!\r\n"
        b"From: desk@platform.test\r\nDate: x\r\nMessage-ID: <1>\r\n\r\n",
    ],
)
def test_hostile_messages_are_refused_and_nothing_worse(
    refused: Any, raw: bytes
) -> None:
    assert refused(raw)


def test_a_dns_that_does_not_answer_decides_nothing(
    partner: Any, dns: Any, senders: Any
) -> None:
    dns.down = True
    with pytest.raises(Unavailable):
        read_mail(
            partner.sign(partner.letter()),
            senders,
            ask=dns,
            find_places=find_places,
        )


def test_long_white_space_costs_nothing_and_changes_nothing(
    partner: Any, dns: Any, senders: Any
) -> None:
    """To the relaxed form a megabyte of blanks is one; the library alone would take hours."""
    raw = partner.sign(partner.letter("See https://host.test/a now"))
    wide = raw.replace(b"a now", b"a" + b" \t" * 500_000 + b"now  ")
    assert (
        read_mail(wide, senders, ask=dns, find_places=find_places).sender.name
        == "Platform"
    )


def test_a_header_without_end_is_refused(partner: Any, refused: Any) -> None:
    raw = partner.sign(partner.letter(rest=f"X: {'x' * 70_000}\n\n"))
    assert "header is longer" in refused(raw)


def test_a_parent_domain_may_sign_where_the_list_says_so(
    partner: Any, dns: Any, refused: Any
) -> None:
    listed = Sender(
        "Sub",
        "dkim",
        "plain",
        "public",
        domain="a.platform.test",
        signed_by="platform.test",
    )
    raw = partner.sign(partner.letter(sender="x@a.platform.test"))
    assert (
        read_mail(raw, (listed,), ask=dns, find_places=find_places).sender
        == listed
    )


def test_attachments_are_not_looked_at(
    partner: Any, dns: Any, senders: Any
) -> None:
    rest = 'Content-Type: multipart/mixed; boundary="b"\n\n'
    text = (
        "--b\nContent-Type: text/plain\n\nWords\n--b\nContent-Type: image/png\n"
        "Content-Transfer-Encoding: base64\n\n" + "A" * 60 + "\n--b\n"
        "Content-Type: text/plain\nContent-Disposition: attachment\n\nhttps://no.test/\n--b--"
    )
    (one,) = read_mail(
        partner.sign(partner.letter(text, rest=rest)),
        senders,
        ask=dns,
        find_places=find_places,
    ).found
    assert one.submission.locations == []
    assert one.submission.narrative.endswith("Report\nWords")


def test_nobody_is_on_the_shipped_list(tmp_path: Path) -> None:
    assert load_senders() == ()


def test_all_faults_of_the_list_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = [
        'name = ""\naddress = "a@b.test"',
        'name = "both"\naddress = "c@b.test"\ndomain = "b.test"',
        'name = "no host"\ndomain = "localhost"',
        'name = "signer"\ndomain = "c.test"\nsigned_by = "evil.test"',
        'name = "top"\ndomain = "d.test"\nsigned_by = "test"',
        'name = "twice"\naddress = "A@b.test"',
    ]
    same = 'proof = "dkim"\nformat = "plain"\nreporter_role = "public"\n'
    text = "".join(f"[[senders]]\n{row}\n{same}" for row in rows)
    (tmp_path / "data" / mail.FILE).write_text(text)
    with pytest.raises(Misconfigured) as caught:
        load_senders(tmp_path)
    for name in (
        "?: the name",
        "both: give",
        "no host: ",
        "signer: ",
        "top: ",
        "a@b.test is",
    ):
        assert name in caught.value.message
    (tmp_path / "data" / mail.FILE).write_text(
        f'[[senders]]\nname = "x"\naddress = "a@b.test"\n{same}'
    )
    assert [one.of_domain for one in load_senders(tmp_path)] == ["b.test"]


# RFC 8463, Appendix A: the key, and the message with its Ed25519 signature.
RFC_KEY = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
RFC_PRIVATE = b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
RFC_MAIL = """DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""


def test_the_example_of_the_ed25519_standard_gets_in(dns: Any) -> None:
    listed = Sender(
        "Joe", "dkim", "plain", "public", address="joe@football.example.com"
    )
    dns.zone[b"brisbane._domainkey.football.example.com."] = RFC_KEY
    raw = RFC_MAIL.replace("\n", "\r\n").encode()
    assert (
        read_mail(raw, (listed,), ask=dns, find_places=find_places).sender
        == listed
    )
    for old, new in (
        (b"hungry", b"thirsty"),
        (b"dinner", b"supper"),
        (b"b=/gC", b"b=/gD"),
    ):
        with pytest.raises(InvalidInput, match="No proof"):
            read_mail(
                raw.replace(old, new),
                (listed,),
                ask=dns,
                find_places=find_places,
            )


def ed25519_signed(partner: Any, letter: bytes) -> bytes:
    line = dkim.sign(
        letter,
        b"s1",
        partner.domain.encode(),
        RFC_PRIVATE,
        signature_algorithm=b"ed25519-sha256",
        include_headers=[b"from", b"subject", b"date", b"message-id"],
        canonicalize=(b"relaxed", b"relaxed"),
    )
    return bytes(line) + letter


def test_an_ed25519_signature_proves_its_own_domain_only(
    partner: Any, dns: Any, refused: Any, senders: Any
) -> None:
    raw = ed25519_signed(partner, partner.letter())
    assert "No proof" in refused(raw)  # the zone still has the RSA key
    partner.zone[partner.name] = RFC_KEY
    assert (
        read_mail(raw, senders, ask=dns, find_places=find_places).sender.name
        == "Platform"
    )
    assert "No proof" in refused(
        partner.sign(partner.letter())
    )  # RSA by an Ed25519 key
    other = b"MCowBQYDK2VwAyEA" + b"A" * 28
    for wrong in (
        b"k=ed25519; p=" + other,
        b"k=ed25519; p=",
        b"k=ed448; p=AAAA",
    ):
        partner.zone[partner.name] = b"v=DKIM1; " + wrong
        assert "No proof" in refused(raw)
