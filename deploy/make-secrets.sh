#!/bin/sh
# Make the secrets that compose.yaml hands to the services as files. A file that is there is never
# replaced: running this again changes nothing. The folder is closed to other users; the files in it
# are readable, because compose mounts them as they are and each service runs as its own user.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 0700 "$folder"

new_password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

missing() { # missing FILE...: true if none is there; half a set is an error, as it could not work
  found=0
  for name; do [ ! -e "$folder/$name" ] || found=$((found + 1)); done
  [ "$found" -eq 0 ] && return 0
  [ "$found" -eq $# ] && { echo "kept  $*"; return 1; }
  echo "make-secrets: of $* only some exist; restore the others, or remove all of them." >&2
  exit 1
}

write() { # write FILE TEXT
  printf '%s\n' "$2" > "$folder/.$1"
  chmod 0444 "$folder/.$1"
  mv "$folder/.$1" "$folder/$1"
  echo "made  $1"
}

if missing postgres_password HOTLINE_DATABASE_URL; then
  password=$(new_password)
  write postgres_password "$password"
  write HOTLINE_DATABASE_URL "postgresql://hotline:$password@postgres:5432/hotline"
fi
if missing redis_users HOTLINE_REDIS_URL; then
  password=$(new_password)
  digest=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
  write redis_users "user default off
user health on nopass resetchannels -@all +ping
user hotline on #$digest ~* &* +@all"
  write HOTLINE_REDIS_URL "redis://hotline:$password@redis:6379/0"
fi
if missing HOTLINE_SMTP_PASSWORD; then
  write HOTLINE_SMTP_PASSWORD ""
  echo "      HOTLINE_SMTP_PASSWORD is empty: write the mail server's password into it if there is one."
fi
