"""By what people recognise a browser of theirs in the list of sessions, and no more than that."""

from __future__ import annotations

LONGEST = 60
# The first that fits: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def describe_browser(user_agent: str) -> str:
    """``Firefox, Linux``; empty where nothing is recognised. No version: that would be a trace."""
    matching = [
        next((name for mark, name in names if mark in user_agent), "")
        for names in (_PROGRAMS, _SYSTEMS)
    ]
    return ", ".join(filter(None, matching))[:LONGEST]
