#!/bin/bash
# with-ceph-rgw.sh COMMAND…: runs the command beside a fresh Ceph gateway of its own (start-ceph-rgw.sh says what is
# set), ends and removes it, and exits with the command's status; 77 if the gateway cannot be had here.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
directory=$(mktemp -d "${TMPDIR:-/tmp}/rgw-XXXXXX") || exit 1
trap '"$here/stop-ceph-rgw.sh" "$directory"; rm -rf "$directory"' EXIT
trap 'exit 130' INT TERM
"$here/start-ceph-rgw.sh" "$directory" >/dev/null || exit $?
# shellcheck source=/dev/null
. "$directory/s3.env"
"$@"
