# shellcheck shell=bash
# Sourced by ./check and the scripts in tools/: how they talk, and how results are counted.

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# root COMMAND...: runs it as root, directly or through sudo.
root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "not root, and there is no sudo: run this as root: $*"
  fi
}

PASSED=0
FAILED=()
SKIPPED=()

# record pass|fail|skip NAME [REASON]: counts one test and prints it.
record() {
  local verdict=$1 name=$2 reason=${3:-}
  case $verdict in
    pass) PASSED=$((PASSED + 1)) ;;
    fail) FAILED+=("$name${reason:+: $reason}") ;;
    skip) SKIPPED+=("$name${reason:+: $reason}") ;;
    *) die "record: no such verdict: $verdict" ;;
  esac
  printf '%s %s%s\n' "${verdict^^}" "$name" "${reason:+: $reason}"
}

# summary: the failures and skips by name, and the closing line. False if anything failed.
summary() {
  local each
  for each in ${FAILED[@]+"${FAILED[@]}"}; do echo "FAIL $each"; done
  for each in ${SKIPPED[@]+"${SKIPPED[@]}"}; do echo "SKIP $each"; done
  echo "$PASSED passed, ${#FAILED[@]} failed, ${#SKIPPED[@]} skipped"
  [ ${#FAILED[@]} -eq 0 ]
}
