"""What the documents say exists: commands, settings, files; and how they say it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import SecretStr

from hotline.core.settings import CONFIG_VARIABLE, Settings
from triage.fetching.report import UID_VARIABLE
from workers.cli.commands import load_all_commands

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("deploy/**/*.md"),
    )
    if path.is_file()
)
OTHERS = [
    ROOT / name
    for name in (
        "Dockerfile",
        "compose.yaml",
        "Makefile",
        ".dockerignore",
        "pyproject.toml",
    )
]
EXAMPLES = [
    path
    for path in (ROOT / "deploy").rglob("*")
    if path.is_file() and not {"secrets", "__pycache__"} & set(path.parts)
]
TEXTS = sorted({*DOCUMENTS, *OTHERS, *EXAMPLES})
BESIDES_SETTINGS = {
    CONFIG_VARIABLE,
    "HOTLINE_SECRET_FILES",
    "HOTLINE_CONFIG_FILE",
    UID_VARIABLE,
}
SCREENS = (
    "01-start",
    "02-report",
    "03-receipt",
    "04-queue",
    "05-case",
    "06-plan",
    "07-inbox",
    "08-hold",
    "09-provider",
    "10-removed",
    "11-status",
    "12-people",
)

# In two halves, so that the words themselves stand nowhere in the project.
AVOIDED = (
    ("child", "porn"),
    ("kiddie", "porn"),
    ("child", "prostitut"),
    ("child", "sex worker"),
    ("transactional", "sex"),
    ("sex", "tourism"),
    ("sex", "tourist"),
    ("webcam", "sex"),
    ("self", "victimi"),
    ("child", "lover"),
    ("volunt", "arily"),
)
# Places of one machine, and how the work on the project is organised, concern nobody else.
PRIVATE = re.compile(
    r"(?<![\w.])/(?:wo[r]k|ro[o]t|ho[m]e|fa[r]m)/|\bsuba[g]ent|\.\./sha[r]ed|"
    r"\b(?:iss[u]e|pa[r]t) \d",
    re.IGNORECASE,
)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def commands() -> click.Command:
    return load_all_commands()


def quoted(text: str) -> list[str]:
    """What stands in a fence or between backticks, line by line."""
    fences = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [line for block in (*fences, *spans) for line in block.splitlines()]


def called(text: str) -> list[list[str]]:
    """The words after each ``hotline``, also where the image's entry point is the program."""
    program = re.compile(
        r"(?:^|(?<=\s)|(?<=\.venv/bin/))(?:hotline|run --rm (?:-v \S+ )?worker) ([a-z].*)$"
    )
    found = (
        program.search(line.split("#")[0].strip()) for line in quoted(text)
    )
    return [match[1].split() for match in found if match]


def fault_of(words: list[str]) -> str:
    """What is wrong with a mentioned command line, or ""."""
    at: Any = commands()
    rest = list(words)
    while rest and hasattr(at, "commands"):
        name = rest.pop(0)
        if name not in at.commands:
            return f"there is no command {name!r} in {' '.join(words)!r}"
        at = at.commands[name]
    options = {
        option for parameter in at.params for option in parameter.opts
    } | {"--help"}
    unknown = [
        word for word in rest if word.startswith("--") and word not in options
    ]
    return f"{' '.join(words)!r} has no {unknown}" if unknown else ""


def test_the_readme_shows_the_two_commands_and_the_demo() -> None:
    text = (ROOT / "README.md").read_text()
    for target in ("run", "test", "demo"):
        assert re.search(rf"^make {target}\b", text, re.MULTILINE)
        assert re.search(
            rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE
        )


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_mentioned_commands_exist(path: Path) -> None:
    assert [
        fault
        for words in called(path.read_text())
        if (fault := fault_of(words))
    ] == []


def test_the_check_of_commands_finds_what_is_wrong() -> None:
    text = "`hotline audit verify` `hotline bake` \n```sh\nhotline route --jsn x\n```\n"
    assert called(text) == [
        ["route", "--jsn", "x"],
        ["audit", "verify"],
        ["bake"],
    ]
    assert [bool(fault_of(words)) for words in called(text)] == [
        True,
        False,
        True,
    ]


def test_every_command_is_in_the_readme() -> None:
    shown = {words[0] for words in called((ROOT / "README.md").read_text())}
    top: Any = commands()
    visible = {
        name for name, command in top.commands.items() if not command.hidden
    }
    assert visible - shown == set()


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_mentioned_variables_are_settings(path: Path) -> None:
    for name in re.findall(r"\bHOTLINE_[A-Z_]+[A-Z]\b", path.read_text()):
        known = name.removeprefix("HOTLINE_").lower() in Settings.model_fields
        assert known or name in BESIDES_SETTINGS, name


def default_of(name: str) -> str:
    """A setting's default as the tables show it."""
    value = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in (None, "", (), {}):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{entry}"' for entry in value) + "]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def table(path: str) -> dict[str, str]:
    """Setting -> default, of the rows of a document's tables of settings."""
    lines = (ROOT / path).read_text().split("| setting | default |")[1:]
    rows = (
        re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", part, re.MULTILINE)
        for part in lines
    )
    return {
        name: value
        for part in rows
        for name, value in part
        if name in Settings.model_fields
    }


def test_all_settings_are_listed_with_their_defaults() -> None:
    assert table("docs/settings.md") == {
        name: default_of(name) for name in Settings.model_fields
    }


def test_the_readme_s_defaults_are_true() -> None:
    shown = table("README.md")
    assert len(shown) >= 10
    assert shown == {name: default_of(name) for name in shown}


def links(path: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def heading_marks(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in titles
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        file, _, mark = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if "screenshots" not in link:
            assert target.exists(), link
        if mark and target.suffix == ".md":
            assert mark in heading_marks(target), link


def test_the_walk_s_screens_are_shown_in_their_order() -> None:
    shown = [
        link for link in links(ROOT / "README.md") if "screenshots" in link
    ]
    assert shown == [f"docs/screenshots/{name}.png" for name in SCREENS]


@pytest.mark.parametrize("name", SCREENS)
def test_the_screen_was_made(name: str) -> None:
    picture = ROOT / "docs" / "screenshots" / f"{name}.png"
    assert picture.is_file(), "the end-to-end run makes it"
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_words_are_the_field_s_own(path: Path) -> None:
    text = path.read_text()
    for first, second in AVOIDED:
        between = r"(?:ren)?(?:'s)?[\s_-]*" if first == "child" else r"[\s_-]*"
        assert not re.search(first + between + second, text, re.IGNORECASE), (
            first
        )


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_nothing_private_is_told(path: Path) -> None:
    assert PRIVATE.findall(path.read_text()) == []


def test_the_licence_is_the_one_that_the_package_names() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert "Grant of Patent License" in licence
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()


def test_it_is_said_how_the_composition_was_tried() -> None:
    for name in ("README.md", "docs/operations.md"):
        text = " ".join((ROOT / name).read_text().split())
        assert "stand-ins" in text or "stands in" in text
        assert "**not by Docker Compose**" in text


def test_every_file_that_a_document_of_developers_names_is_there() -> None:
    """A guard or a test that was moved away would be looked for in vain."""
    path = re.compile(
        r"(?:tests|hotline|triage|partners|workers|scripts|docs)/[\w/.-]*\w"
    )
    missing = {
        f"{named(document)}: {name}"
        for document in ROOT.glob("docs/developers/**/*.md")
        for name in quoted(document.read_text())
        if path.fullmatch(name) and not (ROOT / name).exists()
    }
    assert not missing
