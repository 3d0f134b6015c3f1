"""A child's case goes to the office of the child's own place, or says why not."""

from __future__ import annotations

import pytest

from hotline.core.errors import InvalidInput
from hotline.core.storage import machine
from tests.support.house import House


def test_the_child_s_own_unit_is_taken_however_the_list_is_ordered(
    house: House,
) -> None:
    house.unit("Berat")
    own = house.unit("Vlorë")
    house.case_of_a_child_in("vlore")
    plan = house.ask_for_unit(None)
    assert plan.routes[0]["partner_id"] == str(own.id)
    assert "territory_reason" not in plan.routes[0]


@pytest.mark.parametrize("municipality", [None, "Krujë"])
def test_no_other_town_s_unit_is_taken_by_default(
    house: House, municipality: str | None
) -> None:
    house.unit("Berat")
    house.case_of_a_child_in(municipality)
    with pytest.raises(InvalidInput, match="Choose to whom"):
        house.ask_for_unit(None)


@pytest.mark.parametrize("municipality", [None, "Krujë"])
def test_another_town_s_unit_needs_a_reason_that_is_kept(
    house: House, municipality: str | None
) -> None:
    berat = house.unit("Berat")
    case = house.case_of_a_child_in(municipality)
    house.note_of_people(
        case, "child_protection_unit", "A child needs support."
    )
    with pytest.raises(
        InvalidInput, match="not the office of the child's municipality"
    ):
        house.ask_for_unit(berat)
    plan = house.ask_for_unit(berat, "The child lives with an aunt in Berat.")
    assert (
        plan.routes[0]["territory_reason"]
        == "The child lives with an aunt in Berat."
    )
    with house.context.database.reading() as session:
        (begun,) = machine.list_history(session, plan.id)
    assert begun.details["chosen_against_place"] == [str(berat.id)]
    assert "aunt" not in str(begun.details)
