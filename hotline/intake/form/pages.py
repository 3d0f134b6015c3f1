"""Pages that look the same to everybody but for a few words: rendered once, then filled in.

A receipt's page is thirty translated sentences around one code, and to put them together takes
longer than to store the report.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Hashable, Mapping
from typing import Any

from flask import current_app, render_template
from markupsafe import Markup, escape

from hotline.core.web import site

_EXTENSION = "hotline.intake.form.pages"
MAX_PAGES = 500
"""In memory; each is a few kB. Beyond that pages are rendered each time."""


def fill_page(
    template: str,
    own: Mapping[str, str],
    variant: Mapping[str, Hashable],
    **same: Any,
) -> str:
    """The page of ``template``, with ``own``: what is this visitor's alone and is not remembered.

    What is in ``own`` can only be printed: the template sees a mark in its place. ``variant`` tells
    the pages of one template apart, beside the language; ``same`` is equal whenever they are.
    """
    pages: dict[Hashable, list[str]] = current_app.extensions.setdefault(
        _EXTENSION, {}
    )
    key = (
        template,
        site.page_language(),
        site.new_language(),
        *own,
        *variant.values(),
    )
    parts = pages.get(key)
    if parts is None:
        parts = _render_parts(template, tuple(own), {**variant, **same})
        if len(pages) < MAX_PAGES:
            pages[key] = parts
    # The parts are everybody's: this visitor's words must not stay in them.
    filled = parts.copy()
    filled[1::2] = [str(escape(own[name])) for name in parts[1::2]]
    return "".join(filled)


class _Mark(Markup):
    """Stands for a word of ``own``; where a template calls it, as ``csrf_token()``, too."""

    def __call__(self) -> _Mark:
        return self


def _render_parts(
    template: str, own: tuple[str, ...], same: Mapping[str, Any]
) -> list[str]:
    """Text, name, text, name, … text: what stands between the marks, and which they are."""
    # Random, so that nothing that anybody typed is taken for one.
    mark = f"mark-{secrets.token_hex(16)}-"
    marks = {name: _Mark(f"{mark}{name};") for name in own}
    return re.split(
        f"{mark}([a-z_]+);", render_template(template, **same, **marks)
    )
