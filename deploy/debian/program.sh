#!/bin/sh
# The service's program, on this system's own Python: that of Debian 13, else that of Debian 12.
# What is beside or in the working directory is not imported (-P).
for version in 3.13 3.11; do
  if [ -x "/usr/bin/python$version" ]; then
    exec "/opt/hotline/python$version/bin/python" -P -m workers "$@"
  fi
done
echo "hotline: neither python3.13 nor python3.11 is installed. Run: sudo apt-get install -f" >&2
exit 1
