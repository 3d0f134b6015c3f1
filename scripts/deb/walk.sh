#!/usr/bin/env bash
# What test-deb.sh does inside of a bare system: walk.sh BEFORE NOW, two packages by their paths.
set -euo pipefail
before=$1
now=$2
here=$(dirname "$0")
logs=/var/log/hotline-test
settings=/etc/hotline/hotline.toml
limit=240
python=
units=()
processes=()
export DEBIAN_FRONTEND=noninteractive
mkdir -p "$logs"
say() { echo "$*" >&2; }
fail() { say "FAILED: $*"; tail -n 30 "$logs"/* >&2; exit 1; }
stop_all() {
  local process
  for process in "${processes[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
  for process in "${processes[@]}"; do wait "$process" 2>/dev/null || true; done
  processes=()
}
trap stop_all EXIT

# install PACKAGE: by apt, which brings what it depends on; says how long that took.
install_package() {
  local started=$SECONDS
  apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold "$1" \
    > "$logs/apt" 2>&1 || fail "apt-get install $1"
  python=$(find_python) || fail "No Python of the package works."
  say "  $(dpkg-query -W -f '${Package} ${Version}' hotline) installed in $((SECONDS - started)) s"
}

# list_units: what hotline.target starts, less the two that come first.
list_units() {
  sed -n 's/^Wants=//p' /usr/lib/systemd/system/hotline.target | tr ' ' '\n' \
    | grep -v -E 'redis|migrate'
}

start_all() {
  local unit started=$SECONDS
  processes=()
  "$python" "$here/run_unit.py" hotline-redis.service > "$logs/redis" 2>&1 &
  processes+=($!)
  "$python" "$here/run_unit.py" hotline-migrate.service > "$logs/migrate" 2>&1 || fail "hotline-migrate"
  mapfile -t units < <(list_units)
  for unit in "${units[@]}"; do
    "$python" "$here/run_unit.py" "$unit" > "$logs/$unit" 2>&1 &
    processes+=($!)
  done
  wait_until "ready" speak ready
  say "  ${#units[@]} units ready after $((SECONDS - started)) s"
}

speak() {
  "$python" "$here/speak.py" "$@"
}

# The system itself needs no python3, so that what helps here runs on that of the package.
find_python() {
  local candidate
  for candidate in /opt/hotline/python*/bin/python; do
    if "$candidate" -c '' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# wait_until WHAT COMMAND…
wait_until() {
  local what=$1 started=$SECONDS process
  shift
  until "$@" 2> "$logs/asked"; do
    for process in "${processes[@]}"; do
      kill -0 "$process" 2>/dev/null || fail "A unit ended before it was $what."
    done
    [ $((SECONDS - started)) -lt "$limit" ] || fail "Not $what after $limit s."
    sleep 0.5
  done
}

report() {
  local receipt
  receipt=$(speak report) || fail "No report could be sent."
  wait_until "done with the report" speak examined "$receipt"
  echo "$receipt"
}

# --- Install the version before

apt-get update -q > "$logs/apt" 2>&1 || fail "apt-get update"
install_package "$before"
first_version=$(dpkg-query -W -f '${Version}' hotline)
mapfile -t all < <(ls /usr/lib/systemd/system/hotline*)
verified=()
for unit in "${all[@]}"; do verified+=("${unit/@./@intake.}"); done
mapfile -t verified < <(printf '%s\n' "${verified[@]##*/}")
systemd-analyze verify --man=no --recursive-errors=no "${verified[@]}" > "$logs/verify" 2>&1 \
  || fail "systemd-analyze verify: $(cat "$logs/verify")"
if [ -s "$logs/verify" ]; then fail "systemd-analyze verify says: $(cat "$logs/verify")"; fi
say "  systemd-analyze verify finds nothing in ${#verified[@]} units"
dpkg --verify hotline > "$logs/dpkg" || fail "dpkg --verify: $(cat "$logs/dpkg")"
if command -v cc >/dev/null; then fail "A compiler was installed."; fi

start_all
receipt=$(report)
hotline user add admin --role administrator > "$logs/user" || fail "hotline user add"
grep -q '^Added admin' "$logs/user" || fail "hotline user add said: $(cat "$logs/user")"
if setpriv --reuid nobody --regid nogroup --clear-groups hotline user list 2> "$logs/nobody"; then
  fail "Nobody may read who works here."
fi
grep -q 'sudo hotline user list' "$logs/nobody" || fail "It does not say what to do."
stop_all
say "  one report sent and examined; stopped"

# --- Upgrade

echo "# a line of ours" >> "$settings"
install_package "$now"
[ "$(dpkg-query -W -f '${Version}' hotline)" != "$first_version" ] || fail "No other version."
grep -q '^# a line of ours' "$settings" || fail "The settings were replaced."
start_all
speak examined "$receipt" || fail "The report from before is not known any more."
report > /dev/null
hotline user list > "$logs/user" || fail "hotline user list"
grep -q '^admin ' "$logs/user" || fail "The person from before is not known any more."
hotline audit verify > "$logs/audit" || fail "audit verify: $(cat "$logs/audit")"
stop_all
say "  upgraded: settings, report, person and audit log are as they were"

# --- Remove, purge, purge with data

find_left() { find /opt/hotline /usr/bin/hotline /usr/lib/systemd/system/hotline* 2>/dev/null || true; }
apt-get remove -y -q hotline > "$logs/apt" 2>&1 || fail "apt-get remove"
[ -z "$(find_left)" ] || fail "A removal leaves: $(find_left | head)"
[ -e "$settings" ] || fail "A removal took the settings."
apt-get purge -y -q hotline > "$logs/apt" 2>&1 || fail "apt-get purge"
[ ! -e "$settings" ] || fail "A purge leaves the settings."
for kept in /var/lib/hotline/hotline.db /var/lib/hotline/secrets/master.key /etc/hotline/secrets; do
  [ -e "$kept" ] || fail "A purge took $kept."
done
grep -q 'reports and keys stay in /var/lib/hotline' "$logs/apt" || fail "A purge does not say what stays."
install_package "$now"
start_all
speak examined "$receipt" || fail "After a purge the data cannot be used again."
stop_all
touch /etc/hotline/remove-data-on-purge
apt-get purge -y -q hotline > "$logs/apt" 2>&1 || fail "apt-get purge with data"
for gone in /var/lib/hotline /etc/hotline /opt/hotline; do
  [ ! -e "$gone" ] || fail "A purge with data leaves $gone: $(find "$gone" | head)"
done
if getent passwd hotline >/dev/null; then fail "A purge with data leaves the user."; fi
say "  purged: data stayed until told, and were usable; then nothing is left"
