"""Whatever can be done on a case, a gold item or a rule has a key, shown where it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from hotline.accounts.shortcuts import Group, list_shortcuts
from hotline.core.context import Context
from workers.app import create_app

ROOT = Path(__file__).parents[2]
TEMPLATES = (
    *(ROOT / "triage/templates/triage").glob("case*.html"),
    *(ROOT / "partners/templates/partners").glob("panel_*.html"),
    *(
        ROOT / "triage/templates/triage" / name
        for name in (
            "gold_check.html",
            "people.html",
            "quality.html",
            "rules.html",
            "rule_change.html",
        )
    ),
)
WITHOUT = {
    "triage.withdraw_identifier": "of one of several, at the identifier itself",
    "triage.untag": "takes one of several tags off, at the tag itself",
    "triage.take_note_back": "of one of several notes, at the note itself",
    "triage.untick_step": "takes one of several ticks back, at the tick itself",
    "triage.decide_match": "of one hash; the decision on its picture has the key",
}
FORM = re.compile(r"<form\b.*?</form>|\{\{-? *act\(.*?\) *-?\}\}", re.DOTALL)
ENDPOINT = re.compile(r"url_for\('([\w.]+)'")
PART = re.compile(r"<details\b|</details>|<summary\b.*?</summary>", re.DOTALL)


@pytest.fixture
def app(context: Context) -> Flask:
    return create_app(context)


def list_acts(text: str) -> Iterator[tuple[str, bool]]:
    """Each form of a template: where it goes, and whether a key leads to it."""
    for form in FORM.finditer(text):
        opened: list[bool] = []
        for part in PART.finditer(text, 0, form.start()):
            if part[0].startswith("<details"):
                opened.append(False)
            elif part[0] == "</details>":
                opened.pop()
            elif opened:
                opened[-1] = "key('" in part[0]
        endpoint = ENDPOINT.search(form[0])
        yield (
            endpoint[1] if endpoint else form[0][:60],
            "key('" in form[0] or any(opened),
        )


def test_every_act_has_a_key() -> None:
    acts = [
        (path.name, *act)
        for path in TEMPLATES
        for act in list_acts(path.read_text(encoding="utf-8"))
    ]
    assert len(acts) > 40
    without = {endpoint for _, endpoint, has_key in acts if not has_key}
    assert without == set(WITHOUT), acts


def test_every_button_of_the_queue_has_a_key() -> None:
    """Those of a part that a key opens aside: they lie behind its fields."""
    folder = ROOT / "triage/templates/triage"
    buttons = [
        button
        for name in ("queue.html", "queue_acts.html", "queue_own.html")
        for button in re.findall(
            r"<button\b.*?</button>|<summary\b.*?</summary>",
            re.sub(
                r"(?s)(</summary>).*?(</details>)",
                r"\1\2",
                (folder / name).read_text(encoding="utf-8"),
            ),
            re.DOTALL,
        )
    ]
    assert len(buttons) > 8
    assert [button for button in buttons if "key(" not in button] == []


def test_every_key_is_shown_where_it_works(app: Flask) -> None:
    shown = {
        slug
        for folder in ("hotline", "triage", "partners")
        for path in (ROOT / folder).rglob("*.html")
        for slug in re.findall(
            r"key\('([\w.]+)'", path.read_text(encoding="utf-8")
        )
    }
    with app.test_request_context("/"):
        shortcuts = list_shortcuts()
    # A loop puts the end of a slug behind its beginning, and a macro takes all of it.
    begun = tuple(slug for slug in shown if slug.endswith("."))
    whole = shown - {*begun, "slug"}
    assert whole <= {each.slug for each in shortcuts}
    # Those of the queue and of the bar are shown by their lists.
    of_pages = Group.CASE, Group.PEOPLE, Group.JUDGING, Group.RULES
    for shortcut in shortcuts:
        assert shortcut.group not in of_pages or (
            shortcut.slug in whole or shortcut.slug.startswith(begun)
        )


def test_no_two_acts_of_one_page_have_one_key(app: Flask) -> None:
    with app.test_request_context("/"):
        shortcuts = list_shortcuts()
    for group in Group:
        codes = [
            shortcut.code
            for shortcut in shortcuts
            if shortcut.group in (group, Group.EVERYWHERE)
        ]
        assert len(codes) == len(set(codes)), group
