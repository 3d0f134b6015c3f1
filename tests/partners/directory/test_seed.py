"""The directory's seed: who is there, that nothing has an address, that faults are named."""

from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from partners.directory import seed
from partners.directory.seed import PartnerSeed, load_seed
from triage.jurisdiction import load_rules

SHIPPED = Path(seed.__file__).parent / "data"


@pytest.fixture(scope="module")
def seeds() -> list[PartnerSeed]:
    return load_seed()


def of(seeds: list[PartnerSeed], kind: str, country: str) -> list[PartnerSeed]:
    return [one for one in seeds if (one.kind, one.country) == (kind, country)]


def test_shipped_seed_is_sound(seeds: list[PartnerSeed]) -> None:
    assert seed.faults() == []
    assert len({one.code for one in seeds}) == len(seeds)
    assert seeds == sorted(
        seeds, key=lambda one: (one.country, one.kind, one.code)
    )


def test_codes_and_names_fit_the_directory(seeds: list[PartnerSeed]) -> None:
    for one in seeds:
        assert len(one.code) <= 80 and one.code == one.code.strip("-")
        assert one.source and one.dated and one.name
        assert "@" not in f"{one.name}{one.source}{one.channels}"


def test_every_hotline_that_routing_names_is_there(
    seeds: list[PartnerSeed],
) -> None:
    named = {
        hotline.name
        for many in load_rules().hotlines.values()
        for hotline in many
    }
    assert {one.name for one in seeds if one.kind == "hotline"} == named
    assert not of(seeds, "hotline", "MK")
    assert [one.name for one in of(seeds, "hotline", "RS")] == ["Net Patrola"]


@pytest.mark.parametrize("country", ["AL", "RS", "MK"])
def test_each_home_has_police_bureau_regulator_and_helpline(
    seeds: list[PartnerSeed], country: str
) -> None:
    for kind in ("police", "ncb", "regulator", "helpline"):
        assert of(seeds, kind, country), kind


def test_albania_has_a_unit_for_each_municipality_and_one_directorate_for_each(
    seeds: list[PartnerSeed],
) -> None:
    units = of(seeds, "child_protection_unit", "AL")
    local = [one for one in of(seeds, "police", "AL") if one.territory]
    assert (len(units), len(local)) == (61, 12)
    covered = [place for one in local for place in one.territory]
    assert sorted(covered) == sorted(unit.territory[0] for unit in units)
    (durres,) = [one for one in local if "Durrës" in one.territory]
    assert durres.code == "police-al-durres"


def test_platforms_sit_where_routing_says(seeds: list[PartnerSeed]) -> None:
    assert "platform-us-instagram" in {
        one.code for one in of(seeds, "platform", "US")
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "partner_directory.toml",
            'kind = "ncb"',
            'kind = "friend"',
            "/partners/4/kind",
        ),
        (
            "partner_directory.toml",
            'code = "ncb-al"',
            'code = "ncb-rs"',
            "ncb-rs",
        ),
        (
            "partner_directory.toml",
            "verified = true",
            'verified = "yes"',
            "/partners/0/verified",
        ),
        ("municipalities.csv", "AL,Klos", "??,Klos", "/country"),
        ("municipalities.csv", "AL,Klos", "AL,Mat", "unit-al-mat"),
    ],
)
def test_a_fault_is_named(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    text = (SHIPPED / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text(
        text.replace(old, new), encoding="utf-8"
    )
    (fault,) = seed.faults(tmp_path)
    assert told in fault
    with pytest.raises(Misconfigured):
        load_seed(tmp_path)
