#!/bin/bash
# stop-ceph-rgw.sh DIR: ends the daemons that start-ceph-rgw.sh started there and removes what they kept.
set -u
# shellcheck source=tests/servers/ceph-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/ceph-lib.sh"
[ -f "${1:-}/ceph.conf" ] || exit 0
DATA=$(cd "$1" && pwd -P)
stop_cluster
rm -rf "${DATA:?}"/{mon,osd,rgw,run,log,crash,packages.log,monmap,keyring,ceph.conf,s3.env,tls.key,tls.crt}
rmdir "$DATA" 2>/dev/null
exit 0
