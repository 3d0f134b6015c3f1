"""Wallets are told by their check digits; one wrong letter is no wallet."""

from __future__ import annotations

import hashlib

import pytest

from hotline.core.errors import InvalidInput
from triage.cases.people.reading.wallets import keccak_256, read_wallet
from triage.cases.people.reading.words import find_identifiers, read_identifier
from triage.cases.people.vocabulary import IdentifierKind

# Published examples: EIP-55, BIP-173, Tron's and Monero's own documents.
ETHEREUM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
MONERO = (
    "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VB"
    "BEt7f2wfn3RVGQBEP3A"
)
BITCOIN = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
WALLETS = {
    "Ethereum": ETHEREUM,
    "Tron": TRON,
    "Monero": MONERO,
    "Bitcoin": BITCOIN,
}


def test_keccak_is_that_of_currencies_and_no_sha_3() -> None:
    assert keccak_256(b"").hex() == (
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    assert keccak_256(b"x" * 136) != keccak_256(b"x" * 137)
    assert keccak_256(b"") != hashlib.sha3_256(b"").digest()


@pytest.mark.parametrize(("currency", "address"), WALLETS.items())
def test_a_wallet_is_read_and_one_wrong_letter_is_not(
    currency: str, address: str
) -> None:
    wallet = read_wallet(address)
    assert wallet is not None and wallet.currency == currency
    swapped = {"a": "e", "A": "E", "t": "u", "q": "p"}
    wrong = address[:-1] + swapped.get(address[-1], "d")
    if currency == "Ethereum":
        wrong = address[:-1] + address[-1].upper()
    assert wrong != address and read_wallet(wrong) is None


def test_what_is_written_without_capitals_has_no_check_digits() -> None:
    wallet = read_wallet(ETHEREUM.lower())
    assert wallet == read_wallet(ETHEREUM)


@pytest.mark.parametrize(("currency", "address"), WALLETS.items())
def test_words_give_up_wallets_and_the_same_one_is_typed(
    currency: str, address: str
) -> None:
    (said,) = find_identifiers(f"Pay to {address} today", "AL")
    assert (said.kind, said.platform) == (IdentifierKind.WALLET, currency)
    typed = read_identifier(IdentifierKind.WALLET, "", address, "AL")
    assert typed == said


def test_a_typed_wallet_with_wrong_check_digits_is_refused() -> None:
    with pytest.raises(InvalidInput, match="check digits"):
        read_identifier(IdentifierKind.WALLET, "", TRON[:-1] + "u", "AL")
    other = read_identifier(IdentifierKind.WALLET, "Solana", "4Nd1mY", "AL")
    assert other.platform == "Solana"


def test_a_merchant_number_is_one_however_it_is_grouped() -> None:
    first, second = (
        read_identifier(IdentifierKind.MERCHANT, "PSP", text, "AL")
        for text in ("4567-0012 889", "45670012889")
    )
    assert first.identity == second.identity
