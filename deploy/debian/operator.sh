#!/bin/sh
# hotline, as whoever keeps the machine calls it: with the settings, keys and passwords of the units,
# and as their user.
export HOTLINE_CONFIG=/etc/hotline/hotline.toml
export HOTLINE_DATA_DIR=/var/lib/hotline HOTLINE_SECRETS_DIR=/var/lib/hotline/secrets
export HOTLINE_SECRET_FILES=/etc/hotline/secrets
case $(id -un) in
  hotline)
    exec /opt/hotline/bin/hotline "$@" ;;
  root)
    # The user hotline may not be able to read the folder that root is in.
    umask 077
    exec setpriv --reuid hotline --regid hotline --init-groups /opt/hotline/bin/hotline "$@" ;;
  *)
    echo "hotline: only root and the user hotline may read its data. Run: sudo hotline $*" >&2
    exit 1 ;;
esac
