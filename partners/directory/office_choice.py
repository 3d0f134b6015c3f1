"""The offices that a route could go to, as the plan's page offers them: fitting ones first, the
others by county, since nobody finds one among sixty in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from partners.directory.counties import county_of, load_counties
from partners.directory.lookup import office_of, propose_partner
from partners.directory.models import Partner
from partners.directory.territory import Coverage, coverage_of, plain_name


@dataclass(frozen=True, slots=True)
class Choice:
    """An office that could be told. ``is_proposed``: it is the only one that fits the place."""

    partner: Partner
    coverage: Coverage
    is_proposed: bool


@dataclass(frozen=True, slots=True)
class CountyChoices:
    """Offices of other places than the child's. ``county``: "" where no file says which it is."""

    county: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class OfficeChoices:
    """``fitting``: for the child's place or the whole country. One ``elsewhere`` needs a reason."""

    fitting: Sequence[Choice]
    elsewhere: Sequence[CountyChoices]

    def __bool__(self) -> bool:
        return bool(self.fitting or self.elsewhere)

    def __iter__(self) -> Iterator[Choice]:
        yield from self.fitting
        for group in self.elsewhere:
            yield from group.choices

    @property
    def is_proposing(self) -> bool:
        return any(choice.is_proposed for choice in self.fitting)


def offer_offices(
    partners: Sequence[Partner],
    municipality: str | None,
    data_dir: Path | None = None,
) -> OfficeChoices:
    """Those of the child's own place first, all others by name; which one is proposed does not hang
    on the order."""
    best = propose_partner(partners, municipality)
    # As they are declared: the child's own, the whole country, others.
    order = list(Coverage)
    choices = sorted(
        (
            Choice(
                partner,
                coverage_of(office_of(partner).territory, municipality),
                is_proposed=partner is best,
            )
            for partner in partners
        ),
        key=lambda choice: (
            order.index(choice.coverage),
            plain_name(choice.partner.name),
        ),
    )
    return OfficeChoices(
        fitting=[
            choice for choice in choices if not choice.coverage.needs_reason
        ],
        elsewhere=_group_by_county(
            [choice for choice in choices if choice.coverage.needs_reason],
            municipality,
            load_counties(data_dir),
        ),
    )


def _group_by_county(
    choices: Sequence[Choice],
    municipality: str | None,
    counties: Mapping[str, str],
) -> list[CountyChoices]:
    """The child's own county first: the next office is more often meant than a far one."""
    groups: dict[str, list[Choice]] = {}
    for choice in choices:
        county = county_of(office_of(choice.partner).territory, counties)
        groups.setdefault(county, []).append(choice)
    own = county_of([municipality or ""], counties)
    return [
        CountyChoices(county, groups[county])
        for county in sorted(
            groups,
            key=lambda county: (
                county != own,
                # Those of no county stand last.
                not county,
                plain_name(county),
            ),
        )
    ]
