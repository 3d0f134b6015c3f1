"""Times that somebody stated, as documents tell them: a doubt about the zone stays in them."""

from __future__ import annotations

from hotline.core.language.said_time import SaidTime
from partners.letters.clock import format_stamp
from triage.locations.others.address_use import IP_ADDRESS, read_address_use


def describe_use(
    kind: str, text: str, home_zone: str
) -> dict[str, object] | None:
    """Port, program and time of an address that somebody used; None of everything else."""
    if kind != IP_ADDRESS:
        return None
    use = read_address_use(text)
    return {
        "address": use.address,
        "port": use.port,
        "client": use.client or None,
        "time": describe_time(use.time, home_zone) if use.time else None,
    }


def describe_time(said: SaidTime, home_zone: str) -> dict[str, object]:
    """A stated time, with both readings where no zone was stated.

    ``if_local`` has two moments where the clock showed one hour twice.
    """
    shape: dict[str, object] = {
        "as_stated": said.text,
        "zone_stated": said.is_zone_stated,
        "if_utc": format_stamp(said.if_utc),
    }
    if not said.is_zone_stated:
        shape["local_zone"] = home_zone
        shape["if_local"] = [
            format_stamp(moment) for moment in said.if_local(home_zone)
        ]
    return shape
