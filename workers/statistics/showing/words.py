"""What the console calls tables, columns and rows of figures, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from babel import Locale, UnknownLocaleError
from flask_babel import LazyString, get_locale, lazy_gettext

from hotline.core.language.languages import SOURCE
from hotline.core.web import site
from hotline.core.web.translations import spoken_language
from partners.words import OFFICE_OUTCOMES, PARTNER_KINDS
from triage.cases.assessing.assessment import in_language, load_schema
from triage.cases.pages.words import CHANNELS, KINDS, ROLES, STATES
from workers.statistics.showing.folding import Step
from workers.statistics.tables import BY_DAY, UNKNOWN, TableName

TITLES: Mapping[TableName, LazyString] = {
    TableName.TOTALS: lazy_gettext("At a glance"),
    TableName.REPORTS_BY_KIND: lazy_gettext("Reports by kind"),
    TableName.REPORTS_BY_CHANNEL: lazy_gettext("Reports by way in"),
    TableName.REPORTS_BY_LANGUAGE: lazy_gettext("Reports by language"),
    TableName.REPORTS_BY_REPORTER: lazy_gettext("Reports by who reports"),
    TableName.REPORTS_BY_HOUR: lazy_gettext("Reports by hour of the day"),
    TableName.REPORTS_BY_DAY: lazy_gettext("Reports by day"),
    TableName.BACKLOG_BY_STATE: lazy_gettext("Open cases by state"),
    TableName.BACKLOG_BY_AGE: lazy_gettext("How long the backlog has waited"),
    TableName.BACKLOG_BY_DAY: lazy_gettext("Backlog by day"),
    TableName.DURATIONS: lazy_gettext("How long each step took"),
    TableName.DECISIONS: lazy_gettext("What was found"),
    TableName.VIEWS_AVOIDED: lazy_gettext("Views avoided"),
    TableName.TOLD: lazy_gettext("Offices that were told"),
    TableName.OUTCOMES: lazy_gettext("What came of it, as offices say"),
    TableName.BY_COUNTRY: lazy_gettext("Where it lay: countries"),
    TableName.BY_NETWORK: lazy_gettext("Where it lay: networks"),
    TableName.BY_PROVIDER: lazy_gettext("Who was asked to remove it"),
    TableName.NOTICES_BY_KIND: lazy_gettext("What was in the notices"),
    TableName.AGREEMENT: lazy_gettext("How far two assessments agree"),
    TableName.LANZAROTE: lazy_gettext("What the Lanzarote Committee asks for"),
}

FOLDED_TITLES: Mapping[tuple[TableName, Step], LazyString] = {
    (TableName.REPORTS_BY_DAY, Step.WEEK): lazy_gettext("Reports by week"),
    (TableName.REPORTS_BY_DAY, Step.MONTH): lazy_gettext("Reports by month"),
    (TableName.BACKLOG_BY_DAY, Step.WEEK): lazy_gettext("Backlog by week"),
    (TableName.BACKLOG_BY_DAY, Step.MONTH): lazy_gettext("Backlog by month"),
}
"""Of a long period, whose days are told together."""

NOTES: Mapping[TableName, LazyString] = {
    TableName.REPORTS_BY_HOUR: lazy_gettext("In the time of this country."),
    TableName.BACKLOG_BY_AGE: lazy_gettext(
        "Cases that waited at the end of the period, by their age then."
    ),
    TableName.BACKLOG_BY_DAY: lazy_gettext(
        "What waits for the machine or for somebody here, at the end of each day, week or month. "
        "Dotted: the backlog in 28 days, if it goes on like this."
    ),
    TableName.DURATIONS: lazy_gettext(
        "Steps that ended in the period; each case and each location counts once. From receipt is "
        "since the first report, from the assessment since the house knew what it is. Without "
        "hold leaves out the time in which the police wanted the place left alone."
    ),
    TableName.VIEWS_AVOIDED: lazy_gettext(
        "Cases decided for the first time in the period. What was shown here until then counts; "
        "what somebody saw elsewhere, as in a browser of their own, cannot be counted."
    ),
    TableName.BY_COUNTRY: lazy_gettext(
        "Found: where new locations were first found to lie. Removed: verified by our own "
        "checks; the time runs from the report."
    ),
    TableName.BY_NETWORK: lazy_gettext(
        "Found: where new locations were first found to lie. Removed: verified by our own "
        "checks; the time runs from the report."
    ),
    TableName.BY_PROVIDER: lazy_gettext(
        "Removed: everything in the notice was found gone; the time runs from the notice. The "
        "answers are what the contact said on its page."
    ),
    TableName.AGREEMENT: lazy_gettext(
        "Of two people who do not see each other's answers. Kappa is the agreement beyond "
        "chance: 1 is full, 0 is what chance alone would give."
    ),
    TableName.LANZAROTE: lazy_gettext(
        "Cases are those found illegal, by what people agreed on; a case may belong to more than "
        "one row. Support is a helpline or child protection."
    ),
}

KEYS: Mapping[str, LazyString] = {
    "total": lazy_gettext("Figure"),
    "kind": lazy_gettext("Kind"),
    "channel": lazy_gettext("Way in"),
    "language": lazy_gettext("Language"),
    "reporter": lazy_gettext("Who reports"),
    "hour": lazy_gettext("Hour"),
    "day": lazy_gettext("Day"),
    "week": lazy_gettext("Week from"),
    "month": lazy_gettext("Month"),
    "state": lazy_gettext("State"),
    "age": lazy_gettext("Age"),
    "step": lazy_gettext("Step"),
    "class": lazy_gettext("Class"),
    "ground": lazy_gettext("Decided on"),
    "office": lazy_gettext("Office"),
    "outcome": lazy_gettext("Outcome"),
    "country": lazy_gettext("Country"),
    "network": lazy_gettext("Network"),
    "provider": lazy_gettext("Contact"),
    "question": lazy_gettext("Question"),
    "subject": lazy_gettext("Form of abuse"),
}

COLUMNS: Mapping[str, LazyString] = {
    "count": lazy_gettext("Number"),
    "start": lazy_gettext("At the beginning"),
    "end": lazy_gettext("At the end"),
    "opened": lazy_gettext("Came in"),
    "settled": lazy_gettext("Left"),
    "waiting": lazy_gettext("Waiting"),
    "median_hours": lazy_gettext("Median, hours"),
    "p90_hours": lazy_gettext("90 % within, hours"),
    "within_1_days": lazy_gettext("Within 1 day"),
    "within_3_days": lazy_gettext("Within 3 days"),
    "within_6_days": lazy_gettext("Within 6 days"),
    "told": lazy_gettext("Told"),
    "taken_up": lazy_gettext("Taken up"),
    "no_action": lazy_gettext("No action"),
    "closed": lazy_gettext("Finished"),
    "found": lazy_gettext("Found"),
    "removed": lazy_gettext("Removed"),
    "notices": lazy_gettext("Notices"),
    "answer_acknowledge": lazy_gettext("Says: received"),
    "answer_removed": lazy_gettext("Says: removed"),
    "answer_preserved": lazy_gettext("Says: preserved"),
    "answer_not_ours": lazy_gettext("Says: not theirs"),
    "answer_not_illegal": lazy_gettext("Says: not illegal"),
    "answer_question": lazy_gettext("Asks"),
    "pairs": lazy_gettext("Pairs"),
    "agreed": lazy_gettext("Agreed"),
    "kappa": lazy_gettext("Kappa"),
    "reports": lazy_gettext("Reports"),
    "cases": lazy_gettext("Cases"),
    "police_told": lazy_gettext("Police told"),
    "support_told": lazy_gettext("Support told"),
    "locations_removed": lazy_gettext("Locations removed"),
}

ROWS: Mapping[str, LazyString] = {
    "reports": lazy_gettext("Reports"),
    "reports_from_children": lazy_gettext("Reports from children"),
    "reports_with_danger_now": lazy_gettext("Reports of a child in danger"),
    "reports_held_as_flood": lazy_gettext("Reports held as a possible flood"),
    "locations_new": lazy_gettext("Locations reported for the first time"),
    "reporters_who_wrote_again": lazy_gettext(
        "Reporters who came back with their receipt and wrote"
    ),
    "share_who_wrote_again": lazy_gettext("Their share of the reports"),
    "cases_opened": lazy_gettext("Cases that came to be worked on"),
    "cases_assessed": lazy_gettext("Cases assessed for the first time"),
    "cases_of_which_support_was_told": lazy_gettext(
        "Cases of which a helpline or child protection was told"
    ),
    "locations_removed": lazy_gettext("Locations verified as removed"),
    "locations_back_again": lazy_gettext("Locations that came back"),
    "backlog_in_28_days": lazy_gettext(
        "Backlog in 28 days, if it goes on like this"
    ),
    "all_unseen": lazy_gettext("Without anybody being shown anything"),
    "known_file": lazy_gettext("of them with a file that a list knew before"),
    "no_known_file": lazy_gettext(
        "of them on what was reported and found about the place"
    ),
    "after_a_look": lazy_gettext("After somebody was shown a file"),
    "under_1_day": lazy_gettext("under 1 day"),
    "1_to_3_days": lazy_gettext("1 to 3 days"),
    "3_to_6_days": lazy_gettext("3 to 6 days"),
    "6_to_30_days": lazy_gettext("6 to 30 days"),
    "over_30_days": lazy_gettext("over 30 days"),
    "receipt_to_assessment": lazy_gettext("Receipt to assessment"),
    "receipt_to_police": lazy_gettext("Receipt to police"),
    "assessment_to_police": lazy_gettext("Assessment to police"),
    "receipt_to_notice": lazy_gettext("Receipt to notice"),
    "receipt_to_notice_without_hold": lazy_gettext(
        "Receipt to notice, without hold"
    ),
    "assessment_to_notice": lazy_gettext("Assessment to notice"),
    "receipt_to_removal": lazy_gettext("Receipt to verified removal"),
    "receipt_to_removal_without_hold": lazy_gettext(
        "Receipt to verified removal, without hold"
    ),
    "assessment_to_removal": lazy_gettext("Assessment to verified removal"),
    "notice_to_removal": lazy_gettext("Notice to verified removal"),
    "hold": lazy_gettext("Hold of the police"),
    "reopened_since": lazy_gettext("Opened again since"),
    "not_in_directory": lazy_gettext("A contact not in the directory"),
    UNKNOWN: lazy_gettext("Not known"),
}


def _name_language(code: str) -> str:
    return str(
        Locale.parse(code, sep="-").get_display_name(get_locale()) or code
    )


def _name_country(code: str) -> str:
    locale = get_locale() or Locale("en")
    return str(locale.territories.get(code, code))


def _name_question(code: str) -> str:
    schema = load_schema(site.current_context().settings.data_dir)
    question = schema.question(code)
    if question is None:
        return code
    return in_language(question.label, _language())


def _name_class(code: str) -> str:
    schema = load_schema(site.current_context().settings.data_dir)
    question = schema.question("class")
    return code if question is None else question.label_of(code, _language())


def _language() -> str:
    return spoken_language() or SOURCE


def _from(words: Mapping[str, LazyString]) -> Callable[[str], str]:
    return lambda code: str(words.get(code, code))


NAMERS: Mapping[TableName, Callable[[str], str]] = {
    TableName.REPORTS_BY_KIND: _from(KINDS),
    TableName.REPORTS_BY_CHANNEL: _from(CHANNELS),
    TableName.REPORTS_BY_LANGUAGE: _name_language,
    TableName.REPORTS_BY_REPORTER: _from(ROLES),
    TableName.BACKLOG_BY_STATE: _from(STATES),
    TableName.DECISIONS: _name_class,
    TableName.TOLD: _from(PARTNER_KINDS),
    TableName.OUTCOMES: _from(OFFICE_OUTCOMES),
    TableName.BY_COUNTRY: _name_country,
    TableName.AGREEMENT: _name_question,
    TableName.LANZAROTE: _from(KINDS),
    TableName.NOTICES_BY_KIND: _from(KINDS),
}


OF_KINDS = (
    TableName.REPORTS_BY_KIND,
    TableName.LANZAROTE,
    TableName.NOTICES_BY_KIND,
)
"""Their rows are kinds of report, which have words of their own, also for "unknown"."""


def name_table(table: TableName, step: Step) -> str:
    """What a table is called, of days or of longer steps."""
    return str(FOLDED_TITLES.get((table, step), TITLES[table]))


def note_table(table: TableName, step: Step) -> str:
    """What is good to know of a table; empty where its title says all."""
    notes = [NOTES[table]] if table in NOTES else []
    if table in BY_DAY and step is not Step.DAY:
        notes.append(lazy_gettext("The file has every day."))
    return " ".join(map(str, notes))


def name_row(table: TableName, key: str) -> str:
    """What a row is called; its code where nobody knows another word any more."""
    # "Unknown" of a kind has a word of its own, and so these are asked last.
    if table not in OF_KINDS:
        general = ROWS.get(key)
        if general is not None:
            return str(general)
    namer = NAMERS.get(table)
    if namer is None:
        return key
    try:
        return namer(key)
    # A code from outside may be none that the words are kept by.
    except (ValueError, UnknownLocaleError):
        return key
