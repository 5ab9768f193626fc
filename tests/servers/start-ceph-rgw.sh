#!/bin/bash
# A real S3 server on loopback, from Debian's packages alone: one Ceph monitor, one OSD, one RADOS gateway.
#
#   start-ceph-rgw.sh DIR [--store memstore|bluestore] [--port N]
#
# Everything lies below DIR. Prints the file to source; it sets LIFEBOAT_TEST_S3_URL (an empty bucket),
# LIFEBOAT_TEST_S3_TLS_URL (the same over HTTPS), LIFEBOAT_TEST_CEPH_CONF (for radosgw-admin), AWS_ACCESS_KEY_ID and
# AWS_SECRET_ACCESS_KEY. Each start makes a new, empty cluster. `stop-ceph-rgw.sh DIR` ends and removes it.
#   memstore (default)  objects in memory: up in about two seconds
#   bluestore           objects on disk, as in production: for measuring
# Exit 77: a package is missing and cannot be installed (not root, or no network).
set -u
export LC_ALL=C
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tests/servers/ceph-lib.sh
. "$HERE/ceph-lib.sh"

DATA='' STORE=memstore PORT=''
while [ $# -gt 0 ]; do
  case $1 in
    --store) STORE=$2; shift 2 ;;
    --port) PORT=$2; shift 2 ;;
    -*) die "unknown option $1" ;;
    *) DATA=$1; shift ;;
  esac
done
[ -n "$DATA" ] || die "usage: start-ceph-rgw.sh DIR [--store memstore|bluestore] [--port N]"
mkdir -p "$DATA" || die "cannot make $DATA"
DATA=$(cd "$DATA" && pwd -P)
# A unix socket's path has at most 107 bytes, and the daemons make some in DIR.
[ ${#DATA} -le 70 ] || die "$DATA is too long a path for sockets"

"$HERE/../../tools/install-packages" s3 >"$DATA/packages.log" 2>&1 ||
  { tail -n 3 "$DATA/packages.log" >&2; skip "Ceph's packages are not installed and cannot be (tools/install-packages s3)"; }

mkdir -p "$DATA/run" "$DATA/log" "$DATA/crash"
exec 9>"$DATA/run/lock"
flock -n 9 || die "another start is at work in $DATA"
stop_cluster
rm -rf "$DATA/mon" "$DATA/osd" "$DATA/rgw"
mkdir -p "$DATA/mon" "$DATA/osd" "$DATA/rgw"

# Ports that are free now: the gateway's, the monitor's, and a span for the OSD.
free_ports() {
  python3 - "$1" <<'END'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))
END
}
read -r MONITOR_PORT TLS_PORT RANDOM_PORT < <(free_ports 3) || die "no free port"
PORT=${PORT:-$RANDOM_PORT}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=lifeboat-test \
  -addext subjectAltName=IP:127.0.0.1 -keyout "$DATA/tls.key" -out "$DATA/tls.crt" >"$DATA/log/setup.log" 2>&1 || die "no certificate"

ACCESS_KEY=lifeboattestkey00001
SECRET_KEY=lifeboat/test+secret/000000000000000001
ADMIN_ENV=(env -i PATH="$PATH" LC_ALL=C)

# Why these settings:
#   auth none, crc mode      cephx off; the gateway would else insist on an encrypted session, which needs cephx
#   tcp_nodelay              without it each small answer waits 40 ms
#   *_interval, *_shards     timers and log objects that only lengthen the first start
#   gc_*                     the room of removed objects is free again within a minute
cat >"$DATA/ceph.conf" <<END
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v2:127.0.0.1:$MONITOR_PORT/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
mon_client_hunt_interval = 0.5
objecter_tick_interval = 0.5
osd_client_watch_timeout = 5
run_dir = $DATA/run
admin_socket = $DATA/run/\$name.asok
crash_dir = $DATA/crash
keyring = $DATA/keyring
log_file = $DATA/log/\$name.log
mon_cluster_log_file = $DATA/log/cluster.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_warn_on_pool_no_redundancy = false
mon_data_avail_warn = 2
mon_data_avail_crit = 1
[mon]
mon_data = $DATA/mon
mon_initial_members = a
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
auth_allow_insecure_global_id_reclaim = true
[osd]
osd_data = $DATA/osd
osd_objectstore = $STORE
osd_memory_target = 1073741824
osd_op_queue = wpq
osd_class_load_list = *
osd_class_default_list = *
memstore_device_bytes = 8589934592
bluestore_block_size = 21474836480
bluestore_block_db_create = false
bluestore_block_wal_create = false
crush_location = root=default host=loopback
[client]
rgw_data = $DATA/rgw
rgw_frontends = beast endpoint=127.0.0.1:$PORT tcp_nodelay=1 ssl_endpoint=127.0.0.1:$TLS_PORT ssl_certificate=$DATA/tls.crt ssl_private_key=$DATA/tls.key
rgw_thread_pool_size = 64
rgw_num_control_oids = 1
rgw_gc_max_objs = 7
rgw_gc_obj_min_wait = 60
rgw_gc_processor_period = 60
rgw_gc_processor_max_time = 60
rgw_lc_max_objs = 7
rgw_data_log_num_shards = 1
rgw_md_log_max_shards = 1
rgw_reshard_num_logs = 1
rgw_usage_max_shards = 1
rgw_usage_max_user_shards = 1
rgw_run_sync_thread = false
rgw_dynamic_resharding = false
rgw_enable_usage_log = false
rgw_enable_ops_log = false
END
: >"$DATA/keyring"
CONF=(-c "$DATA/ceph.conf")

give_up() {
  tail -n 15 "$DATA"/log/*.out "$DATA"/log/setup.log >&2
  stop_cluster
  die "$1"
}

release=$(ceph-mon --version | awk '{print $5}')
{
  monmaptool --create --clobber --fsid "$(sed -n 's/^fsid = //p' "$DATA/ceph.conf")" --set-min-mon-release "$release" \
    --addv a "[v2:127.0.0.1:$MONITOR_PORT]" "$DATA/monmap" &&
    ceph-mon "${CONF[@]}" -i a --mkfs --monmap "$DATA/monmap"
} >>"$DATA/log/setup.log" 2>&1 || give_up "the monitor's store cannot be made"
start_daemon monitor ceph-mon -f "${CONF[@]}" -i a

osd_uuid=$(cat /proc/sys/kernel/random/uuid)
{
  ceph "${CONF[@]}" --connect-timeout 30 osd new "$osd_uuid" 0 &&
    ceph-osd "${CONF[@]}" -i 0 --mkfs --osd-uuid "$osd_uuid"
} >>"$DATA/log/setup.log" 2>&1 || give_up "the OSD's store cannot be made"
start_daemon osd ceph-osd -f "${CONF[@]}" -i 0

timeout 120 "${ADMIN_ENV[@]}" radosgw-admin "${CONF[@]}" --no-mon-config user create --uid=lifeboat --display-name=lifeboat \
  --access-key="$ACCESS_KEY" --secret="$SECRET_KEY" --max-buckets=1000 >>"$DATA/log/setup.log" 2>&1 ||
  give_up "the gateway's user cannot be made"
start_daemon gateway radosgw -f "${CONF[@]}" -n client.rgw.a --no-mon-config

make_bucket() {
  alive gateway || return 1
  [ "$(curl -sS --noproxy '*' --max-time 20 -o /dev/null -w '%{http_code}' -X PUT --aws-sigv4 aws:amz:us-east-1:s3 \
    --user "$ACCESS_KEY:$SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "http://127.0.0.1:$PORT/lifeboat")" = 200 ]
}
wait_until 120 make_bucket || give_up "the gateway does not answer"

cat >"$DATA/s3.env" <<END
export LIFEBOAT_TEST_S3_URL='s3://lifeboat?endpoint=http://127.0.0.1:$PORT&region=us-east-1'
export LIFEBOAT_TEST_S3_TLS_URL='s3://lifeboat?endpoint=https://127.0.0.1:$TLS_PORT&region=us-east-1&ca=$DATA/tls.crt'
export LIFEBOAT_TEST_CEPH_CONF='$DATA/ceph.conf'
export AWS_ACCESS_KEY_ID=$ACCESS_KEY
export AWS_SECRET_ACCESS_KEY=$SECRET_KEY
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE
END
echo "$DATA/s3.env"
