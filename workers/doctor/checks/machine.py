"""The machine: disk, fonts, and what its kernel gives the fetcher."""

from __future__ import annotations

import os
import shutil
import stat

import babel

from hotline.core import readiness
from hotline.core.language import languages
from hotline.intake.form.receipt import confirmation
from triage.fetching.process.client import Fetcher
from triage.fetching.report import PROTECTIONS
from workers.doctor.finding import (
    Finding,
    find_failed,
    find_well,
    warn_of,
    write_sentence,
)
from workers.doctor.installation import Installation

LITTLE_FREE = 5 * readiness.LEAST_FREE
FEW_FILES = 10_000
"""Names that a file system can still take; an import of a list needs a few dozen."""
_ONLY_ROOT_CAN = "own_user"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def look_at_disk(installation: Installation) -> Finding:
    folder = installation.settings.data_dir
    if not folder.is_dir():
        return find_failed(
            f"There is no data directory {folder}.",
            "Make it for the service's user with mode 0700, or start the service once.",
        )
    fault = readiness.find_disk_fault(folder)
    if fault:
        return find_failed(
            write_sentence(f"{fault} ({folder})"),
            "Make room: reports that cannot be stored are refused.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return find_failed(
            f"This user may not write into {folder}.",
            "Run the command as the service's user, or give the directory to that user.",
        )
    free = shutil.disk_usage(folder).free
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _OTHERS:
        return warn_of(
            f"Other users of this machine may look into {folder} (mode {mode:04o}).",
            f"Run `chmod 700 {folder}`.",
        )
    left = os.statvfs(folder)
    # A file system without a fixed number of files says 0 of them.
    if free < LITTLE_FREE or (left.f_files and left.f_favail < FEW_FILES):
        return warn_of(
            f"{free / 1e6:,.0f} MB and {left.f_favail:,} files are left on the disk.",
            "Make room before it is full.",
        )
    return find_well(f"{free / 1e9:,.1f} GB are left on the disk.")


def look_at_fonts(installation: Installation) -> Finding:
    """Whether the confirmation that a reporter takes away can be drawn in every language."""
    offered = languages.load_languages(installation.settings.data_dir)
    samples = {code: _words_in(code) for code in offered}
    try:
        missing = {
            code
            for code, words in samples.items()
            if confirmation.find_undrawable(words)
        }
        confirmation.draw_pdf("", list(samples.values()), "", "")
    except (OSError, ValueError, RuntimeError, LookupError) as error:
        return find_failed(
            f"The font of the confirmations cannot be read ({type(error).__name__}).",
            "Reinstall the program: the font belongs to it.",
        )
    if missing:
        return warn_of(
            "The font of the confirmations lacks letters of these languages: "
            f"{', '.join(sorted(missing))}.",
            "Confirmations in them show a question mark instead.",
        )
    return find_well(
        f"Confirmations can be drawn in {len(offered)} languages."
    )


def _words_in(code: str) -> str:
    """Names of months and days: in every language they hold most of its letters."""
    try:
        locale = babel.Locale.parse(code, sep="-")
    except (ValueError, babel.UnknownLocaleError):
        return code
    months = locale.months["format"]["wide"].values()
    days = locale.days["format"]["wide"].values()
    return " ".join([locale.display_name or code, *months, *days])


def look_at_sandbox(_: Installation) -> Finding:
    """The real fetcher is started, closes its doors, says which ones, and ends."""
    with Fetcher() as fetcher:
        given = fetcher.find_protections()
    if given is None:
        return find_failed(
            "The fetcher cannot be started.",
            "The lines of the log before this say why; nothing can be looked at until then.",
        )
    missing = set(PROTECTIONS) - given
    if os.geteuid() != 0:
        # It is no root to begin with, so it has no rights to give up.
        missing.discard(_ONLY_ROOT_CAN)
    if not missing:
        return find_well("The kernel closes every door behind the fetcher.")
    return warn_of(
        "This kernel or container does not give the fetcher: "
        f"{', '.join(sorted(missing))}.",
        "Landlock needs Linux 5.13 and its scopes Linux 6.12; a user of its own is taken where "
        "HOTLINE_FETCH_UID names one. Let the network around it refuse private addresses.",
    )
