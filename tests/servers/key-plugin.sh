#!/bin/bash
# key-plugin.sh DIR: a mariadbd that finds MariaDB's own plugins (file_key_management, federated, …): DIR/usr/sbin/mariadbd.
# They are in the package mariadb-server, which would start a service; so it is unpacked, not installed. Idempotent.
# Exit 77: the package cannot be had here.
set -euo pipefail
dir=$(mkdir -p "${1:?directory}" && cd "$1" && pwd)
[ -e "$dir/usr/lib/mysql/plugin/file_key_management.so" ] || {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  if [ -e /usr/lib/mysql/plugin/file_key_management.so ]; then
    mkdir -p "$scratch/usr/lib/mysql"
    cp -r /usr/lib/mysql/plugin "$scratch/usr/lib/mysql/"
  else
    version=$(dpkg-query -W -f='${Version}' mariadb-server-core)
    chmod 755 "$scratch"
    (cd "$scratch" && { apt-get -q download "mariadb-server=$version" || apt-get -q download mariadb-server; }) >&2 ||
      { echo "the package mariadb-server cannot be downloaded"; exit 77; }
    dpkg-deb -x "$scratch"/mariadb-server_*.deb "$scratch/unpacked"
    mkdir -p "$scratch/usr/lib/mysql"
    mv "$scratch/unpacked/usr/lib/mysql/plugin" "$scratch/usr/lib/mysql/"
  fi
  rm -rf "${dir:?}/usr"
  mkdir "$scratch/usr/sbin"
  ln -s "$(command -v mariadbd || echo /usr/sbin/mariadbd)" "$scratch/usr/sbin/mariadbd"
  cp -r "$scratch/usr" "$dir/"
}
echo "$dir/usr/sbin/mariadbd"
