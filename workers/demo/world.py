"""What exists in the sandbox: hosts, what lies on them, who can be written to. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

ISP_PORT_OFFSET = 1  # relative to the service's own port
INBOX_PORT_OFFSET = 2
SMTP_PORT_OFFSET = 3

POLICE = "cyber@police-al.example"
ABUSE_DESKS = {
    "127.0.0.2": (
        "AL",
        "AS64500",
        "Sandbox Provider Tirana",
        "abuse@provider-al.example",
    ),
    "127.0.0.3": (
        "RS",
        "AS64501",
        "Sandbox Hosting Belgrade",
        "abuse@hosting-rs.example",
    ),
    "127.0.0.4": ("NO", "AS64502", "Sandbox Cloud", "abuse@cloud-no.example"),
}


@dataclass(frozen=True, slots=True)
class Site:
    """One host name of the sandbox's web host, at one of its addresses."""

    host: str
    address: str
    title: str


SITES = (
    Site(
        "photos.provider-al.test",
        "127.0.0.2",
        "Photo pages at the provider in Tirana",
    ),
    Site(
        "forum.provider-al.test",
        "127.0.0.2",
        "A forum at the provider in Tirana",
    ),
    Site("images.hosting-rs.test", "127.0.0.3", "An image host in Belgrade"),
    Site("files.cloud-no.test", "127.0.0.4", "A file host in another country"),
)
CONTROL_PATH = "/control"


@dataclass(frozen=True, slots=True)
class Page:
    """A page with pictures. ``known``: their altered forms are on the demo's hash list."""

    site: str
    path: str
    pictures: tuple[str, ...]
    known: bool


PAGES = (
    Page("photos.provider-al.test", "/album/7", ("lantern", "harbour"), True),
    Page("forum.provider-al.test", "/thread/1201", ("meadow",), False),
    Page("images.hosting-rs.test", "/i/4471", ("bridge",), True),
    Page("images.hosting-rs.test", "/i/9002", ("orchard",), False),
    Page("files.cloud-no.test", "/d/55", ("glacier",), True),
    Page("photos.provider-al.test", "/album/12", ("market",), True),
    Page("forum.provider-al.test", "/thread/77", ("chapel", "stairs"), True),
    Page("photos.provider-al.test", "/album/31", ("rooftops",), False),
)
# By the demo itself; the last page is left for whoever walks through.
REPORTED = PAGES[:7]


def page_url(page: Page, port: int) -> str:
    return f"http://{page.site}:{port}{page.path}"


# Demo people: everybody's password is printed by `make demo`; they exist in the sandbox only.
PEOPLE = (
    ("arta", "Arta (analyst)", "analyst"),
    ("besnik", "Besnik (analyst)", "analyst"),
    ("drita", "Drita (supervisor)", "supervisor"),
    ("elira", "Elira (auditor)", "auditor"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A report about people. Everything in it is made up; the number is one of no network."""

    kind: str
    reporter_role: str
    words: str
    location: str = ""


TOLD = (
    Told(
        "grooming",
        "parent",
        "Somebody who calls himself coach_7 on Snapchat asks my daughter, who is 12, for pictures"
        " and calls her from +355 69 000 0007. He wants to meet her on Saturday at the lake.",
    ),
    Told(
        "sexual_extortion",
        "child_self",
        "A girl on instagram, @lina.of.tests, has a picture of me and wants money by tomorrow, or"
        " she sends it to my class. She wants it as a voucher.",
    ),
    Told(
        "p2p",
        "public",
        "This address shared the file; the clock of my program showed the time.",
        "192.0.2.77:4662 2026-11-01 22:15",
    ),
)
