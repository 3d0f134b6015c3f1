"""``ready``, ``report`` or ``examined RECEIPT``: ask the running service over HTTP."""

import os
import sys

import httpx

verb, *rest = sys.argv[1:]
address = f"http://127.0.0.1:{os.environ['UNIT_HOTLINE_PORT']}"
with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
    if verb == "ready":
        answer = client.get("/readyz")
        sys.exit(answer.status_code != 200)
    if verb == "report":
        report = {"language": "en", "locations": ["http://host.example/deb"]}
        answer = client.post("/api/v1/reports", json=report)
        assert answer.status_code == 201, answer.text
        print(answer.json()["receipt"])
    if verb == "examined":
        answer = client.post(
            "/api/v1/reports/status", json={"receipt": rest[0]}
        )
        assert answer.status_code == 200, answer.text
        sys.exit(answer.json()["parts"][0]["state"] != "in_review")
