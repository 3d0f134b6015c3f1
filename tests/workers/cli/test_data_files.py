"""No misspelt word in any data file is taken: it is named, and the right one next to it.

Each file is put into a data directory with one word changed, for each word of it that comes from a
vocabulary and for each name of a field; then the file is read as the service reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hotline.core.datafiles import countries
from hotline.core.datafiles.countries import Day
from hotline.core.datafiles.periods import (
    Sort,
    load_country_periods,
    load_general_periods,
)
from hotline.core.datafiles.vocabulary import country_codes, language_codes
from hotline.core.errors import Misconfigured
from hotline.core.settings import Settings
from hotline.intake.flood.limits import load_limits
from hotline.intake.form.receipt.place_news import News
from hotline.intake.inbound.mail import load_senders
from hotline.intake.registry.kinds import ReportKind
from partners.directory import seed
from partners.referrals.telling.offices import (
    REFERRAL_ROUTES,
    Disclosure,
    load_offices,
)
from partners.referrals.vocabulary import OfficeOutcome
from partners.reporters.rules import load_rules as load_reporter_rules
from triage import priority
from triage.availability.model import VerdictName
from triage.availability.pages import load_error_pages
from triage.availability.policy import load_policy
from triage.cases.assessing.assessment import CLASSES, IccamList, load_schema
from triage.cases.handling.exposure import load_exposure
from triage.cases.handling.playbook import Sign, load_playbooks
from triage.hashlists.owners.remote import load_remote_lists
from triage.hosting.kinds import HostingKind
from triage.hosting.sources.cdn import CdnRanges
from triage.hosting.sources.known import load_known_networks
from triage.jurisdiction import load_rules
from triage.jurisdiction.deciding.routing import route_facts
from triage.jurisdiction.facts import Facts
from triage.jurisdiction.vocabulary import (
    Answer,
    Condition,
    Destination,
    GroundName,
    PlaceFact,
    Urgency,
)
from triage.locations.catalogue import load_platforms
from triage.priority.keywords import load_keywords
from workers import configuration

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGES = ("hotline", "triage", "partners", "workers")
LETTERS = "abcdefghijklmnopqrstuvwxyz"

MAIL_SENDERS = """
[[senders]]
name = "Example Platform"
address = "reports@platform.test"
proof = "dkim"
format = "xarf"
reporter_role = "provider"
"""
KNOWN_NETWORKS = """
[[networks]]
network = "192.0.2.0/24"
country = "AL"
asn = "AS64500"
name = "Example Provider"
abuse_contact = "abuse@provider.example"
"""
REMOTE_LISTS = """
[[list]]
name = "Police list"
url = "https://match.example/v1/match"
kinds = ["md5", "sha1", "sha256", "pdq", "phash"]
timeout_seconds = 10
default_class = "baseline"
source = "National police"
"""

Load = Callable[[Path], object]
FOLDERS = ("countries/", "languages/")


@dataclass(frozen=True)
class DataFile:
    """``words``: the vocabularies that its values come from. ``text``: an example where the
    shipped file is empty. ``free``: lines whose words no vocabulary rules; ``free_names``: nor its
    names. ``own_answers_after``: the line from which answers of an assessment are the file's own.
    """

    name: str
    load: Load
    words: tuple[Iterable[str], ...] = ()
    text: str = ""
    free: str = r"(?!)"
    free_names: bool = False
    own_answers_after: str = ""

    @property
    def place(self) -> str:
        """Where in the data directory an operator's own one lies."""
        in_folder = self.name.startswith(FOLDERS)
        return self.name if in_folder else f"data/{self.name}"


def load_countries(folder: Path) -> None:
    for code in countries.list_countries(folder):
        countries.load_country(code, folder)


def load_demo_policy(folder: Path) -> object:
    return load_policy(folder, name="availability-demo.toml")


HASH_KINDS = ("md5", "sha1", "sha256", "pdq", "phash")
SENDERS = ("dkim", "arf", "xarf", "plain", "ncmec", "provider")
PARTNER_KINDS = (
    "anti_trafficking_unit",
    "school_psychologist",
    "prosecutor",
    "police",
    "ncb",
    "helpline",
    "regulator",
    "hotline",
    "platform",
)
WRAPPERS = (
    "redirector",
    "proxy",
    "translator",
    "archive",
    "dashes",
    "base64",
    "host",
)
RULE_WORDS = (
    Destination,
    GroundName,
    Answer,
    Condition,
    PlaceFact,
    country_codes(),
)
COUNTRY_WORDS = (Day, language_codes(), country_codes())
FREE_TEXT = r"^(source|reference_prefix|police_report|regulator|name|hotline)"
CODES = ("AL", "MK", "RS")
DATA_FILES = (
    DataFile("limits.toml", load_limits),
    DataFile("mail_senders.toml", load_senders, (SENDERS,), MAIL_SENDERS),
    *(
        DataFile(
            f"countries/{code}/country.toml",
            load_countries,
            COUNTRY_WORDS,
            free=FREE_TEXT,
        )
        for code in CODES
    ),
    *(
        DataFile(f"countries/{code}/jurisdiction.toml", load_rules, RULE_WORDS)
        for code in CODES
    ),
    DataFile("routing_network.toml", load_rules, RULE_WORDS),
    DataFile("languages/en/routing.toml", load_rules, (PlaceFact,)),
    DataFile("languages/mk/routing.toml", load_rules, (PlaceFact,)),
    DataFile("languages/sq/routing.toml", load_rules, (PlaceFact,)),
    DataFile("languages/sr-Cyrl/routing.toml", load_rules, (PlaceFact,)),
    DataFile("languages/sr-Latn/routing.toml", load_rules, (PlaceFact,)),
    *(
        DataFile(
            f"languages/{code}/countries.toml", load_rules, (country_codes(),)
        )
        for code in ("sq", "sr-Cyrl", "sr-Latn")
    ),
    DataFile(
        "partner_hotlines.csv", load_rules, (country_codes(), ("yes", "no"))
    ),
    DataFile(
        "priority_weights.toml", load_rules, (priority.Slug, language_codes())
    ),
    *(
        DataFile(
            f"countries/{code}/partners.toml",
            seed.load_seed,
            (PARTNER_KINDS, *COUNTRY_WORDS),
        )
        for code in CODES
    ),
    DataFile(
        "countries/AL/municipalities.csv", seed.load_seed, (country_codes(),)
    ),
    DataFile(
        "countries/RS/units.csv",
        seed.load_seed,
        (country_codes(), ("child_protection_unit", "police")),
    ),
    DataFile(
        "countries/MK/units.csv",
        seed.load_seed,
        (country_codes(), ("child_protection_unit", "police")),
    ),
    DataFile("periods.toml", load_general_periods, (Sort,)),
    *(
        DataFile(
            f"countries/{code}/retention.toml",
            lambda folder, code=code: load_country_periods(code, folder),
            (Sort,),
        )
        for code in ("AL", "MK", "RS")
    ),
    DataFile(
        "offices.toml",
        load_offices,
        (Disclosure, REFERRAL_ROUTES, OfficeOutcome),
    ),
    *(
        DataFile(
            f"languages/{code}/keywords.toml",
            load_keywords,
            (priority.WORD_SLUGS,),
            free=r"^#|^source",
        )
        for code in ("en", "mk", "sq", "sr-Cyrl", "sr-Latn")
    ),
    DataFile("reporter_news.toml", load_reporter_rules, (News,)),
    DataFile(
        "platforms.toml",
        load_platforms,
        (country_codes(), ("url", "account")),
        free=r'^  "',  # words of the sites themselves
    ),
    DataFile("tracking.toml", load_platforms, free_names=True),
    DataFile(
        "wrappers.toml", load_platforms, (WRAPPERS,), free=r"^paramet|^id"
    ),
    DataFile("exposure.toml", load_exposure, (ReportKind, CLASSES)),
    DataFile(
        "playbook.toml",
        load_playbooks,
        (ReportKind, HostingKind, Sign),
        free="^name|^label",
    ),
    DataFile(
        "assessment.toml",
        load_schema,
        (CLASSES, ReportKind, IccamList),
        free="^name",
        own_answers_after='name = "age"',
    ),
    DataFile(
        "remote_lists.toml",
        load_remote_lists,
        (HASH_KINDS, CLASSES),
        REMOTE_LISTS,
    ),
    DataFile(
        "known_networks.toml",
        load_known_networks,
        (country_codes(),),
        KNOWN_NETWORKS,
    ),
    DataFile("cdn.toml", CdnRanges.load_file),
    DataFile("availability.toml", load_policy),
    DataFile("availability-demo.toml", load_demo_policy),
    DataFile("error_pages.toml", load_error_pages, (VerdictName,)),
)
WITHOUT_WORDS = {
    "quality.toml": "two shares from 0 to 1",
    "assessment_1.toml": "an older version, which is read as assessment.toml is",
    "rdap_bootstrap.json": "addresses of registries, as IANA publishes them",
    "asn.npz.xz": "a table of numbers",
    "asn.NOTICE": "a licence",
    "columns.toml": "names of columns, which a test compares with the database",
    "referral.schema.json": "what we write; its words are compared below",
}


@dataclass(frozen=True)
class Misspelling:
    """``text`` is the file with ``wrong`` in place of ``right`` at one place."""

    line: int
    right: str
    wrong: str
    text: str


def misspell(word: str, words: frozenset[str]) -> str:
    """The word with one letter written twice, or another letter where that is a word as well."""
    twice = f"{word[:1]}{word}"
    others = (f"{word[:-1]}{letter}" for letter in LETTERS)
    candidates = (twice, *others)
    return next(wrong for wrong in candidates if wrong not in words)


def first_and_last(cases: Iterable[Misspelling]) -> list[Misspelling]:
    """Each word where it first appears, and where it last does."""
    by_word: dict[str, list[Misspelling]] = {}
    for case in cases:
        by_word.setdefault(case.right, []).append(case)
    chosen = {
        (case.line, case.wrong): case
        for places in by_word.values()
        for case in (places[0], places[-1])
    }
    return list(chosen.values())


def path_of(name: str) -> Path:
    if name.startswith(FOLDERS):
        return REPOSITORY / "hotline" / name
    (path,) = (
        path
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob(f"data/{name}")
    )
    return path


QUOTED = re.compile(r'"([^"\n]+)"')
NAME = re.compile(r"(?:^|[{,]\s*)([A-Za-z][\w-]*)(?:\.[a-z]+)?\s*(?==\s)")
TABLE = re.compile(r"^\[+(?:\w+\.)?(\w+)\]+")


def misspellings(file: DataFile) -> Iterator[Misspelling]:
    text = file.text or path_of(file.name).read_text(encoding="utf-8")
    if file.name.endswith(".csv"):
        yield from misspelt_cells(file, text)
        return
    words = frozenset(str(word) for group in file.words for word in group)
    lines = text.split("\n")
    has_own_answers = False
    for number, line in enumerate(lines):
        has_own_answers |= (
            bool(file.own_answers_after) and line == file.own_answers_after
        )
        if line.lstrip().startswith("#"):
            continue
        if has_own_answers and line.startswith("  {"):
            continue
        spans = [
            match.span(1)
            for match in QUOTED.finditer(line)
            if match[1] in words and not re.search(file.free, line)
        ]
        spans += [match.span(1) for match in TABLE.finditer(line)]
        if not file.free_names and not inside_text(line):
            spans += [match.span(1) for match in NAME.finditer(line)]
        for start, end in spans:
            yield misspelt(lines, number, start, end, words)


def inside_text(line: str) -> bool:
    """A line of texts or of sites' own names, which may hold anything that looks like a name."""
    return line.startswith(('  "', "headers = ", "query = ", "inside = "))


def misspelt(
    lines: list[str], number: int, start: int, end: int, words: frozenset[str]
) -> Misspelling:
    right = lines[number][start:end]
    wrong = misspell(right, words)
    line = lines[number][:start] + wrong + lines[number][end:]
    text = "\n".join([*lines[:number], line, *lines[number + 1 :]])
    return Misspelling(number + 1, right, wrong, text)


def misspelt_cells(file: DataFile, text: str) -> Iterator[Misspelling]:
    """Each title of a column, and the words of the first and the last row."""
    words = frozenset(str(word) for group in file.words for word in group)
    lines = [
        line for line in text.splitlines() if line and not line.startswith("#")
    ]
    for number in (0, 1, len(lines) - 1):
        cells = lines[number].split(",")
        for column, cell in enumerate(cells):
            if number == 0 or cell in words:
                wrong = misspell(cell, words)
                line = ",".join([*cells[:column], wrong, *cells[column + 1 :]])
                changed = "\n".join(
                    [*lines[:number], line, *lines[number + 1 :]]
                )
                yield Misspelling(number + 1, cell, wrong, changed)


def test_every_data_file_of_the_repository_is_looked_at() -> None:
    shipped = {
        path.name
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("data/*")
        if path.is_file()
    }
    languages = (REPOSITORY / "hotline" / "languages").glob("*/*.toml")
    shipped |= {
        f"languages/{path.parent.name}/{path.name}" for path in languages
    }
    shipped |= {
        f"countries/{path.parent.name}/{path.name}"
        for path in (REPOSITORY / "hotline" / "countries").glob("*/*")
    }
    assert shipped == {file.name for file in DATA_FILES} | set(WITHOUT_WORDS)


@pytest.mark.parametrize("file", DATA_FILES, ids=lambda file: str(file.name))
def test_no_misspelt_word_is_taken(file: DataFile, tmp_path: Path) -> None:
    cases = first_and_last(misspellings(file))
    assert cases
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        (folder / file.place).parent.mkdir(parents=True)
        (folder / file.place).write_text(case.text, encoding="utf-8")
        where = f"{file.name}:{case.line}: {case.right} -> {case.wrong}"
        with pytest.raises(Misconfigured) as refused:
            file.load(folder)
            pytest.fail(f"{where} was taken")
        said = str(refused.value)
        assert_names(case, said)


def assert_names(case: Misspelling, said: str) -> None:
    """The wrong word is named, and the right one; of two letters, at least one that is like it."""
    if "not valid TOML" in said:
        return  # the rest of a table can no longer belong to it
    where = f"{case.line}: {case.right} -> {case.wrong}: {said}"
    assert case.wrong in said, where
    if len(case.right) > 2:
        assert case.right in said.replace(case.wrong, ""), where
    else:
        assert "did you mean" in said, where


@pytest.mark.parametrize("file", DATA_FILES, ids=lambda file: str(file.name))
def test_the_check_of_the_configuration_reads_every_file(
    file: DataFile, tmp_path: Path
) -> None:
    case = next(misspellings(file))
    (tmp_path / file.place).parent.mkdir(parents=True)
    (tmp_path / file.place).write_text(case.text, encoding="utf-8")
    policy = "demo" if "demo" in file.name else "default"
    settings = Settings(data_dir=tmp_path, availability_policy=policy)
    assert any(
        case.wrong in fault for fault in configuration.list_faults(settings)
    )


def test_each_kind_in_which_a_child_is_in_contact_raises_the_priority() -> (
    None
):
    """A misspelt kind in a list of the rules' file once lowered it from 120 to 40.

    The flag now stands in the kind's own row, where there is no word to misspell.
    """
    raised = set()
    for kind in ReportKind:
        parts = route_facts(
            Facts(home="AL", kind=kind), load_rules()
        ).priority.parts
        if any(part.slug == priority.Slug.CHILD_CONTACTED for part in parts):
            raised.add(kind)
    assert raised == {
        ReportKind.GROOMING,
        ReportKind.LIVE_STREAM,
        ReportKind.SEXUAL_EXTORTION,
        ReportKind.TRAFFICKING,
    }


def test_the_schema_of_referrals_has_no_word_of_its_own() -> None:
    schema = json.loads(
        path_of("referral.schema.json").read_text(encoding="utf-8")
    )
    properties = schema["properties"]
    assert set(properties["addressee"]["properties"]["kind"]["enum"]) <= set(
        Destination
    )
    assert properties["urgency"]["enum"] == list(Urgency)
    ground = properties["jurisdiction"]["items"]["properties"]
    assert set(ground["status"]["enum"]) <= set(Answer)
