"""The words of pages, from the folders of the languages instead of compiled catalogues."""

from __future__ import annotations

from pathlib import Path

from babel.support import NullTranslations
from flask_babel import Babel, Domain, get_domain, get_locale

from hotline.core.language.languages import (
    CATALOGUES,
    load_languages,
    read_catalogue,
)


def spoken_language() -> str:
    """Code of the language of this request or of ``force_locale``; "" where nobody is spoken to."""
    locale = get_locale()
    return str(locale).replace("_", "-") if locale else ""


def find_spoken_folder() -> Path | None:
    """The data directory whose languages the pages speak; None where nobody is spoken to."""
    folders = get_domain()
    return folders.data_dir if isinstance(folders, LanguageFolders) else None


class LanguageFolders(Domain):  # type: ignore[misc]  # it has no types
    """Where flask-babel looks sentences up: in all catalogues of the language's folder."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self.data_dir = data_dir

    def get_translations(self) -> NullTranslations:
        """The sentences of the language that is spoken now."""
        language = load_languages(self.data_dir).get(spoken_language())
        if language is None:
            return NullTranslations()
        return read_catalogue(language, *CATALOGUES)


class FolderBabel(Babel):  # type: ignore[misc]  # it has no types
    """flask-babel with the languages' folders as its catalogues."""

    def __init__(self, data_dir: Path) -> None:
        self.folders = LanguageFolders(data_dir)
        super().__init__()

    @property
    def domain_instance(self) -> Domain:
        return self.folders
