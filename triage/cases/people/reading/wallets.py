"""Pure: whether an address of a crypto-currency can be one. Each kind has check digits of its own.

Bitcoin's are checked by python-stdnum. Tron writes 25 bytes in base 58 with a double SHA-256
(developers.tron.network), Monero 69 bytes in blocks of base 58 with Keccak-256
(docs.getmonero.org), Ethereum says them in capitals (EIP-55); one in small letters has none.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from stdnum import bitcoin

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BITCOIN = r"(?:[13][1-9A-HJ-NP-Za-km-z]{24,33}|bc1[02-9ac-hj-np-z]{11,71})"
_ETHEREUM = r"0x[0-9a-fA-F]{40}"
_TRON = r"T[1-9A-HJ-NP-Za-km-z]{33}"
_MONERO = r"[48][1-9A-HJ-NP-Za-km-z]{94}"
WALLET = re.compile(rf"\b(?:{_MONERO}|{_TRON}|{_BITCOIN}|{_ETHEREUM})\b")
"""What may be an address; ``read_wallet`` says whether it is one."""

# Bytes of a block of Monero's base 58, by how many letters it has.
_BLOCK = {0: 0, 2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}
_MONERO_BYTES, _TRON_BYTES, _CHECK = 69, 25, 4
_TRON_PREFIX = 0x41


@dataclass(frozen=True, slots=True)
class Wallet:
    """``address``: as all write it, so that one wallet is one text."""

    address: str
    currency: str


def read_wallet(text: str) -> Wallet | None:
    """The wallet that is written so; None where its check digits are wrong, or it is none."""
    # By its own branch: an address in one case has no check digits and is
    # taken as it is.
    if re.fullmatch(_ETHEREUM, text):
        return Wallet(text.lower(), "Ethereum") if _is_ethereum(text) else None
    if re.fullmatch(_TRON, text) and _is_tron(text):
        return Wallet(text, "Tron")
    if re.fullmatch(_MONERO, text) and _is_monero(text):
        return Wallet(text, "Monero")
    if re.fullmatch(_BITCOIN, text) and bitcoin.is_valid(text):
        return Wallet(text, "Bitcoin")
    return None


def _is_ethereum(text: str) -> bool:
    digits = text[2:]
    if digits in (digits.lower(), digits.upper()):
        return True
    digest = keccak_256(digits.lower().encode()).hex()
    return all(
        # EIP-55: the hash of the address says which of its letters are
        # capitals.
        letter == (letter.upper() if int(check, 16) >= 8 else letter.lower())
        for letter, check in zip(digits, digest, strict=False)
    )


def _is_tron(text: str) -> bool:
    # 34 letters of base 58 never say more than 25 bytes.
    raw = _number_of(text).to_bytes(_TRON_BYTES, "big")
    body, check = raw[:-_CHECK], raw[-_CHECK:]
    digest = hashlib.sha256(hashlib.sha256(body).digest()).digest()
    return body[0] == _TRON_PREFIX and digest[:_CHECK] == check


def _is_monero(text: str) -> bool:
    raw = b""
    # Monero's base 58 writes each eight bytes as eleven letters.
    for start in range(0, len(text), 11):
        block = text[start : start + 11]
        size, number = _BLOCK[len(block)], _number_of(block)
        if number >= 256**size:
            return False
        raw += number.to_bytes(size, "big")
    body, check = raw[:-_CHECK], raw[-_CHECK:]
    return len(raw) == _MONERO_BYTES and keccak_256(body)[:_CHECK] == check


def _number_of(text: str) -> int:
    number = 0
    for letter in text:
        number = number * 58 + BASE58.index(letter)
    return number


# Bytes that Keccak takes in at once for a digest of 256 bits.
_RATE = 136
_MASK = (1 << 64) - 1


def keccak_256(data: bytes) -> bytes:
    """Keccak with 256 bits as currencies use it: SHA-3 (FIPS 202) but for the padding byte."""
    # SHA-3 begins its padding with 6; this is why hashlib cannot be used.
    padded = bytearray(data + b"\x01")
    padded += bytes(-len(padded) % _RATE)
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), _RATE):
        block = padded[start : start + _RATE]
        for lane in range(_RATE // 8):
            state[lane] ^= int.from_bytes(
                block[8 * lane : 8 * lane + 8], "little"
            )
        state = _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _permute(state: list[int]) -> list[int]:
    """The 24 rounds of Keccak-f[1600]; lane (x, y) stands at x + 5 y."""
    register = 1
    for _ in range(24):
        columns = [
            state[x]
            ^ state[x + 5]
            ^ state[x + 10]
            ^ state[x + 15]
            ^ state[x + 20]
            for x in range(5)
        ]
        state = [
            lane ^ columns[(i + 4) % 5] ^ _turn(columns[(i + 1) % 5], 1)
            for i, lane in enumerate(state)
        ]
        state = _move_lanes(state)
        state = [
            lane
            ^ (
                ~state[i - i % 5 + (i + 1) % 5]
                & state[i - i % 5 + (i + 2) % 5]
            )
            for i, lane in enumerate(state)
        ]
        for j in range(7):
            if register & 1:
                state[0] ^= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
    return state


def _move_lanes(state: list[int]) -> list[int]:
    moved, x, y = list(state), 1, 0
    for step in range(24):
        x, y, lane = y, (2 * x + 3 * y) % 5, state[x + 5 * y]
        moved[x + 5 * y] = _turn(lane, (step + 1) * (step + 2) // 2)
    return moved


def _turn(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _MASK
