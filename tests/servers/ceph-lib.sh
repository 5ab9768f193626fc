# shellcheck shell=bash
# What the scripts around the test cluster share. Sourced, not run.
#
# All of a cluster's state lies below one directory, DATA:
#   run/NAME.pid   process id and start time of each daemon we started: a re-used pid is never taken for ours
#   log/           what they say
#   s3.env         what a client needs: LIFEBOAT_TEST_S3_URL, AWS_ACCESS_KEY_ID, …

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
# Exit status 77 (the test runner's "skipped"): what the cluster needs is not to be had here.
skip() { say "SKIP: $*"; exit 77; }

# When the process started (field 22 of its stat line, behind the name, which may hold blanks); nothing for a zombie.
process_start() {
  local line fields
  line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra fields <<<"${line##*) }"
  [ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

# start_daemon NAME COMMAND…
start_daemon() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$DATA/log/$name.out" 2>&1 9>&- &
  echo "$! $(process_start $!)" >"$DATA/run/$name.pid"
}

alive() {
  local pid start
  read -r pid start 2>/dev/null <"$DATA/run/$1.pid" && [ -n "$start" ] && [ "$(process_start "$pid")" = "$start" ]
}

# stop_daemon NAME SECONDS: asks, waits that long, then kills.
stop_daemon() {
  local pid
  if alive "$1"; then
    read -r pid _ <"$DATA/run/$1.pid"
    kill -TERM "$pid" 2>/dev/null
    wait_until "$2" not_alive "$1" || kill -KILL "$pid" 2>/dev/null
    wait_until 5 not_alive "$1" || say "process $pid ($1) does not end"
  fi
  rm -f "$DATA/run/$1.pid"
}
not_alive() { ! alive "$1"; }

# wait_until SECONDS COMMAND…
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -le $end ] || return 1
    sleep 0.05
  done
}

stop_cluster() {
  # The gateway keeps nothing of its own, so it is not waited for long.
  stop_daemon gateway 2
  stop_daemon osd 20
  stop_daemon monitor 20
}
