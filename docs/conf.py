"""The documentation as a site: ``make docs``. Sphinx reads the Markdown that a repository shows."""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Hotline"
release = os.environ["HOTLINE_VERSION"]
version = release
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "alabaster"
html_title = f"Hotline {release}"
html_theme_options = {"description": f"Version {release}"}
html_copy_source = False

HERE = Path(__file__).parent
LINK = re.compile(r"\[([^\]]+)\]\((\.\.?/[^)#]+)\)")


def setup(app: Sphinx) -> None:
    app.connect("source-read", leave_repository)


def leave_repository(_app: Sphinx, page: str, source: list[str]) -> None:
    """A site has no folders of code, and no program that draws diagrams: their text stays."""
    folder = (HERE / page).parent

    def without_folder(link: re.Match[str]) -> str:
        return link[1] if (folder / link[2]).is_dir() else link[0]

    source[0] = LINK.sub(without_folder, source[0])
    source[0] = source[0].replace("```mermaid", "```text")
