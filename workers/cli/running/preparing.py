"""What every way to run the service begins with: settings, schema, the first administrator."""

from __future__ import annotations

from hotline.core.context import Context, build_context, utc_now
from hotline.core.language import counting
from hotline.core.logs import configure_logging
from hotline.core.settings import Settings, load_settings
from hotline.core.tracing import start_tracing

FIRST_ADMINISTRATOR = "admin"


def load_service_settings() -> Settings:
    """The settings, and with them how the process logs and counts."""
    settings = load_settings()
    configure_logging(settings.log_level)
    counting.start_counting(settings)
    start_tracing(settings)
    return settings


def prepare_house(settings: Settings) -> str:
    """Schema, directory, first administrator; returns the password if one was made just now."""
    from workers.house import preparing_alone

    context = build_context(settings.direct())
    try:
        with preparing_alone(context.database):
            bring_up_to_date(context)
            return first_administrator(context)
    finally:
        context.close()


def bring_up_to_date(context: Context) -> None:
    """The schema, and the directory's seed: partners that a newer version brought are added."""
    from hotline.core.act import Act
    from hotline.core.storage import audit
    from partners.directory.service import seed_directory
    from workers.house import require_own_database
    from workers.migrations import run

    run.upgrade_schema(context.database)
    require_own_database(context)
    with context.database.writing() as session:
        seed_directory(Act(session, context, audit.SYSTEM, utc_now()))


def first_administrator(
    context: Context,
    username: str = FIRST_ADMINISTRATOR,
    name: str = "First administrator",
) -> str:
    """Make one if there is nobody yet; the password is shown once and stored only as a hash."""
    from hotline.accounts import service as accounts
    from hotline.accounts.permissions import Role
    from hotline.accounts.signing_in.passwords import generate_password
    from hotline.core.act import Act

    with context.database.writing() as session:
        if accounts.list_people(session):
            return ""
        password = generate_password(username)
        accounts.add_person(
            Act(session, context, actor="system", now=utc_now()),
            username=username,
            display_name=name,
            role=Role.ADMINISTRATOR,
            password=password,
        )
    return password
