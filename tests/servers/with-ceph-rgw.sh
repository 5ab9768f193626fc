#!/bin/bash
# with-ceph-rgw.sh [--store memstore|bluestore] [--latency-ms N] COMMAND…
#
# Runs the command beside a fresh Ceph gateway of its own (start-ceph-rgw.sh says what is set), ends and removes it, and
# exits with the command's status; 77 if the gateway cannot be had here. With --latency-ms the URL leads through
# faulty_proxy.py, which makes every request take that much longer.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
start=("$here/start-ceph-rgw.sh")
latency=0
while [ $# -gt 0 ]; do
  case $1 in
    --store) start+=(--store "$2"); shift 2 ;;
    --latency-ms) latency=$2; shift 2 ;;
    *) break ;;
  esac
done
directory=$(mktemp -d "${TMPDIR:-/tmp}/rgw-XXXXXX") || exit 1
proxy=''
# shellcheck disable=SC2317 # called by the trap
end() {
  [ -z "$proxy" ] || kill "$proxy"
  "$here/stop-ceph-rgw.sh" "$directory"
  rm -rf "$directory"
}
trap end EXIT
trap 'exit 130' INT TERM
"${start[@]}" "$directory" >/dev/null || exit $?
# shellcheck source=/dev/null
. "$directory/s3.env"
if [ "$latency" != 0 ]; then
  server=${LIFEBOAT_TEST_S3_URL#*endpoint=http://}
  server=${server%%&*}
  exec {lines}< <(exec /usr/bin/python3 "$here/faulty_proxy.py" --upstream "$server" --latency-ms "$latency")
  proxy=$!
  read -r -u "$lines" line || exit 1
  export LIFEBOAT_TEST_S3_URL=${LIFEBOAT_TEST_S3_URL/"$server"/"${line##* }"}
fi
"$@"
