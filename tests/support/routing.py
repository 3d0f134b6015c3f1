"""What the rules answer for the cases of these tests: routes, jurisdiction and an assessment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triage.jurisdiction import Route

RouteJson = Mapping[str, Any]

POLICE: RouteJson = {
    "to": "police",
    "country": "AL",
    "name": "Police",
    "after": None,
    "urgency": "high",
    "automatic": True,
    "why": "It is hosted in Albania (AL).",
    "basis": "Criminal Code Art. 117/2",
}
HOST: RouteJson = {
    "to": "provider_notice",
    "country": "AL",
    "name": "Host",
    "after": "police_release",
    "urgency": "high",
    "automatic": True,
    "why": "The host can remove it.",
    "basis": "Law 18/2017 Arts. 26-27",
}
ABROAD: RouteJson = {
    "to": "hotline",
    "country": "RS",
    "name": "Net Patrola",
    "after": None,
    "urgency": "normal",
    "automatic": True,
    "why": "The hotline there can act.",
    "basis": "Practice of hotlines",
}
FREE_HOST: RouteJson = {**HOST, "country": "XK", "after": None}
BY_HAND: RouteJson = {**POLICE, "to": "regulator", "after": "notice_deadline"}
UNIT: RouteJson = {
    "to": "child_protection_unit",
    "country": "AL",
    "name": "Child protection unit of the municipality",
    "urgency": "high",
    "after": None,
    "automatic": False,
    "why": "The child is known.",
    "basis": "Law 18/2017",
}
ROUTING: Mapping[str, Any] = {
    "routes": [POLICE, HOST, ABROAD, FREE_HOST, BY_HAND],
    "jurisdiction": [
        {
            "country": "AL",
            "ground": "territoriality",
            "basis": "Criminal Code Art. 6",
            "status": "yes",
            "why": "Hosted here.",
        },
        {
            "country": "RS",
            "ground": "territoriality",
            "basis": "-",
            "status": "no",
            "why": "-",
        },
    ],
}
ROUTE_IDS = {
    route["to"]: Route.from_json(route).id for route in (POLICE, HOST, ABROAD)
}
OUTCOME = {"class": "baseline", "kind": "csam_image", "age": "pre_pubescent"}
