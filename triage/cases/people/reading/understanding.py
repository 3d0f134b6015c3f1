"""What a whole report was understood to name, for whoever wrote it to check before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hotline.intake.form.asking.understood import Sort, Understood
from hotline.intake.registry.questions import Answers
from triage.cases.people.reading.answers import propose_identifiers
from triage.cases.people.vocabulary import IdentifierKind
from triage.locations.catalogue_values import Catalogue
from triage.locations.others.address_use import ZONE_NOT_STATED
from triage.locations.understanding import understand_places

_SORTS: Mapping[IdentifierKind, Sort] = {
    IdentifierKind.ACCOUNT: Sort.ACCOUNT,
    IdentifierKind.PHONE: Sort.PHONE,
    IdentifierKind.EMAIL: Sort.EMAIL,
    IdentifierKind.IP_ADDRESS: Sort.ADDRESS,
}
_PAID_TO = Sort.PAYMENT
"""The sort of wallets, bank accounts, and whatever else money is to go to."""


def understand_report(
    lines: Sequence[str],
    narrative: str,
    answers: Answers,
    region: str,
    catalogue: Catalogue | None = None,
    zone_not_stated: str = ZONE_NOT_STATED,
) -> Understood:
    """The places, then what the answers say of the reported person, each once.

    It is what an analyst is offered to note, read in the same way.
    """
    places = understand_places(
        lines, narrative, region, catalogue, zone_not_stated
    )
    by_sort = {sort: list(shown) for sort, shown in places.items()}
    for said in propose_identifiers(answers, region):
        shown = by_sort.setdefault(_SORTS.get(said.kind, _PAID_TO), [])
        if said.display not in shown:
            shown.append(said.display)
    return {sort: tuple(by_sort[sort]) for sort in Sort if sort in by_sort}
