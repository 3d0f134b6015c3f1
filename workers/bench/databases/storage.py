"""What a report costs on the disk of PostgreSQL: as received, after some months, after a year.

The whole service receives and examines the reports as in ``workers.bench.pipeline``: each is of one
place with one known picture, and then each place is reported once more. One person decides every
case, half of them as illegal, and what is due by then is forgotten. Notices and checks of a place
are not part of it. Sizes are those of tables with their indexes, rewritten without gaps: in a
service that runs, freed space is used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta

from sqlalchemy import select, text

from hotline.accounts.models import Person
from hotline.accounts.service import add_person
from hotline.core.act import Act
from hotline.core.context import Context, build_context, utc_now
from hotline.core.settings import load_settings
from triage.cases.assessing.assess import Answers, assess_case
from triage.cases.models import Case
from workers.bench import pipeline
from workers.bench.results import Figure, Measurement, Row
from workers.bench.serving import pictures
from workers.bench.serving.postgres import create_database, open_server
from workers.bench.serving.service import open_house
from workers.retention.forgetting import forget_all

GOAL_KB = 6.0
"""A report after a year: 100,000 a day are then some 200 GB a year."""
MONTHS = timedelta(days=120)
YEAR = timedelta(days=400)
"""A report's words are kept for a year from its end, and the end is a while after its arrival."""
LARGEST = 5
"""Tables that are named with each row."""
KB = 1000
_LISTS = 10
"""Hashes of a list that only makes the index something to search in."""
_ILLEGAL = {
    "class": "baseline",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "not_determined",
}
_LEGAL = {"class": "not_illegal"}
_TABLES = text(
    "SELECT relname, pg_total_relation_size(relid) AS size"
    " FROM pg_statio_user_tables"
)
Sizes = Mapping[str, int]
"""Bytes of each table with its indexes."""


def measure_storage(
    reports: int = 400,
    *,
    database: str = "",
    tick: pipeline.Tick = lambda _: None,
) -> Measurement:
    """Kilobytes a report. ``database``: URL of a PostgreSQL server whose user may create databases;
    one is started if empty."""
    with ExitStack() as stack:
        _, server = stack.enter_context(open_server(database))
        url = stack.enter_context(create_database(server, "hotline_storage"))
        place = stack.enter_context(pictures.serve_pictures())
        settings = pipeline.make_settings(url.get_secret_value(), workers=2)
        home = stack.enter_context(open_house(settings))
        context = build_context(
            load_settings(
                data_dir=home.folder, database_url=url.get_secret_value()
            )
        )
        stack.callback(context.close)
        pipeline.prepare_database(context, _LISTS, tick)
        tick("Starting the service …")
        home.start_service()
        pipeline.wait_until_idle(context)
        rows = _measure_growth(
            pipeline.Reporting(home, context, place, tick), reports
        )
    facts = {"database": "postgresql", "reports": reports}
    return Measurement("storage", "kB a report", rows, facts)


def _measure_growth(reporting: pipeline.Reporting, reports: int) -> list[Row]:
    """``reports`` of new places and as many of the same places again, through a year."""
    context, tick = reporting.context, reporting.tick
    empty = read_sizes(context)
    reporting.measure_saturation(1, reports)
    pipeline.wait_until_idle(context)
    first = read_sizes(context)
    tick("Reporting the same places once more …")
    reporting.file_again(range(1, reports + 1))
    pipeline.wait_until_idle(context)
    further = read_sizes(context)
    rows = [
        compare_sizes("a new place, as received", empty, first, reports),
        compare_sizes(
            "the same once more, as received", first, further, reports
        ),
    ]
    tick("Deciding the cases …")
    decide_cases(context)
    for case, age in (
        ("both, after 120 days", MONTHS),
        ("both, after a year", YEAR),
    ):
        tick(f"Forgetting what is due: {case} …")
        forget_all(context, utc_now() + age)
        later = read_sizes(context)
        rows.append(compare_sizes(case, empty, later, 2 * reports))
    return rows


def read_sizes(context: Context) -> Sizes:
    """After each table was rewritten, so that no gap counts."""
    with context.database.engine.connect() as connection:
        # PostgreSQL rewrites no table within a transaction.
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text("VACUUM FULL"))
        return {row.relname: row.size for row in alone.execute(_TABLES)}


def compare_sizes(case: str, before: Sizes, after: Sizes, reports: int) -> Row:
    """One row: what all tables grew by, a report, and which grew most."""
    grown = {}
    for table, size in after.items():
        grown[table] = (size - before.get(table, 0)) / reports / KB
    largest = sorted(grown, key=lambda table: -grown[table])[:LARGEST]
    figures: dict[str, Figure] = {}
    for table in largest:
        if grown[table] > 0:
            figures[table] = round(grown[table], 2)
    return Row(case, sum(grown.values()), GOAL_KB, "goal", figures)


def decide_cases(context: Context) -> None:
    """One person decides each case, half of them as illegal."""
    with context.database.writing() as session:
        act = Act(session, context, "bench", utc_now())
        decider = add_person(
            act,
            username="bench",
            display_name="Bench",
            role="analyst",
            password=None,
        )
        decider_id = decider.id
    with context.database.reading() as session:
        case_ids = session.scalars(select(Case.id).order_by(Case.id)).all()
    for number, case_id in enumerate(case_ids):
        answers = _LEGAL if number % 2 else _ILLEGAL
        with context.database.writing() as session:
            case = session.get_one(Case, case_id)
            person = session.get_one(Person, decider_id)
            assess_case(
                Act(session, context, person.actor, utc_now()),
                case,
                person,
                Answers(answers),
                second_required=False,
            )
