#!/usr/bin/env bash
# Installs what the tests need and runs them all. The last line counts: "N passed, N failed".
# ./test.sh --install-only installs it and ends.
set -uo pipefail
cd "$(dirname "$0")"

# What the tests need beside the .NET SDK: program to look for, and Debian's package that brings it.
needed=(curl:curl openssl:openssl wrk:wrk h2load:nghttp2-client nginx:nginx haproxy:haproxy promtool:prometheus node:nodejs npm:npm python3:python3 cc:gcc redis-server:redis-server chromium:chromium fish:fish dockerd:docker.io)

install_missing() {
  local missing=() entry
  for entry in "${needed[@]}"; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo -n)
  "${root[@]}" apt-get update -q && DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -qy --no-install-recommends "${missing[@]}"
}

install_missing </dev/null || echo "could not install everything; tests that need it will say so" >&2

# The real opossum, which the breaker is compared with.
npm ci --prefix tests/opossum --no-audit --no-fund </dev/null >/dev/null || echo "could not install opossum; its test will say so" >&2

[ "${1:-}" != --install-only ] || exit 0

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
log=$(mktemp)
trap 'rm -f "$log"*' EXIT

run() { dotnet test -c Release --no-build --no-ansi --no-progress --max-parallel-test-modules 1 "$@" </dev/null; }

# One after the other, for many measure memory, descriptors and time.
everything() { run --solution Steelyard.slnx "$@"; }

# End-to-end tests that wait for the programs they start, and measure nothing, run in two lanes beside each other.
in_lanes() {
  local status=0 lane pids=() logs=()
  run --solution Steelyard.slnx --filter-not-trait Lane=files --filter-not-trait Lane=apps || status=1
  for lane in files apps; do
    logs+=("$log.$lane")
    run --project tests/Steelyard.EndToEnd --filter-trait "Lane=$lane" >"$log.$lane" 2>&1 &
    pids+=($!)
  done
  for lane in 0 1; do
    wait "${pids[lane]}" || status=1
    cat "${logs[lane]}"
  done
  return "$status"
}

if [ $# -gt 0 ]; then tests=everything; else tests=in_lanes; fi
dotnet build Steelyard.slnx -c Release --nologo -v quiet </dev/null && "$tests" "$@" | tee "$log"
status=$?

# A module that crashed or ran nothing counts as an error, not as a failed test; a build that failed leaves no counts at all.
counts=$(awk '/^  (failed|error):/{f+=$2} /^  succeeded:/{p+=$2} END{print p+0, f+0}' "$log")
read -r passed failed <<<"$counts"
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
echo "$passed passed, $failed failed"
exit "$status"
