"""Facts are read strictly; rule files are held against their shape, and may be an invented land."""

import re
from pathlib import Path
from typing import Any

import pytest

from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.core.language import languages
from triage import jurisdiction
from triage.jurisdiction import Facts, load_rules, route_facts, rules
from triage.jurisdiction.vocabulary import Destination, PlaceFact

SHIPPED = Path(jurisdiction.__file__).parent / "data"


def shipped(name: str) -> Path:
    """A file of the rules, or one of the folder of a language or a country."""
    if "/" in name:
        return languages.SHIPPED.parent / name
    return SHIPPED / name


def override(directory: Path, name: str, text: str) -> Path:
    folder = directory if "/" in name else directory / "data"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return directory


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"hoem": "AL"}, "/hoem"),
        ({"victim": {"age": 12}}, "/victim/age"),
        ({"home": "al"}, "/home"),
        ({"home": "ZZ"}, "/home"),
        ({"home": "EU"}, "/home"),
        ({"hosting_country": "ZZ"}, "/hosting_country"),
        ({"home": "ALB"}, "/home"),
        ({"home": 3}, "/home"),
        ({"victim": {"residence": "QQ"}}, "/victim/residence"),
        (
            {"victim": {"at_immediate_risk": "yes"}},
            "/victim/at_immediate_risk",
        ),
        ({"victim": {"at_immediate_risk": 1}}, "/victim/at_immediate_risk"),
        ({"victim": "AL"}, "/victim"),
        ({"suspect": []}, "/suspect"),
        ({"assessment": "bad"}, "/assessment"),
        ({"hosting_kind": "cloud"}, "/hosting_kind"),
        ({"kind": "No Slug"}, "/kind"),
        ({"platform": "a\x1b[31m"}, "/platform"),
        ({"platform": "a" * 101}, "/platform"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ([], ""),
        ("AL", ""),
        (None, ""),
    ],
)
def test_bad_facts_are_refused_where_they_are(data: Any, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Facts.from_json(data)
    assert pointer in caught.value.fields


def test_all_bad_facts_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        Facts.from_json(
            {"home": "?", "victim": {"country": 1}, "extra": None, "more": 2}
        )
    assert {"/home", "/victim/country", "/more"} <= set(caught.value.fields)


def test_null_is_unknown() -> None:
    data = dict.fromkeys(
        [
            "home",
            "victim",
            "suspect",
            "hosting_kind",
            "assessment",
            "known_list",
        ]
    )
    assert Facts.from_json(data) == Facts()


@pytest.mark.parametrize("region", ["EU", "AP"])
def test_a_registrys_region_is_read_and_is_no_country(region: str) -> None:
    data = {
        "home": "AL",
        "hosting_country": region,
        "suspect": {"ip_country": region},
    }
    facts = Facts.from_json(
        {**data, "hosting_kind": "host", "assessment": "baseline"}
    )
    assert facts.stored_in is None and list(facts.places()) == []
    assert {one.to for one in route_facts(facts, load_rules()).routes} == {
        "manual_review",
        "police",
    }


def test_codes_in_use_and_user_assigned_are_countries() -> None:
    assert {"AL", "RS", "MK", "XK", "TW", "AA", "XA"} <= country_codes()
    assert not {"EU", "UN", "ZZ", "XX"} & country_codes()


def test_shipped_rules_are_sound() -> None:
    assert rules.list_faults() == []
    assert set(load_rules().countries) == {"AL", "RS", "MK"}


@pytest.mark.parametrize("code", ["AL", "RS", "MK"])
def test_each_country_states_every_ground_with_date_and_source(
    code: str,
) -> None:
    grounds = {
        rule.ground: rule for rule in load_rules().countries[code].grounds
    }
    assert len(grounds) == 6
    for rule in grounds.values():
        assert rule.source and rule.dated and rule.basis
        # What nobody has read in the law, or in a finding on it, cannot be stated as an article.
        assert rule.verified or not rule.article


def test_an_invented_country_routes_like_any_other(tmp_path: Path) -> None:
    text = shipped("countries/AL/jurisdiction.toml").read_text(
        encoding="utf-8"
    )
    root = override(
        tmp_path,
        "countries/AA/jurisdiction.toml",
        text.replace('country = "AL"', 'country = "AA"').replace(
            '"112"', '"999"'
        ),
    )
    invented = load_rules(root)
    facts = {
        "hosting_country": "AA",
        "victim": {"at_immediate_risk": True},
        "home": "AA",
    }
    answer = route_facts(
        Facts.from_json({**facts, "assessment": "baseline"}), invented
    )
    assert answer.routes[0].name == "999"
    assert {one.to for one in answer.routes} >= {"police", "provider_notice"}
    assert answer.jurisdiction[0].status == "yes"
    assert "AA" in answer.jurisdiction[0].why


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "countries/AL/jurisdiction.toml",
            'law = "no"',
            'law = "perhaps"',
            "/grounds/2/law",
        ),
        (
            "countries/AL/jurisdiction.toml",
            '["suspect.nationality"]',
            '["suspect.shoe"]',
            "suspect.shoe",
        ),
        (
            "countries/AL/jurisdiction.toml",
            '"active_personality"',
            '"territoriality"',
            "appears twice",
        ),
        (
            "countries/AL/jurisdiction.toml",
            'emergency = "112"',
            'emergency = "113"',
            "country file says 112",
        ),
        (
            "countries/AL/jurisdiction.toml",
            'country = "AL"',
            'country = "RS"',
            "named for AL",
        ),
        (
            "countries/AL/jurisdiction.toml",
            "dated = 2026-11-20",
            'dated = "soon"',
            "/dated",
        ),
        (
            "routing_network.toml",
            'US = "NCMEC',
            'U = "NCMEC',
            "/clearing_houses/U",
        ),
        ("languages/sq/routing.toml", "hidden =", "hiding =", "police.hid"),
        (
            "languages/sq/routing.toml",
            "{country:of}: {facts}.",
            "{facts}.",
            "must fill in",
        ),
        ("languages/en/routing.toml", "hidden =", "hiding =", "police.hid"),
        (
            "languages/en/routing.toml",
            '"Not assessed yet."',
            '"{"',
            "review.unassessed",
        ),
        (
            "languages/en/routing.toml",
            '"Not assessed yet."',
            '" "',
            "is empty",
        ),
        (
            "languages/en/routing.toml",
            "[police]",
            "police = 1\n[policing]",
            "/police",
        ),
        (
            "partner_hotlines.csv",
            "iSIGURT,2026-11-20",
            "iSIGURT,someday",
            "/0/dated",
        ),
    ],
)
def test_a_fault_in_a_file_is_named(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    text = shipped(name).read_text(encoding="utf-8")
    assert old in text
    root = override(tmp_path, name, text.replace(old, new))
    found = rules.list_faults(root)
    assert len(found) == 1 and told in found[0]
    with pytest.raises(Misconfigured):
        load_rules(root)


def test_faults_of_several_files_are_named_together(tmp_path: Path) -> None:
    override(tmp_path, "countries/AL/jurisdiction.toml", "country = 1")
    override(tmp_path, "routing_network.toml", "nothing = 1")
    (fault,) = rules.list_faults(tmp_path)
    assert (
        "countries/AL/jurisdiction.toml" in fault
        and "routing_network.toml" in fault
    )


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(InvalidInput, match="en, mk, sq, sr-Cyrl, sr-Latn"):
        route_facts(Facts(), load_rules(), "fr")


def test_what_an_office_reads_instead_is_a_reason_of_the_engine() -> None:
    for language, catalog in load_rules().messages.items():
        own = {
            key.removeprefix("to_office.")
            for key in catalog
            if key.startswith("to_office.")
        }
        assert own and own <= catalog.keys(), language


def test_no_office_reads_of_our_own_procedure() -> None:
    catalog = load_rules().messages["en"]
    offices = ("police", "unit", "trafficking", "school", "prosecutor")
    others = ("ncb", "hotline", "ncmec", "helpline")
    read = {
        key: catalog.get(f"to_office.{key}", sentence)
        for key, sentence in catalog.items()
        if key.partition(".")[0] in (*offices, *others)
    }
    ours = re.compile("person (may )?decide|consent is sought|told first")
    assert not [key for key, said in read.items() if ours.search(said)]


def test_every_reason_of_the_engine_has_its_words() -> None:
    engine = "".join(
        path.read_text(encoding="utf-8")
        for path in SHIPPED.parent.rglob("*.py")
        if path.name != "answer.py"  # the words of a stored answer
    )
    used = set(re.findall(r'"([a-z]+\.[a-z_]+)"', engine)) - {
        *PlaceFact,
        "victim.municipality",
        jurisdiction.__name__,
    }
    kept = {
        key
        for key in load_rules().messages["en"]
        if not key.startswith(("fact.", "name.", "to_office."))
    }
    # Conditions are put together from their name and outcome, so the source shows only the stem.
    assert used == {key for key in kept if not key.startswith("condition.")}


def test_every_place_and_addressee_has_a_name() -> None:
    catalog = load_rules().messages["en"]
    assert {f"fact.{path}" for path in PlaceFact} <= set(catalog)
    assert {f"name.{to}" for to in Destination} <= set(catalog)
    assert set(Destination) == set(load_rules().network.bases)
