#!/usr/bin/env bash
# What deb.sh does inside of a bare Debian 13: assemble.sh VERSION. The tree is in /src; the package
# comes to lie in /build.
set -euo pipefail
version=$1
pythons=(3.13 3.11)
package=/build/package
home=$package/opt/hotline
export UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never PIP_NO_CACHE_DIR=1
umask 022
cd /src

python3 -m venv /build/tools
/build/tools/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock

# The environment of a Python that need not be here: an environment is a folder with a few lines.
make_environment() {
  local python=$1
  local folder=$home/python$python
  local packages=$folder/lib/python$python/site-packages
  mkdir -p "$folder/bin" "$packages"
  ln -s "/usr/bin/python$python" "$folder/bin/python"
  printf '%s\n' "home = /usr/bin" "include-system-site-packages = false" "version = $python" \
    > "$folder/pyvenv.cfg"
  # Debian 12 has the older C library of the two, glibc 2.36.
  /build/tools/bin/uv pip install -q --target "$packages" --python-version "$python" \
    --python-platform x86_64-manylinux_2_36 --require-hashes \
    --build-constraint requirements/tools.lock -r requirements/run.lock
  # Programs of the packages: they name the Python of this machine, and nothing calls them.
  rm -rf "$packages/bin" "$packages/.lock"
  echo /opt/hotline/app > "$packages/hotline.pth"
}
for python in "${pythons[@]}"; do
  make_environment "$python"
done

mkdir -p "$home/app" "$home/bin"
cp -r hotline triage partners workers "$home/app/"
install -m 0755 deploy/debian/program.sh "$home/bin/hotline"
install -D -m 0755 deploy/debian/operator.sh "$package/usr/bin/hotline"
install -D -m 0644 deploy/debian/hotline.toml "$package/etc/hotline/hotline.toml"
install -d "$package/usr/lib/systemd/system"
for unit in deploy/systemd/*; do
  sed 's#/opt/hotline/\.venv/bin/hotline#/opt/hotline/bin/hotline#' "$unit" \
    > "$package/usr/lib/systemd/system/${unit##*/}"
done
install -D -m 0644 LICENSE "$package/usr/share/doc/hotline/copyright"
install -D -m 0644 deploy/proxy/nginx.conf "$package/usr/share/doc/hotline/examples/nginx.conf"
gzip -9n < CHANGELOG.md > "$package/usr/share/doc/hotline/changelog.gz"
find "$package" -type d -name __pycache__ -exec rm -rf {} +

install -d "$package/DEBIAN"
echo /etc/hotline/hotline.toml > "$package/DEBIAN/conffiles"
for script in postinst prerm postrm; do
  install -m 0755 "deploy/debian/$script" "$package/DEBIAN/$script"
done
cat > "$package/DEBIAN/control" <<CONTROL
Package: hotline
Version: $version
Architecture: amd64
Maintainer: Hotline <desk@hotline.example>
Installed-Size: $(du -sk --apparent-size "$package" | cut -f1)
Depends: python3.13 | python3.11, redis-server, adduser, ca-certificates, tzdata
Suggests: postgresql, nginx
Section: net
Priority: optional
Description: service that a national hotline runs on
 Takes reports of suspected child sexual abuse material and of abuse of children
 online, compares hashes with lists of known material, and tells police, hotlines,
 child protection and hosts. No content is stored.
 .
 Its Python packages lie in /opt/hotline, for the Python of Debian 13 (3.13) and of
 Debian 12 (3.11).
CONTROL
(cd "$package" && find . -path ./DEBIAN -prune -o -type f -print0 | sort -z \
  | xargs -0 md5sum | sed 's#  \./#  #' > DEBIAN/md5sums)
# One time for all, so that two builds are equal.
find "$package" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group --threads-max=1 -Zzstd -z9 --build "$package" /build >/dev/null
