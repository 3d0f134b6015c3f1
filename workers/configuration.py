"""What can be wrong with settings and data files, for ``config check`` and ``hotline doctor``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hotline.core.errors import Misconfigured
from hotline.core.setting_parts.placeholders import list_placeholders
from hotline.core.settings import Settings


def list_examples_in_letters(settings: Settings) -> list[str]:
    """One sentence where a mail server is set and a letter would hold an example; else none."""
    examples = list_placeholders(settings)
    if not (examples and settings.smtp_host):
        return []
    return [
        "Letters are to leave, but these settings are examples: "
        f"{', '.join(examples)}."
    ]


def find_gaps(settings: Settings) -> list[str]:
    """What is not wrong, but leaves a part of the service without effect."""
    gaps = []
    examples = list_placeholders(settings)
    if examples:
        gaps.append(
            f"no letter leaves while these are examples: {', '.join(examples)}."
        )
    if not settings.smtp_host:
        gaps.append("no smtp_host is set, so nothing is sent by e-mail.")
    if not settings.control_url:
        gaps.append(
            "no control_url is set, so no removal can be verified: an absence counts "
            "only while a page of your own can be reached."
        )
    return gaps


def list_faults(settings: Settings) -> list[str]:
    """Every fault of every data file, each named once."""
    from hotline.core.datafiles import countries

    folder = settings.data_dir
    faults = [*_list_told_faults(folder), *_list_raised_faults(settings)]
    if settings.country not in countries.list_countries(folder):
        faults.append(
            f"There is no data file for the home country {settings.country}."
        )
    # A file that two readers share is wrong for both of them, and once is
    # enough to say so.
    return list(dict.fromkeys(faults))


def _list_told_faults(folder: Path) -> Iterator[str]:
    """Of the files whose readers name all that is wrong at once."""
    from hotline.core.datafiles import countries, periods
    from hotline.core.language import languages
    from partners.directory import seed
    from partners.reporters import rules as reporter_rules
    from triage import priority
    from triage.cases.assessing import assessment
    from triage.jurisdiction import rules
    from triage.priority import keywords

    yield from countries.find_country_faults(folder)
    yield from languages.find_language_faults(folder)
    yield from periods.find_period_faults(folder)
    yield from rules.list_faults(folder)
    yield from priority.list_faults(folder)
    yield from keywords.list_faults(folder)
    yield from seed.list_faults(folder)
    yield from reporter_rules.list_faults(folder)
    yield from assessment.find_version_faults(folder)


def _list_raised_faults(settings: Settings) -> Iterator[str]:
    """Of the files whose readers stop at the first thing that is wrong."""
    from hotline.intake.flood.limits import load_limits
    from hotline.intake.inbound.mail import load_senders
    from partners.referrals.telling.offices import load_offices
    from triage.availability.pages import load_error_pages
    from triage.availability.policy import load_policy, policy_file
    from triage.cases.assessing.assessment import load_schema
    from triage.cases.handling.exposure import load_exposure
    from triage.cases.handling.playbook import load_playbooks
    from triage.cases.quality.drawing import load_shares
    from triage.hashlists.owners.remote import load_remote_lists
    from triage.hosting.sources.cdn import CdnRanges
    from triage.hosting.sources.known import load_known_networks
    from triage.locations.catalogue import load_platforms

    policy = policy_file(settings.availability_policy)
    loaders: tuple[Callable[[Path], object], ...] = (
        load_platforms,
        load_limits,
        load_senders,
        load_remote_lists,
        CdnRanges.load_file,
        load_known_networks,
        load_error_pages,
        load_schema,
        load_exposure,
        load_playbooks,
        load_shares,
        load_offices,
        lambda folder: load_policy(folder, name=policy),
    )
    for load in loaders:
        try:
            load(settings.data_dir)
        except Misconfigured as error:
            yield str(error)
