# Sourced: bare Debian systems in a folder, which reach the registries as this machine does.
# shellcheck shell=bash

# The mirror that this machine itself installs Debian from; empty: mmdebstrap's own choice.
apt_mirror() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null \
    | awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# This machine's proxies, certificates and checks of apt, as options of mmdebstrap.
apt_options() {
  apt-config dump 2>/dev/null \
    | grep -E '^Acquire::(https?::|Check-|Retries)' \
    | grep -v '::Pipeline-Depth' \
    | sed 's/^/--aptopt=/' || true
}

# make_bare_root RELEASE FOLDER_OR_TAR PACKAGES: the smallest Debian that has apt, and PACKAGES.
make_bare_root() {
  local release=$1 target=$2 packages=$3 mirror
  local options
  mapfile -t options < <(apt_options)
  mirror=$(apt_mirror)
  mmdebstrap --quiet --variant=minbase --include="$packages" "${options[@]}" \
    --customize-hook='bash -c ". scripts/bare-root.sh; hand_on_registries \"\$1\"" hook "$1"' \
    "$release" "$target" ${mirror:+"$mirror"}
}

# The trusted certificates of this machine, in the place where its settings name them.
certificate_files() {
  printf '%s\n' /etc/ssl/certs/ca-certificates.crt \
    "${SSL_CERT_FILE:-}" "${PIP_CERT:-}" "${REQUESTS_CA_BUNDLE:-}" | sort -u
}

# make_kept_root FOLDER NAME PACKAGES: FOLDER/NAME.tar, a bare Debian 13, unless it was kept.
make_kept_root() {
  local tar=$1/$2.tar
  if [ ! -s "$tar" ]; then
    make_bare_root trixie "$1/$2.part.tar" "$3"
    mv "$1/$2.part.tar" "$tar"
  fi
}

# Of which the image's base is made, and in which packages are built.
PYTHON_ROOT=python3,python3-venv,ca-certificates

hand_on_registries() {
  local root=$1 path
  certificate_files | while read -r path; do
    if [ -f "$path" ]; then install -D -m 0644 "$path" "$root$path"; fi
  done
  for path in /etc/pip.conf /etc/xdg/pip /etc/uv /usr/local/share/ca-certificates; do
    if [ -e "$path" ]; then
      mkdir -p "$root$(dirname "$path")"
      rm -rf "${root:?}$path"
      cp -rL "$path" "$root$path"
    fi
  done
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

# What pip, uv and apt are told by the environment; folders of this machine are not there inside.
registry_settings() {
  env | grep -E '^(PIP_|UV_|SSL_CERT_FILE=|REQUESTS_CA_BUNDLE=|https?_proxy=|HTTPS?_PROXY=|no_proxy=|NO_PROXY=|all_proxy=|ALL_PROXY=)' \
    | grep -v -E '^(PIP_FIND_LINKS|UV_FIND_LINKS|PIP_CACHE_DIR|UV_CACHE_DIR|PIP_CONFIG_FILE|UV_CONFIG_FILE)=' || true
}

# in_bare_root ROOT USER COMMAND…
in_bare_root() {
  local root=$1 user=$2 home
  shift 2
  local settings
  mapfile -t settings < <(registry_settings)
  home=$(awk -F: -v user="$user" '$1 == user { print $6 }' "$root/etc/passwd")
  chroot "$root" setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME="$home" LANG=C.UTF-8 "${settings[@]}" "$@"
}
