"""Write ``docs/offices.md`` from the data: what each kind of office may be told, and why.

``--check`` fails where the page is not what the data file says now.
"""

from __future__ import annotations

import sys

from written_page import ROOT, settle_page

sys.path.insert(0, str(ROOT))

from partners.referrals.telling.offices import (
    Disclosure,
    Office,
    load_offices,
)

TARGET = ROOT / "docs" / "offices.md"
HEAD = """\
# What each kind of office is told

Written from [offices.toml](../partners/referrals/data/offices.toml) by `make offices`; the lint
fails where it is out of date. A file of that name in `data/` under the data directory takes its
place.

A referral holds what its row allows, and of that what a second person read and approved. One whose
addressee could act on nothing of it cannot be asked for. A kind of report is always named. Who
reported is told to nobody, but for a contact that its owner allowed this kind of office to have; a
contact without consent goes to those marked below alone, only while a child is in danger, and only
after a person wrote down why. To a regulator no letter goes: a person tells it by hand what its row
allows, and records that. Hosts, platforms and networks are no offices: they get the exact
places, and the hashes found there, never anything about people.

"""
WORDS = {
    Disclosure.LOCATIONS: "where it lies",
    Disclosure.HOSTING: "who hosts it",
    Disclosure.FILES: "hashes and matches",
    Disclosure.ASSESSMENT: "the assessment",
    Disclosure.CHILD: "the affected child",
    Disclosure.REPORTED_PERSON: "the reported person",
    Disclosure.CHILD_IDENTIFIERS: "what leads to the child",
    Disclosure.PERSON_IDENTIFIERS: "what leads to the reported person",
    Disclosure.SUMMARY: "a summary for it",
    Disclosure.CONTACT: "a reporter's contact, with consent",
}


def main() -> None:
    page = HEAD + table_of(dict(load_offices()))
    settle_page(TARGET, page, rule="offices")


def table_of(offices: dict[str, Office]) -> str:
    kinds = sorted(offices)
    names = [kind.replace("_", " ") for kind in kinds]
    rows = [
        f"| | {' | '.join(names)} |",
        f"|---|{'---|' * len(kinds)}",
    ]
    for disclosure in Disclosure:
        cells = [cell_of(offices[kind], disclosure) for kind in kinds]
        rows.append(f"| {WORDS[disclosure]} | {' | '.join(cells)} |")
    reasons = [
        f"- **{name}**: {offices[kind].basis}"
        for kind, name in zip(kinds, names, strict=True)
    ]
    return (
        "\n".join(rows)
        + "\n\n*yes*: told. **needs**: told, and one of these must be there.\n\n"
        + "\n".join(reasons)
        + "\n"
    )


def cell_of(office: Office, disclosure: Disclosure) -> str:
    if disclosure is Disclosure.CONTACT and office.contact_in_danger:
        return "*yes*; in danger also without consent"
    if disclosure in office.acts_on:
        return "**needs**"
    return "*yes*" if disclosure in office.gets else ""


if __name__ == "__main__":
    main()
