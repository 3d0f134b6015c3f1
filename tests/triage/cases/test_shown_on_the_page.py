"""What the case page sums up: looks that say the same, and addresses that are too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from triage.cases.pages.evidence.looked import Looked, sum_up_looks
from triage.cases.pages.words import shorten_middle

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_looks_that_say_the_same_are_told_once_with_the_newest_time() -> None:
    looks = [
        (1, Looked("a", NOW, "Two pictures.", ["one page"])),
        (
            2,
            Looked(
                "b", NOW + timedelta(hours=1), "Two pictures.", ["one page"]
            ),
        ),
        (3, Looked("c", NOW, "Two pictures.")),
    ]
    first, second = sum_up_looks(looks)
    assert (first.numbers, second.numbers) == ([1, 2], [3])
    assert first.looked.at == NOW + timedelta(hours=1)


def test_a_long_address_keeps_its_beginning_and_its_end() -> None:
    address = f"hxxp://host[.]example/{'x' * 200}/last.html"
    shown = shorten_middle(address, 40)
    assert len(shown) == 40
    assert shown.startswith("hxxp://host[.]example/")
    assert shown.endswith("/last.html")
    assert shorten_middle("short", 5) == "short"
