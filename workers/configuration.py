"""What can be wrong with settings and data files, for ``config check`` and ``hotline doctor``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hotline.core.errors import Misconfigured
from hotline.core.placeholders import list_placeholders
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
    from hotline.core import languages
    from hotline.core.datafiles import countries
    from hotline.intake.flood.limits import load_limits
    from hotline.intake.inbound.mail import load_senders
    from partners.directory import seed
    from partners.referrals.offices import load_offices
    from partners.reporters import rules as reporter_rules
    from triage import priority
    from triage.availability.pages import load_error_pages
    from triage.availability.policy import load_policy, policy_file
    from triage.cases.assessment import load_schema
    from triage.cases.handling.next_case import load_exposure
    from triage.hashlists.owners.remote import load_remote_lists
    from triage.hosting.sources.cdn import CdnRanges
    from triage.hosting.sources.known import load_known_networks
    from triage.jurisdiction import rules
    from triage.locations.catalogue import load_platforms
    from triage.priority import keywords

    folder = settings.data_dir
    faults = [
        *countries.find_country_faults(folder),
        *languages.find_language_faults(folder),
        *rules.list_faults(folder),
        *priority.list_faults(folder),
        *keywords.list_faults(folder),
        *seed.list_faults(folder),
        *reporter_rules.list_faults(folder),
    ]
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
        load_offices,
        lambda where: load_policy(
            where, name=policy_file(settings.availability_policy)
        ),
    )
    for load in loaders:
        try:
            load(folder)
        except Misconfigured as error:
            faults.append(str(error))
    if settings.country not in countries.list_countries(folder):
        faults.append(
            f"There is no data file for the home country {settings.country}."
        )
    return list(dict.fromkeys(faults))
