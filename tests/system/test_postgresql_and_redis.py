"""The same service on a real PostgreSQL and a real Redis, with the command line beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def test_a_known_picture_is_matched_on_postgresql(
    service: Callable[..., Any],
    web_host: Any,
    redis_server: Any,
    postgres_url: str,
    jpeg: Callable[..., bytes],
    tmp_path: Path,
) -> None:
    up = service(REDIS_URL=redis_server.url, DATABASE_URL=postgres_url)
    known = tmp_path / "known.jpg"
    known.write_bytes(jpeg(11, (240, 180), 70))
    up.run("db", "upgrade")
    hashed = json.loads(up.run("hash", "--json", str(known)).stdout)
    listed = tmp_path / "list.csv"
    listed.write_text(
        f"md5,pdq,category\n{hashed['md5']},{hashed['pdq']},baseline\n"
    )
    done = json.loads(
        up.run("hashlist", "import", "known", str(listed), "--json").stdout
    )
    assert (done["added"], done["rejected"]) == (2, 0)

    up.start()
    web_host.put("/p.jpg", jpeg(11), "image/jpeg")
    page = web_host.put("/page", "<img src=/p.jpg>")
    for _ in range(2):
        up.post_report(locations=[page])
    up.wait_examined(2)

    assert up.query("SELECT sighting_count FROM item") == [(2,)]
    assert up.query("SELECT proposed_class FROM case_file") == [("baseline",)]
    assert up.query("SELECT count(*) FROM media_match") == [(1,)]
    found = json.loads(
        up.run("match", "--json", "pdq:" + hashed["pdq"]).stdout
    )
    assert [entry["list"] for entry in found["matches"]] == ["known"]
    seen = json.loads(up.run("inspect", "--json", page).stdout)
    assert [entry["list"] for entry in seen["matches"]] == ["known"]
    this_year = f"{datetime.now(UTC):%Y}"
    figures = json.loads(
        up.run("stats", "--json", "--period", this_year).stdout
    )
    assert ["reports", 2] in figures["tables"]["totals"]["rows"]
    up.stop()
