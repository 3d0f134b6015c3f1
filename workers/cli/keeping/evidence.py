"""``hotline evidence``: the pack that a review, a regulator or an inspector asks for."""

from __future__ import annotations

from pathlib import Path

import typer

from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage import audit
from workers.cli.keeping.figures import FROM, PERIOD, TO, choose_period
from workers.cli.opening import opened_house, operator_name
from workers.cli.output import emit_json, stdout
from workers.statistics.periods import Period


def register(app: typer.Typer) -> None:
    app.command("evidence")(write_evidence)


def write_evidence(
    period: str = PERIOD,
    first: str = FROM,
    last: str = TO,
    out: Path | None = typer.Option(
        None,
        "--out",
        help="The file to write; evidence-PERIOD.zip here if left out.",
    ),
    json: bool = typer.Option(False, "--json", help="The manifest as JSON."),
) -> None:
    """Write the pack that a review, a regulator or an inspector asks for, as one ZIP file.

    For a quality review of INHOPE, a report under DSA Article 22(3), an inspector and the Lanzarote
    Committee: CSV, XLSX, JSON and PDF, with checksums. Nothing in it is personal.
    """
    with opened_house() as context:
        chosen = choose_period(period, first, last, context.country.time_zone)
        if chosen is None:
            raise InvalidInput(
                "Name the time: --from and --to, or --period 2026."
            )
        name = chosen.name.replace("..", "_")
        path = out or Path(f"evidence-{name}.zip")
        # Before the figures are counted, which takes a while; and a pack that
        # was handed on is never replaced.
        if path.exists():
            raise Conflict(
                f"{path} exists.", hint="Name another file with --out."
            )
        manifest = _write_pack(context, chosen, path)
    if json:
        emit_json(manifest)
        return
    stdout.print(f"Written: {path}", soft_wrap=True, markup=False)
    stdout.print("Small numbers are not kept back: publish none of it.")


def _write_pack(
    context: Context, period: Period, path: Path
) -> dict[str, object]:
    from flask_babel import force_locale

    from workers.app import create_app
    from workers.statistics.evidence import make_pack

    now = utc_now()
    # The words of figures are those of the console's pages.
    with (
        create_app(context).test_request_context(),
        force_locale("en"),
        context.database.reading() as session,
    ):
        pack = make_pack(session, context, period, now)
    try:
        # Written first: an entry in the log says that there is such a file.
        path.write_bytes(pack.to_zip())
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}."
        ) from None
    with context.database.writing() as session:
        audit.record_entry(
            session,
            actor=operator_name(),
            action="evidence.written",
            entity="period",
            entity_id=period.name,
            now=now,
        )
    return pack.manifest()
