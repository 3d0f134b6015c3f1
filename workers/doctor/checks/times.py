"""The clock, and the rules by which it is shown."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import redis
from sqlalchemy import text

from hotline.core.datafiles.countries import load_country
from hotline.core.network.client import reach_of
from hotline.core.network.time_server import ask_offset
from workers.doctor.finding import Finding, find_failed, find_well, warn_of
from workers.doctor.installation import Installation
from workers.processes.running import is_running
from workers.queues.redis_connection import connect

MOST_SECONDS = 5.0
"""As much as two machines' clocks may differ for work to be done in its time."""
SOME_SECONDS = 1.0
_BYTES_OF_TIMEX = 208
"""``struct timex`` of adjtimex(2) with its padding; all zero asks and sets nothing."""
_NOT_SYNCHRONISED = 5
_SET_IT = (
    "Let the machine set its clock: `timedatectl set-ntp true`, or chrony."
)


def look_at_clock(installation: Installation) -> Finding:
    """Beside every other clock at hand: a time server's, the database's, Redis's."""
    compared = []
    for name, ahead in _compare_clocks(installation):
        if abs(ahead) > MOST_SECONDS:
            return find_failed(
                f"This machine's clock and that of {name} differ by {abs(ahead):.1f} seconds.",
                _SET_IT,
            )
        if abs(ahead) > SOME_SECONDS:
            return warn_of(
                f"This machine's clock and that of {name} differ by {abs(ahead):.1f} seconds.",
                _SET_IT,
            )
        compared.append(name)
    if not _is_synchronised():
        return warn_of("Nothing sets this machine's clock.", _SET_IT)
    beside = f"; it agrees with {', '.join(compared)}" if compared else ""
    return find_well(f"The clock is kept right{beside}.")


def _compare_clocks(
    installation: Installation,
) -> Iterator[tuple[str, float]]:
    """(whose clock, how many seconds it is ahead of ours); who does not answer is left out, as
    another check says so."""
    settings = installation.settings
    if settings.time_server:
        # NoTime is told as it is: whoever names a server wants its answer.
        ahead = ask_offset(settings.time_server, reach_of(settings))
        yield "the time server", ahead
    if installation.database_file is None:
        yield "the database", _ahead_of_us(_time_of_database(installation))
    if not settings.redis_is_embedded or is_running(settings.run_dir):
        try:
            with connect(settings) as client:
                seconds, micros = client.time()
        except redis.RedisError:
            return
        moment = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
        yield "Redis", _ahead_of_us(moment)


def _time_of_database(installation: Installation) -> datetime:
    with installation.reading() as session:
        moment = session.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(moment, datetime)
    return moment


def _ahead_of_us(moment: datetime) -> float:
    return moment.timestamp() - time.time()


def _is_synchronised() -> bool:
    state = ctypes.CDLL(None).adjtimex(
        ctypes.create_string_buffer(_BYTES_OF_TIMEX)
    )
    return int(state) != _NOT_SYNCHRONISED


def look_at_time_zone(installation: Installation) -> Finding:
    """Whether the country's clock is shown by rules that are as new as the program."""
    settings = installation.settings
    name = load_country(settings.country, settings.data_dir).time_zone
    ours = files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with ours.open("rb") as file:
        newest = ZoneInfo.from_file(file, key=name)
    used = ZoneInfo(name)
    # A quarter apart, so that summer and winter time are both asked for.
    for days in (0, 91, 182, 273):
        moment = installation.now + timedelta(days=days)
        shown, right = used.utcoffset(moment), newest.utcoffset(moment)
        if shown != right:
            return find_failed(
                f"This system says that {name} will be {shown} from UTC on {moment:%d %B %Y}; it "
                f"is {right}.",
                "Bring the system's time zones up to date (Debian's package tzdata).",
            )
    hour = installation.now.astimezone(used)
    return find_well(f"In {name} it is {hour:%H:%M}.")
