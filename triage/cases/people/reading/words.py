"""From words to identifiers: accounts, telephones, addresses, wallets. No database, no network.

Accounts, telephones, e-mails and IP addresses are read by ``triage.locations``; check digits of
bank accounts by python-stdnum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stdnum import iban
from stdnum.exceptions import ValidationError

from hotline.core.errors import InvalidInput, phrase
from triage.cases.people.reading.spelling import (
    spell_plainly,
    spell_platform,
)
from triage.cases.people.reading.wallets import WALLET, Wallet, read_wallet
from triage.cases.people.vocabulary import IdentifierKind
from triage.locations import Location, identify_locations
from triage.locations.catalogue import load_platforms
from triage.locations.catalogue_values import Catalogue
from triage.locations.others.address_use import AddressUse, read_address_use

LONGEST_VALUE = 300
LONGEST_PLATFORM = 60

_KIND_OF_LOCATION = {
    "account": IdentifierKind.ACCOUNT,
    "phone": IdentifierKind.PHONE,
    "email": IdentifierKind.EMAIL,
    "ip": IdentifierKind.IP_ADDRESS,
}
# ISO 13616: two letters, two check digits, 11 to 30 letters or digits, often in groups of four.
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")


@dataclass(frozen=True, slots=True)
class SaidIdentifier:
    """An identifier as it was said. Two with one ``identity`` are the same one.

    ``display`` is what a person reads; of an IP address it holds port and time as they were stated.
    ``canonical`` is a text from which the same identifier is read again.
    """

    kind: IdentifierKind
    identity: str
    display: str
    canonical: str
    platform: str = ""


def find_identifiers(
    text: str, country: str, catalogue: Catalogue | None = None
) -> tuple[SaidIdentifier, ...]:
    """Every identifier in ``text``, each once, in the order of its kind and place.

    ``country`` (ISO 3166) is where a telephone number without a country code belongs.
    """
    payments = list(_find_payments(text))
    # A bank account's digits would be read as a telephone number.
    rest = text
    for written, _ in payments:
        rest = rest.replace(written, " ")
    by_identity: dict[str, SaidIdentifier] = {}
    catalogue = catalogue or load_platforms(None)
    rest = spell_plainly(rest, catalogue)
    for location in identify_locations(rest, country, catalogue=catalogue):
        said = _of_location(location)
        if said is not None:
            by_identity.setdefault(said.identity, said)
    # Last, so that accounts and telephones, which lead to a person sooner,
    # come first.
    for _, said in payments:
        by_identity.setdefault(said.identity, said)
    return _say_each_use_once(by_identity.values())


def _say_each_use_once(
    found: Iterable[SaidIdentifier],
) -> tuple[SaidIdentifier, ...]:
    """Without an address that stands there with its time as well.

    Sent without it, it would lead the police to nobody, and beside the other it looks like another.
    """
    said = tuple(found)
    with_time = {
        (use.address, use.port)
        for use in map(_use_of, said)
        if use is not None and use.time is not None
    }
    return tuple(
        entry
        for entry in said
        if (use := _use_of(entry)) is None
        or use.time is not None
        or (use.address, use.port) not in with_time
    )


def _use_of(said: SaidIdentifier) -> AddressUse | None:
    if said.kind is not IdentifierKind.IP_ADDRESS:
        return None
    return read_address_use(said.canonical)


def _of_location(location: Location) -> SaidIdentifier | None:
    kind = _KIND_OF_LOCATION.get(location.kind)
    if kind is None or not location.key:
        return None
    return SaidIdentifier(
        kind,
        location.key,
        location.display,
        location.canonical,
        location.platform or "",
    )


def _find_payments(text: str) -> Iterator[tuple[str, SaidIdentifier]]:
    """(as it is written, what it is)."""
    for match in WALLET.finditer(text):
        wallet = read_wallet(match[0])
        if wallet is not None:
            yield match[0], _wallet_of(wallet)
    for match in _IBAN.finditer(text):
        written = _longest_iban(match[0])
        if written:
            yield written, _iban_of(iban.compact(written))


def _longest_iban(candidate: str) -> str:
    """A word in capitals may follow an IBAN: groups are dropped from the end until it is valid."""
    groups = candidate.split(" ")
    while groups:
        written = " ".join(groups)
        if iban.is_valid(written):
            return written
        groups.pop()
    return ""


def _wallet_of(wallet: Wallet) -> SaidIdentifier:
    address = wallet.address
    return SaidIdentifier(
        IdentifierKind.WALLET,
        f"wallet:{address}",
        address,
        address,
        wallet.currency,
    )


def _iban_of(number: str) -> SaidIdentifier:
    return SaidIdentifier(
        IdentifierKind.IBAN, f"iban:{number}", iban.format(number), number
    )


def read_identifier(
    kind: IdentifierKind, platform: str, text: str, country: str
) -> SaidIdentifier:
    """What a person typed as an identifier of this kind.

    Raises ``InvalidInput`` where it cannot be one: a telephone number of two digits, an IBAN whose
    check digits are wrong. An account on a platform that we do not know is taken as it is.
    """
    text = " ".join(text.split())
    platform = " ".join(platform.split())[:LONGEST_PLATFORM]
    if not 1 <= len(text) <= LONGEST_VALUE:
        raise InvalidInput(
            phrase("Write 1 to 300 characters."), fields={"/value": "length"}
        )
    if kind is IdentifierKind.ACCOUNT:
        return _read_account(platform, text, country)
    if kind is IdentifierKind.IBAN:
        return _read_iban(text)
    # After accounts, which need the platform beside them.
    if kind in _KIND_OF_LOCATION.values():
        return _read_location(kind, text, country)
    # What has no check digits, or none that we know, is taken as it was typed.
    identity = f"{kind}:{platform.casefold()}:{text.casefold()}"
    if kind is IdentifierKind.WALLET:
        return _read_wallet(platform, text)
    if kind is IdentifierKind.MERCHANT:
        identity = f"merchant:{platform.casefold()}:{_bare(text)}"
    return SaidIdentifier(kind, identity, text, text, platform)


def _read_account(platform: str, text: str, country: str) -> SaidIdentifier:
    # A link says its platform itself; a bare name needs the one that was
    # chosen. Of two words it is how somebody is called, and no handle.
    where = spell_platform(platform, load_platforms(None))
    is_handle = platform and " " not in text
    for attempt in (text, f"{where}: {text}" if is_handle else ""):
        for location in identify_locations(attempt, country):
            said = _of_location(location)
            if said is None or said.kind is not IdentifierKind.ACCOUNT:
                continue
            if said.platform:
                return said
    name = text.removeprefix("@")
    identity = f"account:{platform.casefold()}:@{name.casefold()}"
    display = f"{text} ({platform})" if platform else text
    return SaidIdentifier(
        IdentifierKind.ACCOUNT, identity, display, text, platform
    )


def _bare(text: str) -> str:
    """A number without the blanks and hyphens that people group it by."""
    return "".join(text.split()).replace("-", "").casefold()


def _read_wallet(platform: str, text: str) -> SaidIdentifier:
    """One of a currency that we know by its form is checked; another is taken as it was typed."""
    wallet = read_wallet(text)
    if wallet is not None:
        return _wallet_of(wallet)
    if WALLET.fullmatch(text):
        raise InvalidInput(
            phrase("The check digits of this wallet are wrong."),
            fields={"/value": "check digits"},
        )
    return SaidIdentifier(
        IdentifierKind.WALLET, f"wallet:{text}", text, text, platform
    )


def _read_iban(text: str) -> SaidIdentifier:
    try:
        return _iban_of(iban.validate(text))
    except ValidationError:
        raise InvalidInput(
            phrase("The check digits of this bank account (IBAN) are wrong."),
            fields={"/value": "check digits"},
        ) from None


def _read_location(
    kind: IdentifierKind, text: str, country: str
) -> SaidIdentifier:
    for location in identify_locations(text, country):
        said = _of_location(location)
        if said is not None and said.kind is kind:
            return said
    raise InvalidInput(
        phrase("This cannot be read as what you chose."),
        fields={"/value": "unreadable"},
        hint=phrase("Check it, or choose another kind."),
    )
