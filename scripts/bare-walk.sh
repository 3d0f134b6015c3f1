#!/usr/bin/env bash
# What test-bare.sh does inside of a bare system: bare-walk.sh FOLDER_OF_THE_TREE
set -euo pipefail
cd "$1"
export HOTLINE_PORT=${HOTLINE_PORT:-8790}
log=$HOME/service.log
limit=600
fail() { echo "$*" >&2; tail -n 40 "$log" >&2; exit 1; }

for program in cc gcc python3 redis-server valkey-server; do
  if command -v "$program"; then
    echo "This system is not bare." >&2
    exit 1
  fi
done

started=$SECONDS
setsid make run > "$log" 2>&1 &
service=$!
# However this ends, nothing goes on running.
trap 'kill -KILL -- "-$service" 2>/dev/null || true' EXIT

speak() {
  .venv/bin/python - "http://127.0.0.1:$HOTLINE_PORT" "$@" <<'PYTHON'
"""``ready``, ``report`` or ``examined RECEIPT``: ask the running service over HTTP."""
import sys

import httpx

address, verb, *rest = sys.argv[1:]
with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
    if verb == "ready":
        answer = client.get("/readyz")
        sys.exit(answer.status_code != 200 or answer.json()["status"] != "ok")
    if verb == "report":
        report = {"language": "en", "locations": ["http://host.example/bare"]}
        answer = client.post("/api/v1/reports", json=report)
        assert answer.status_code == 201, answer.text
        print(answer.json()["receipt"])
    if verb == "examined":
        answer = client.post("/api/v1/reports/status", json={"receipt": rest[0]})
        assert answer.status_code == 200, answer.text
        sys.exit(answer.json()["parts"][0]["state"] != "in_review")
PYTHON
}

# wait_until WHAT COMMAND…
wait_until() {
  local what=$1
  shift
  until "$@" 2>/dev/null; do
    kill -0 "$service" 2>/dev/null || fail "The service ended before it was $what."
    [ $((SECONDS - started)) -lt "$limit" ] || fail "Not $what after $limit s."
    sleep 0.5
  done
}

is_up() { grep -q "Stop with Ctrl-C" "$log"; }

wait_until "up" is_up
wait_until "ready" speak ready
echo "ready after $((SECONDS - started)) s with $(.venv/bin/python --version)" >&2
receipt=$(speak report) || fail "No report could be sent."
[ -n "$receipt" ] || fail "There was no receipt."
wait_until "done with the report" speak examined "$receipt"
speak ready || fail "/readyz is not ok after the report."
echo "one report sent, its receipt opened, and it waits for a person" >&2

if grep -E 'child_died|Traceback|fault of ours' "$log"; then fail "A part of the service died."; fi
stopping=$SECONDS
kill -TERM -- "-$service"
code=0
wait "$service" || code=$?
echo "stopped in $((SECONDS - stopping)) s" >&2
grep -q '^Stopped' "$log" || fail "It did not stop cleanly (code $code)."
# A bare system has no pgrep.
left=$(grep -l -a -E 'redis|valkey|hotline|python' /proc/[0-9]*/comm 2>/dev/null || true)
[ -z "$left" ] || fail "Still running: $(cat $left | tr '\n' ' ')"

started=$SECONDS
make setup >> "$log" 2>&1 || fail "A second set-up failed."
[ $((SECONDS - started)) -lt 10 ] || fail "A second set-up took $((SECONDS - started)) s."
if command -v cc >/dev/null; then fail "Set-up installed a compiler."; fi
