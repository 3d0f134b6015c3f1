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
from triage.locations.identify import identify
from workers.bench.results import make_result, make_row, measure_rate

FLOOR = 20_000
"""Ordinary addresses a second that one core must manage."""

_BATCH = 2_000
NEW_HOSTS = "hosts never seen before"


def measure_locations(seconds: float = 3.0) -> dict[str, Any]:
    """Rows of addresses a second; ``seconds`` are shared by all measurements."""
    catalogue = load_platforms()
    cases = _make_cases()
    references = _load_references()
    share = seconds / (len(cases) * (1 + len(references)))
    rows = []
    for case, addresses in cases.items():
        fresh = catalogue.sites.clear if case == NEW_HOSTS else _do_nothing
        ours = measure_rate(
            _make_batch(identify, addresses, fresh), seconds=share
        )
        for name, parse in references.items():
            reference = measure_rate(
                _make_batch(parse, addresses, _do_nothing), seconds=share
            )
            rows.append(make_row(case, ours, reference, name, floor=FLOOR))
    return make_result("url", "locations/s", rows)


def _do_nothing() -> None:
    """Between two batches, where no cache is to be emptied."""


def _make_batch(
    work: Callable[[str], Any], addresses: list[str], fresh: Callable[[], None]
) -> Callable[[], int]:
    def do_batch() -> int:
        fresh()
        for address in addresses:
            work(address)
        return len(addresses)

    return do_batch


def _load_references() -> dict[str, Callable[[str], Any]]:
    """The bare parsers; yarl, which does more than they do, only where it is installed."""
    found: dict[str, Callable[[str], Any]] = {
        "can_ada.parse": _make_lenient(can_ada.parse)
    }
    found["ada_url.URL"] = _make_lenient(ada_url.URL)
    with contextlib.suppress(ImportError):
        found["yarl.URL"] = _make_lenient(importlib.import_module("yarl").URL)
    return found


def _make_lenient(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def try_parse(text: str) -> Any:
        try:
            return parse(text)
        except ValueError:
            return None

    return try_parse


def _make_cases() -> dict[str, list[str]]:
    dice = random.Random(7)
    sites = [
        f"{word}{n}.example"
        for n in range(40)
        for word in ("www.shop", "forum", "img")
    ]

    def make_path() -> str:
        return "/".join(
            f"{dice.randrange(16**6):06x}" for _ in range(dice.randint(1, 4))
        )

    def make_query() -> str:
        names = dice.sample(
            ["id", "page", "utm_source", "lang", "fbclid", "view"], 3
        )
        return "&".join(f"{name}={dice.randrange(10**6)}" for name in names)

    ordinary = [
        f"https://{dice.choice(sites)}/{make_path()}?{make_query()}"
        for _ in range(_BATCH)
    ]
    many_hosts = [
        f"http://h{dice.randrange(10**9)}.example/{make_path()}"
        for _ in range(_BATCH)
    ]
    platforms = [
        dice.choice(
            (
                f"https://www.youtube.com/watch?v={dice.randrange(16**11):011x}&feature=share",
                f"https://twitter.com/someone/status/{dice.randrange(10**18)}?s=20",
                f"https://t.me/channel_{dice.randrange(10**4)}/{dice.randrange(10**4)}",
                f"https://www.instagram.com/p/{dice.randrange(16**11):011x}/?igsh=abc",
            )
        )
        for _ in range(_BATCH)
    ]
    defanged = [
        f"hxxps://{dice.choice(sites).replace('.', '[.]')}/{make_path()}"
        for _ in range(_BATCH)
    ]
    return {
        "ordinary addresses": ordinary,
        NEW_HOSTS: many_hosts,
        "platform addresses": platforms,
        "defanged addresses": defanged,
    }
