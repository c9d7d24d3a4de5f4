# Functions for test.sh and .ci/run: run suites, print one line for each, and add their counts up.
passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# suite NAME COMMAND...: the last line `N passed, N failed[, N skipped]` of its output counts; what it printed before is
# shown when something failed. A command that ends badly or prints no such line is a failure.
suite() {
  name=$1
  shift
  log="$logs/$(printf %s "$name" | tr ' /' '__')"
  begin=$(date +%s)
  status=0
  "$@" >"$log" 2>&1 </dev/null || status=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
  set -- $(printf '%s' "$line" | tr -cd '0-9 ')
  ok=${1:-0} bad=${2:-0} left=${3:-0}
  if [ -z "$line" ] || { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
    bad=$((bad + 1))
    line="ended with status $status"
  fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
  printf '%-24s %s (%d s)\n' "$name" "$line" $(($(date +%s) - begin))
  if [ "$bad" -ne 0 ]; then
    grep -v -e '^skipped ' -e "^$line\$" "$log" | tail -n "${FAILURE_LINES:-60}" | sed 's/^/    /'
  elif [ "$left" -ne 0 ] && [ -n "${VERBOSE:-}" ]; then
    grep '^skipped ' "$log" | sed 's/^/    /'
  fi
}

# skip NAME REASON: says what cannot be run on this machine.
skip() {
  skipped=$((skipped + 1))
  printf '%-24s skipped: %s\n' "$1" "$2"
}

closing_line() {
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ]
}
