"""The directory's seed: who is there, that nothing has an address, that faults are named."""

from pathlib import Path

import pytest

from hotline.core.datafiles.country_folders import SHIPPED
from hotline.core.errors import Misconfigured
from partners.directory import seed
from partners.directory.seed import PartnerSeed, load_seed
from partners.directory.territory import Office, propose_office
from triage.jurisdiction import load_rules


@pytest.fixture(scope="module")
def seeds() -> list[PartnerSeed]:
    return load_seed()


def of(seeds: list[PartnerSeed], kind: str, country: str) -> list[PartnerSeed]:
    return [one for one in seeds if (one.kind, one.country) == (kind, country)]


def test_shipped_seed_is_sound(seeds: list[PartnerSeed]) -> None:
    assert seed.list_faults() == []
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
            "partners.toml",
            'kind = "ncb"',
            'kind = "friend"',
            "/partners/2/kind",
        ),
        (
            "partners.toml",
            'code = "ncb-al"',
            'code = "ncb-rs"',
            "ncb-rs",
        ),
        (
            "partners.toml",
            "verified = true",
            'verified = "yes"',
            "/partners/0/verified",
        ),
        ("municipalities.csv", "AL,Klos", "??,Klos", "/country"),
        ("municipalities.csv", "AL,Klos", "AL,Mat", "unit-al-mat"),
        ("municipalities.csv", "AL,Klos", "RS,Klos", "the folder is AL"),
        ("partners.toml", 'country = "AL"', 'country = "MK"', "is MK, but"),
    ],
)
def test_a_fault_is_named(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    text = (SHIPPED / "AL" / name).read_text(encoding="utf-8")
    assert old in text
    folder = tmp_path / "countries" / "AL"
    folder.mkdir(parents=True)
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    (fault,) = seed.list_faults(tmp_path)
    assert told in fault
    with pytest.raises(Misconfigured):
        load_seed(tmp_path)


def test_a_country_with_a_folder_of_its_own_brings_its_offices(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "countries" / "XA"
    folder.mkdir(parents=True)
    for name in ("partners.toml", "municipalities.csv"):
        text = (SHIPPED / "AL" / name).read_text(encoding="utf-8")
        invented = (
            text.replace('"AL"', '"XA"')
            .replace("-al", "-xa")
            .replace("AL,", "XA,")
        )
        (folder / name).write_text(invented, encoding="utf-8")
    seeds = load_seed(tmp_path)
    assert len(of(seeds, "police", "XA")) == len(of(seeds, "police", "AL"))
    assert of(seeds, "child_protection_unit", "XA")


def test_an_operator_says_in_which_language_offices_are_written_to(
    tmp_path: Path,
) -> None:
    """Of a country of the operator's own, and of a shipped one that the operator changed."""
    for code, languages in (
        ("XA", '["sq", "en"]'),
        ("AL", '["en", "sq"]'),
    ):
        folder = tmp_path / "countries" / code
        folder.mkdir(parents=True)
        for name in ("country.toml", "municipalities.csv"):
            text = (SHIPPED / "AL" / name).read_text(encoding="utf-8")
            (folder / name).write_text(
                text.replace('code = "AL"', f'code = "{code}"')
                .replace('["sq", "en"]', languages)
                .replace("AL,", f"{code},"),
                encoding="utf-8",
            )
    seeds = load_seed(tmp_path)
    for kind in ("child_protection_unit", "police"):
        local = [
            seed for seed in seeds if seed.kind == kind and seed.territory
        ]
        spoken = {seed.country: seed.languages for seed in local}
        assert (spoken["XA"], spoken["AL"]) == (("sq",), ("en",))


@pytest.mark.parametrize("kind", ["partners.toml", "municipalities.csv"])
def test_one_table_of_all_countries_comes_before_the_folders(
    kind: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    former = {"partners.toml": "partner_directory.toml"}.get(kind, kind)
    text = (SHIPPED / "AL" / kind).read_text(encoding="utf-8")
    (tmp_path / "data" / former).write_text(
        text.replace('"AL"', '"DE"').replace("AL,", "DE,"), encoding="utf-8"
    )
    seeds = load_seed(tmp_path)
    assert of(seeds, "police", "DE")
    assert len(of(seeds, "ncb", "RS")) == (kind != "partners.toml")
    assert of(seeds, "police", "AL") != of(load_seed(), "police", "AL")


@pytest.mark.parametrize(
    ("country", "units", "police"), [("RS", 145, 27), ("MK", 30, 8)]
)
def test_serbia_and_north_macedonia_have_units_for_every_municipality(
    seeds: list[PartnerSeed], country: str, units: int, police: int
) -> None:
    centres = of(seeds, "child_protection_unit", country)
    local = [one for one in of(seeds, "police", country) if one.territory]
    assert (len(centres), len(local)) == (units, police)
    places = [place for one in centres for place in one.territory]
    assert len(places) == len(set(places))
    assert set(places) == {place for one in local for place in one.territory}
    assert not any(one.verified or one.channels for one in [*centres, *local])


@pytest.mark.parametrize(
    ("country", "written", "code"),
    [
        ("RS", "Opština Priboj", "unit-rs-priboj"),
        ("RS", "град Ниш", "unit-rs-nis"),
        ("RS", "novi beograd", "unit-rs-beograd"),
        ("MK", "Липково", "unit-mk-kumanovo"),
        ("MK", "Tetovë", "unit-mk-tetovo"),
        ("MK", "Gjorče Petrov", "unit-mk-skopje"),
        ("MK", "Nowhere", None),
    ],
)
def test_the_unit_is_proposed_by_the_municipality_in_any_spelling(
    seeds: list[PartnerSeed], country: str, written: str, code: str | None
) -> None:
    offices = [
        Office(one.code, one.kind, one.territory, is_confirmed=False)
        for one in of(seeds, "child_protection_unit", country)
    ]
    proposed = propose_office(offices, written)
    assert (proposed.code if proposed else None) == code
