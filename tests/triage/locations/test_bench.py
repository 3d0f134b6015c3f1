"""The bench has the shape that every ``hotline bench`` prints, with both sides measured."""

from __future__ import annotations

from workers.bench import locations


def test_both_sides_are_measured_for_every_case() -> None:
    outcome = locations.measure_locations(seconds=0.05).to_json()
    assert (outcome["name"], outcome["unit"]) == ("url", "locations/s")
    assert {row["case"] for row in outcome["rows"]} >= {
        "ordinary addresses",
        "platform addresses",
    }
    for row in outcome["rows"]:
        assert row["ours"] > 0
        assert row["reference"] > 0
