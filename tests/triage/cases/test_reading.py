"""What is read from words as an identifier, and what a person may type as one. No database."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hotline.core.errors import InvalidInput
from triage.cases.people.reading.words import (
    LONGEST_PLATFORM,
    LONGEST_VALUE,
    SaidIdentifier,
    find_identifiers,
    read_identifier,
)
from triage.cases.people.vocabulary import IdentifierKind

WORDS = """He writes as @dark.wolf_77 on instagram and t.me/darkwolf, from +355 69 212 3456
and x.y@mail.example. Send it to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq or
AL47 2121 1009 0000 0002 3569 8741. He was at 192.0.2.7:4444 on 2026-03-01 22:15."""
BECH32 = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
BASE58 = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
ETHEREUM = "0x52908400098527886E0F7030069857D2E4169EE7"
IBAN = "AL47 2121 1009 0000 0002 3569 8741"


def test_words_give_up_what_leads_to_people() -> None:
    assert {
        said.kind: said.display for said in find_identifiers(WORDS, "AL")
    } == {
        IdentifierKind.ACCOUNT: "@darkwolf (Telegram)",
        IdentifierKind.PHONE: "+355 69 212 3456",
        IdentifierKind.EMAIL: "x.y@mail.example",
        IdentifierKind.IP_ADDRESS: "192.0.2.7:4444 2026-03-01T22:15:00",
        IdentifierKind.WALLET: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        IdentifierKind.IBAN: "AL47 2121 1009 0000 0002 3569 8741",
    }
    accounts = [
        said.platform
        for said in find_identifiers(WORDS, "AL")
        if said.kind is IdentifierKind.ACCOUNT
    ]
    assert accounts == ["instagram", "telegram"]


def test_what_was_found_is_the_same_when_it_is_added() -> None:
    """The button beside a found identifier posts its canonical text."""
    for said in find_identifiers(WORDS, "AL"):
        again = read_identifier(said.kind, said.platform, said.canonical, "AL")
        assert again.identity == said.identity


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (IdentifierKind.PHONE, "12"),
        (IdentifierKind.EMAIL, "nobody"),
        (IdentifierKind.IP_ADDRESS, "999.1.1.1"),
        (IdentifierKind.IBAN, "AL47 2121 1009 0000 0002 3569 8742"),
        (IdentifierKind.OTHER, "  "),
        (IdentifierKind.OTHER, "x" * 301),
    ],
)
def test_what_cannot_be_one_is_refused(
    kind: IdentifierKind, text: str
) -> None:
    with pytest.raises(InvalidInput):
        read_identifier(kind, "", text, "AL")


@settings(deadline=None)
@given(some.text(max_size=300))
def test_any_words_can_be_read(text: str) -> None:
    identities = [said.identity for said in find_identifiers(text, "AL")]
    assert len(identities) == len(set(identities))


def test_an_unknown_platform_s_account_is_kept_as_it_is() -> None:
    said = read_identifier(IdentifierKind.ACCOUNT, "Rizzler", "@Bob", "AL")
    same = read_identifier(IdentifierKind.ACCOUNT, "rizzler", "bob", "AL")
    assert said.display == "@Bob (Rizzler)"
    assert said.identity == same.identity


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            BASE58,
            SaidIdentifier(
                IdentifierKind.WALLET,
                f"wallet:{BASE58}",
                BASE58,
                BASE58,
                "Bitcoin",
            ),
        ),
        (
            BECH32,
            SaidIdentifier(
                IdentifierKind.WALLET,
                f"wallet:{BECH32}",
                BECH32,
                BECH32,
                "Bitcoin",
            ),
        ),
        (
            ETHEREUM,
            SaidIdentifier(
                IdentifierKind.WALLET,
                f"wallet:{ETHEREUM.lower()}",
                ETHEREUM.lower(),
                ETHEREUM.lower(),
                "Ethereum",
            ),
        ),
        (
            f"{IBAN} PLEASE SOON",
            SaidIdentifier(
                IdentifierKind.IBAN,
                "iban:AL47212110090000000235698741",
                IBAN,
                "AL47212110090000000235698741",
            ),
        ),
    ],
)
def test_a_way_of_paying_is_found_once(
    text: str, said: SaidIdentifier
) -> None:
    """And its digits are no telephone number besides."""
    assert find_identifiers(f"Pay {text}, now. {text}!", "AL") == (said,)


@pytest.mark.parametrize(
    "text",
    [
        BASE58[:-1] + "3",
        BECH32[:-1] + "p",
        ETHEREUM[:-1],
        "AL47 2121 1009 0000 0002 3569 8742",
    ],
)
def test_what_its_check_digits_deny_is_no_way_of_paying(text: str) -> None:
    kinds = {said.kind for said in find_identifiers(f"Pay {text}.", "AL")}
    assert not kinds & {IdentifierKind.WALLET, IdentifierKind.IBAN}


def test_what_is_about_no_person_is_left_out() -> None:
    assert find_identifiers("See http://a.example/x and nothing.", "AL") == ()
    assert find_identifiers("", "AL") == ()


@pytest.mark.parametrize("word", ["on", "në", "na", "на"])
@pytest.mark.parametrize("handle", ["@wolf", "wolf_77", "wolf.pup"])
def test_a_handle_before_its_platform_is_an_account(
    handle: str, word: str
) -> None:
    (said,) = find_identifiers(f"He is {handle} {word} Snapchat", "AL")
    assert (said.kind, said.platform) == (IdentifierKind.ACCOUNT, "snapchat")
    assert handle.removeprefix("@") in said.canonical


@pytest.mark.parametrize(
    "words",
    [
        "A man on Snapchat, by the name {} writes to me",
        "Dikush në Snapchat me emrin {} më shkruan",
        "Neko na Snapchat pod imenom {} mi piše",
        "Неко на Snapchat под именом {} ми пише",
        "Некој на Snapchat со името „{}“ ми пишува",
    ],
)
@pytest.mark.parametrize("handle", ["@wolf", "wolf_77", "wolf.pup"])
def test_a_handle_after_its_platform_is_an_account(
    handle: str, words: str
) -> None:
    (said,) = find_identifiers(words.format(handle), "AL")
    assert (said.kind, said.platform) == (IdentifierKind.ACCOUNT, "snapchat")
    assert handle.removeprefix("@") in said.canonical


@pytest.mark.parametrize(
    "text",
    [
        "They chat on Snapchat",
        "Snapchat as usual",
        "Snapchat si gjithmonë",
        "on Snapchat yesterday.He is 13",
        "Vajza ime në Instagram 13-vjeçare",
        "Од 1.11.2026. па до 12/11/2026",
    ],
)
def test_a_plain_word_beside_a_platform_is_no_handle(text: str) -> None:
    assert find_identifiers(text, "AL") == ()


@pytest.mark.parametrize(
    ("words", "account"),
    [
        ("Zove se vuk_77 na Snapchatu i traži slike", "@vuk_77 (Snapchat)"),
        ("Пише ми на Снепчету, а зове се vuk_77", "@vuk_77 (Snapchat)"),
        ("Na Instagramu @vuk.stari mi piše", "@vuk.stari (Instagram)"),
        ("Пише са Инстаграма: @vuk.stari", "@vuk.stari (Instagram)"),
        ("На Инстаграмот се вика vuk_77.", "@vuk_77 (Instagram)"),
        ("Се вика @vuk.star на Снепчет,", "@vuk.star (Snapchat)"),
        ("Quhet ujku_77 në Snapchat-in e tij", "@ujku_77 (Snapchat)"),
        ("Në TikTok-un tim më shkroi ujku77!", "@ujku77 (TikTok)"),
        ("his profile is Snapchat (wolf_77)", "@wolf_77 (Snapchat)"),
        ("Instagram wolf_77,Snapchat", "@wolf_77 (Instagram)"),
    ],
)
def test_a_platform_is_named_as_each_language_bends_it(
    words: str, account: str
) -> None:
    assert [said.display for said in find_identifiers(words, "RS")] == [
        account
    ]


@pytest.mark.parametrize(
    "words",
    [
        "On Instagram @wolf and on Snapchat @fox_1",
        "@wolf on Instagram and fox_1 on Snapchat",
        "On Instagram @wolf, fox_1 on Snapchat",
        "Na Instagramu se zove @wolf, a na Snapchatu piše kao fox_1",
    ],
)
def test_each_name_belongs_to_the_platform_beside_it(words: str) -> None:
    said = [entry.display for entry in find_identifiers(words, "RS")]
    assert sorted(said) == ["@fox_1 (Snapchat)", "@wolf (Instagram)"]


@pytest.mark.parametrize(
    ("country", "words", "number"),
    [
        ("AL", "tel.0692123456", "+355 69 212 3456"),
        ("AL", "më telefonon,nr:069/21-23-456.", "+355 69 212 3456"),
        ("RS", "broj:0641234567,zove stalno", "+381 64 1234567"),
        ("RS", "број:064/123-4567", "+381 64 1234567"),
        ("MK", "тел.070 123 456;", "+389 70 123 456"),
        ("MK", "Вајбер:+38970123456", "+389 70 123 456"),
    ],
)
def test_a_number_is_read_behind_its_label(
    country: str, words: str, number: str
) -> None:
    (said,) = find_identifiers(words, country)
    assert said.display == number


@pytest.mark.parametrize(
    ("country", "words"),
    [
        ("AL", "nga IP-ja 203.0.113.9 porta 4662 më 1.11.2026 ora 22:15"),
        ("RS", "sa adrese 203.0.113.9:4662 dana 01.11.2026. u 22:15."),
        ("RS", "са адресе 203.0.113.9, порт 4662, 1.11.2026. у 22:15"),
        ("MK", "од 203.0.113.9:4662 на 01.11.2026 во 22:15 часот"),
        ("AL", "203.0.113.9:4662, 2026-11-01 22:15"),
    ],
)
def test_an_address_is_read_with_port_and_time_as_they_are_spoken(
    country: str, words: str
) -> None:
    """And the date is no telephone number of Belgrade."""
    (said,) = find_identifiers(words, country)
    assert said.canonical == "203.0.113.9:4662 2026-11-01T22:15:00"


@pytest.mark.parametrize(
    ("words", "canonical"),
    [
        ("It was 203.0.113.9:4662.", "203.0.113.9:4662"),
        ("203.0.113.9, 2026-11-01 22:15", "203.0.113.9 2026-11-01T22:15:00"),
        ("203.0.113.9, 1.11.2026 22:15", "203.0.113.9 2026-11-01T22:15:00"),
    ],
)
def test_the_beginning_of_a_date_is_no_port(
    words: str, canonical: str
) -> None:
    (said,) = find_identifiers(words, "AL")
    assert said.canonical == canonical


def test_a_number_without_its_country_belongs_to_ours() -> None:
    (here,) = find_identifiers("Call 069 212 3456", "AL")
    assert here.display == "+355 69 212 3456"


@pytest.mark.parametrize("length", [1, LONGEST_VALUE])
def test_the_shortest_and_the_longest_are_taken(length: int) -> None:
    said = read_identifier(IdentifierKind.OTHER, "", "x" * length, "AL")
    assert said.canonical == "x" * length
    assert LONGEST_VALUE == 300


def test_a_value_of_no_known_form_is_kept_but_compared_without_case() -> None:
    said = read_identifier(IdentifierKind.OTHER, " Bank  X ", " Ab  1 ", "AL")
    assert said == SaidIdentifier(
        IdentifierKind.OTHER, "other:bank x:ab 1", "Ab 1", "Ab 1", "Bank X"
    )
    long = read_identifier(IdentifierKind.OTHER, "p" * 99, "x", "AL")
    assert len(long.platform) == LONGEST_PLATFORM == 60


def test_a_wallet_that_was_typed_is_the_one_that_was_found() -> None:
    (found,) = find_identifiers(BECH32, "AL")
    typed = read_identifier(IdentifierKind.WALLET, "monero", BECH32, "AL")
    assert typed == found


def test_an_account_of_a_known_platform_is_read_as_there() -> None:
    typed = read_identifier(IdentifierKind.ACCOUNT, "Telegram", "@Wolf", "AL")
    (found,) = find_identifiers("t.me/wolf", "AL")
    assert typed == found
    link = read_identifier(IdentifierKind.ACCOUNT, "", "t.me/wolf", "AL")
    assert link == found


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("Snapchat", "wolf_77"),
        ("снепчет", "Wolf_77"),
        ("na Snapchatu", "@wolf_77"),
        ("Snapchat-in", "wolf_77"),
    ],
)
def test_an_account_that_was_answered_is_the_one_in_the_words(
    platform: str, name: str
) -> None:
    """So that two cases in which one man is named are offered as related."""
    typed = read_identifier(IdentifierKind.ACCOUNT, platform, name, "RS")
    assert find_identifiers("Zove se wolf_77 na Snapchatu", "RS") == (typed,)


def test_how_somebody_is_called_is_kept_whole() -> None:
    said = read_identifier(IdentifierKind.ACCOUNT, "fb", "Marko M. B", "RS")
    assert said.display == "Marko M. B (fb)"


def test_an_account_without_a_platform_is_its_name() -> None:
    said = read_identifier(IdentifierKind.ACCOUNT, "", "@Bob", "AL")
    assert said == SaidIdentifier(
        IdentifierKind.ACCOUNT, "account::@bob", "@Bob", "@Bob", ""
    )


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        (IdentifierKind.OTHER, "", "length"),
        (IdentifierKind.IBAN, "AL47 2121", "check digits"),
        (IdentifierKind.PHONE, "x.y@mail.example", "unreadable"),
        (IdentifierKind.EMAIL, "+355 69 212 3456", "unreadable"),
    ],
)
def test_a_refusal_names_the_field_and_why(
    kind: IdentifierKind, text: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_identifier(kind, "", text, "AL")
    assert caught.value.fields == {"/value": field}
    assert str(caught.value).endswith(".")
    assert bool(caught.value.hint) == (field == "unreadable")


@pytest.mark.parametrize("address", ["192.0.2.7:4444", "[2001:db8::7]:443"])
@pytest.mark.parametrize(
    "when", ["2026-11-20T15:00:00Z", "2026-11-20T08:00:00"]
)
def test_an_address_is_offered_with_its_time_or_not_at_all(
    address: str, when: str
) -> None:
    """A CyberTipline report names each in its own field and in its words."""
    told = f"{address} {when}\nAddress used: {address}, Login"
    (found,) = find_identifiers(told, "AL")
    assert found.canonical == f"{address} {when}"
    (alone,) = find_identifiers(f"Address used: {address}, Login", "AL")
    assert alone.canonical == address
    uses = find_identifiers(f"{address} {when}\n203.0.113.9:1", "AL")
    assert len(uses) == 2
