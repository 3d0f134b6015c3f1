"""How fast identity is, beside the bare WHATWG parse of the same addresses in the same run."""

from __future__ import annotations

import contextlib
import importlib
import random
from collections.abc import Callable
from typing import Any

import ada_url
import can_ada

from triage.locations.catalogue import load_platforms
from triage.locations.identify import identify_locations
from workers.bench.results import Figure, Measurement, Row, measure_rate

FLOOR = 20_000
"""Ordinary addresses a second that one core must manage."""

Parse = Callable[[str], Any]
_BATCH = 2_000
NEW_HOSTS = "hosts never seen before"


def measure_locations(seconds: float = 3.0) -> Measurement:
    """Rows of addresses a second; ``seconds`` are shared by all measurements."""
    catalogue = load_platforms()
    cases = _make_cases()
    references = _load_references()
    sides = 1 + len(references)
    # Ours and theirs get the same time, in one run: two runs of a busy machine
    # cannot be compared.
    share = seconds / (len(cases) * sides)
    rows = []
    for case, addresses in cases.items():
        # Emptied before each batch: after the first one no host would be new.
        fresh = catalogue.sites.clear if case == NEW_HOSTS else _do_nothing
        our_batch = _make_batch(identify_locations, addresses, fresh)
        ours = measure_rate(our_batch, seconds=share)
        for name, parse in references.items():
            their_batch = _make_batch(parse, addresses, _do_nothing)
            reference = measure_rate(their_batch, seconds=share)
            figures: dict[str, Figure] = {"floor": FLOOR}
            row = Row(case, ours, reference, name, figures)
            rows.append(row)
    return Measurement("url", "locations/s", rows)


def _do_nothing() -> None:
    """Between two batches, where no cache is to be emptied."""


def _make_batch(
    work: Parse, addresses: list[str], fresh: Callable[[], None]
) -> Callable[[], int]:
    def do_batch() -> int:
        fresh()
        for address in addresses:
            work(address)
        return len(addresses)

    return do_batch


def _load_references() -> dict[str, Parse]:
    """The bare parsers; yarl, which does more than they do, only where it is installed."""
    parsers: dict[str, Parse] = {
        "can_ada.parse": _make_lenient(can_ada.parse),
        "ada_url.URL": _make_lenient(ada_url.URL),
    }
    with contextlib.suppress(ImportError):
        yarl = importlib.import_module("yarl")
        parsers["yarl.URL"] = _make_lenient(yarl.URL)
    return parsers


def _make_lenient(parse: Parse) -> Parse:
    # Refusing an address is work as well, and must not end the measurement.
    def try_parse(text: str) -> Any:
        try:
            return parse(text)
        except ValueError:
            return None

    return try_parse


def _make_cases() -> dict[str, list[str]]:
    # Any number would do; it has to be the same one each time.
    writer = _Writer(random.Random(7))
    writers = {
        "ordinary addresses": writer.write_ordinary,
        NEW_HOSTS: writer.write_new_host,
        "platform addresses": writer.write_platform,
        "defanged addresses": writer.write_defanged,
    }
    return {
        case: [write() for _ in range(_BATCH)]
        for case, write in writers.items()
    }


class _Writer:
    """Addresses by the throw of a dice, the same in every run."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._sites = [
            f"{word}{number}.example"
            for number in range(40)
            for word in ("www.shop", "forum", "img")
        ]

    def write_ordinary(self) -> str:
        site = self._dice.choice(self._sites)
        path = self._make_path()
        query = self._make_query()
        return f"https://{site}/{path}?{query}"

    def write_new_host(self) -> str:
        number = self._dice.randrange(10**9)
        return f"http://h{number}.example/{self._make_path()}"

    def write_platform(self) -> str:
        video = self._dice.randrange(16**11)
        status = self._dice.randrange(10**18)
        channel = self._dice.randrange(10**4)
        message = self._dice.randrange(10**4)
        picture = self._dice.randrange(16**11)
        return self._dice.choice(
            (
                f"https://www.youtube.com/watch?v={video:011x}&feature=share",
                f"https://twitter.com/someone/status/{status}?s=20",
                f"https://t.me/channel_{channel}/{message}",
                f"https://www.instagram.com/p/{picture:011x}/?igsh=abc",
            )
        )

    def write_defanged(self) -> str:
        site = self._dice.choice(self._sites)
        host = site.replace(".", "[.]")
        return f"hxxps://{host}/{self._make_path()}"

    def _make_path(self) -> str:
        length = self._dice.randint(1, 4)
        steps = []
        for _ in range(length):
            number = self._dice.randrange(16**6)
            steps.append(f"{number:06x}")
        return "/".join(steps)

    def _make_query(self) -> str:
        names = self._dice.sample(
            ["id", "page", "utm_source", "lang", "fbclid", "view"], 3
        )
        pairs = []
        for name in names:
            number = self._dice.randrange(10**6)
            pairs.append(f"{name}={number}")
        return "&".join(pairs)
