"""The way through the questions."""

from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.form.asking import paths

ANSWERS = st.fixed_dictionaries(
    {
        "reporter_role": st.sampled_from(
            ["", "child_self", "child_friend", "parent"]
        ),
        "own_material": st.sampled_from(["", "yes"]),
        "danger_now": st.sampled_from(["", "no", "yes"]),
        "kind": st.sampled_from(["", "csam_image", "p2p", "a kind of before"]),
        "seen_at": st.sampled_from(["", "1.11.2026 22:15"]),
        paths.PATH: st.sampled_from(["", paths.SHORT]),
    }
)


@given(ANSWERS)
def test_every_way_visits_each_page_once_and_ends_at_the_check(
    values: dict[str, str],
) -> None:
    page, seen = paths.path_of(values)[0], []
    while page != "check":
        seen.append(page)
        following = paths.page_after(page, values)
        assert paths.page_before(following, values) == page
        page = following
    assert len(seen) == len(set(seen))
    assert {"where", "danger", "more", "contact"} <= set(seen)
    assert ("emergency" in seen) == (values["danger_now"] == "yes")


@given(ANSWERS)
def test_the_emergency_comes_before_anything_else_is_asked(
    values: dict[str, str],
) -> None:
    assert (
        paths.page_after("danger", {**values, "danger_now": "yes"})
        == "emergency"
    )


def test_a_child_is_offered_help_as_soon_as_it_says_so() -> None:
    assert (
        paths.page_after("who", {"reporter_role": "child_self"}) == "support"
    )
    assert (
        paths.page_after("who", {"reporter_role": "child_friend"}) == "support"
    )
    assert paths.page_after("who", {"own_material": "yes"}) == "support"
    assert paths.page_after("who", {"reporter_role": "public"}) == "danger"


def test_whoever_looks_after_a_child_is_told_how_to_help_first() -> None:
    parent = {"reporter_role": "parent"}
    teacher = {"reporter_role": "professional"}
    assert paths.support_for(parent) is paths.SupportFor.HELPER
    for kind in ("self_generated", "sexual_extortion", "grooming"):
        told = paths.support_for({**teacher, "kind": kind})
        assert told is paths.SupportFor.HELPER
        assert paths.page_after("who", {**teacher, "kind": kind}) == "support"
    # Whoever came across a page at work looks after no child.
    assert paths.support_for({**teacher, "kind": "onion"}) is None


def test_a_grown_up_in_the_picture_is_no_child() -> None:
    own = {"own_material": "yes"}
    for role in ("", "unknown", "public", "parent"):
        support = paths.support_for({**own, "reporter_role": role})
        assert support is paths.SupportFor.GROWN_UP
    child = paths.support_for({**own, "reporter_role": "child_self"})
    assert child is paths.SupportFor.CHILD


def test_the_short_way_asks_nothing_about_the_person() -> None:
    path = paths.path_of(
        {paths.PATH: paths.SHORT, "reporter_role": "child_self"}
    )
    assert not {"who", "what"} & set(path)


def test_the_time_is_asked_for_where_the_kind_makes_it_matter() -> None:
    for kind in ("p2p", "live_stream", "account"):
        assert paths.page_after("what", {"kind": kind}) == "when"
    assert paths.page_after("what", {"kind": "csam_image"}) == "who"
    # What was given is never out of reach, whatever else is answered later.
    given_before = {"kind": "csam_image", "seen_at": "1.11.2026 22:15"}
    assert paths.page_after("what", given_before) == "when"


def test_positions_count_questions_only() -> None:
    values = {"danger_now": "yes"}
    assert paths.position_of("where", values) == (1, 6)
    assert paths.position_of("emergency", values) == (0, 6)
    assert paths.position_of("contact", values) == (6, 6)


def test_a_page_that_is_not_on_the_way_leads_to_the_beginning() -> None:
    assert paths.page_after("emergency", {}) == "where"
    assert paths.page_before("emergency", {}) is None
