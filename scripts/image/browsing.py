"""A person at the service's pages, without a browser: reads a page, fills in a form, presses."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

WAIT_SECONDS = 120.0
Answers = dict[str, str | list[str]]


class NotThere(AssertionError):
    """What was looked for does not stand on the page."""


class Visitor:
    """One person with cookies of their own."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(
            base_url=address,
            timeout=60,
            trust_env=False,
            follow_redirects=True,
        )
        self._page = LexborHTMLParser("")
        self.at = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def open(self, path: str) -> str:
        return self._read(self._client.get(path))

    def text(self) -> str:
        body = self._page.body
        return " ".join(body.text(separator=" ").split()) if body else ""

    def find(self, selector: str) -> str:
        """What stands in the one place of the page that the selector means."""
        node = self._page.css_first(selector)
        if node is None:
            raise NotThere(f"no {selector} on {self.at}:\n{self.text()}")
        return node.text().strip()

    def see(self, words: str) -> None:
        if words not in self.text():
            raise NotThere(f"{words!r} is not on {self.at}:\n{self.text()}")

    def wait_to_see(self, path: str, words: str) -> None:
        """Load a page again until the words stand on it."""

        def is_there() -> bool:
            self.open(path)
            return words in self.text()

        wait_until(f"{words!r} on {path}", is_there)

    def find_link(self, words: str, row: str = "") -> str:
        """Where the link with these words leads; ``row``: what stands beside it."""
        for link in self._page.css("a[href]"):
            beside = link.parent.parent if link.parent else None
            shown = beside.text() if beside is not None else ""
            if words in link.text() and (not row or row in shown):
                return str(link.attributes["href"])
        raise NotThere(f"no link {words!r} on {self.at}:\n{self.text()}")

    def press(self, button: str, answers: Answers | None = None) -> str:
        """Fill in the form of the button that begins with these words, and send it."""
        form, pressed = self._find_button(button)
        fields: Answers = {**read_fields(form), **(answers or {})}
        name = pressed.attributes.get("name")
        if name:
            fields[name] = pressed.attributes.get("value") or ""
        action = pressed.attributes.get("formaction") or form.attributes.get(
            "action"
        )
        return self._read(
            self._client.post(
                action or self.at, data=fields, headers={"Referer": self.at}
            )
        )

    def _find_button(self, words: str) -> tuple[LexborNode, LexborNode]:
        for form in self._page.css("form[method=post]"):
            for button in form.css("button"):
                if " ".join(button.text().split()).startswith(words):
                    return form, button
        raise NotThere(f"no button {words!r} on {self.at}:\n{self.text()}")

    def _read(self, answer: httpx.Response) -> str:
        self._page = LexborHTMLParser(answer.text)
        self.at = str(answer.url)
        if answer.is_error:
            raise NotThere(
                f"{answer.status_code} at {self.at}:\n{self.text()}"
            )
        return answer.text


def read_fields(form: LexborNode) -> Answers:
    """What the form would send if nobody changed anything."""
    fields: Answers = {}
    for field in form.css("input[name], select[name], textarea[name]"):
        if "disabled" in field.attributes:
            continue
        name = str(field.attributes["name"])
        kind = field.attributes.get("type") or ""
        if field.tag == "select":
            fields[name] = _chosen_option(field)
        elif field.tag == "textarea":
            fields[name] = field.text()
        elif kind in ("radio", "checkbox"):
            if "checked" in field.attributes:
                _add_choice(
                    fields, name, field.attributes.get("value") or "on"
                )
        elif kind not in ("submit", "button", "file"):
            fields[name] = field.attributes.get("value") or ""
    return fields


def _chosen_option(field: LexborNode) -> str:
    options = field.css("option")
    chosen = [one for one in options if "selected" in one.attributes]
    for option in [*chosen, *options]:
        value = option.attributes.get("value")
        return value if value is not None else option.text().strip()
    return ""


def _add_choice(fields: Answers, name: str, value: str) -> None:
    before = fields.get(name)
    if before is None:
        fields[name] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        fields[name] = [before, value]


def wait_until(
    what: str,
    is_so: Callable[[], object],
    seconds: float = WAIT_SECONDS,
    pause: float = 0.5,
) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise NotThere(f"Waited {seconds:g} s in vain: {what}.")
        time.sleep(pause)
