#!/usr/bin/env bash
# Where the time of one proxy goes under one workload: system calls per request, counters, hot
# functions. The figures under strace are counts, never speeds. See bench/README.md.
set -uo pipefail

usage() {
  cat <<'TEXT'
usage: bench/profile.sh WORKLOAD [PEER] [options]

  WORKLOAD           small, browser, one, thousand, 10k, 100k, 1m, post16k, connect, tls, tls100k,
                     tls-connect, tls-resume, tcp, tcp1m or tcp-connect
  PEER               steelyard (default), nginx, haproxy, haproxy-splice or yarp
  --seconds N        seconds per measurement (default 4)
  --steelyard FILE   a program that is already published, instead of publishing this source
  --cores P,L        core of the proxy, core(s) of origin and load (default 0,1)
  --record FILE      keep the samples of perf record there (for perf report, flame graphs)
  --priority         run proxies, origin and load before all other work (nice -15; needs root):
                     for a machine that cannot be made quiet; it slows that other work
  --keep             keep logs and configurations
TEXT
}

# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=4 keep='' samples='' words=()
while (($#)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --keep) keep=yes ;;
    --priority)
      # Where sessions are scheduled as groups, nice alone counts within the session only.
      # shellcheck disable=SC2016 # for the inner shell
      before_others=(setsid sh -c 'echo -15 2>/dev/null >/proc/self/autogroup; exec nice -n -15 "$@"' -)
      ;;
    --seconds | --steelyard | --cores | --record)
      (($# > 1)) || die "$1 needs a value"
      case $1 in
        --seconds) seconds=$2 ;;
        --steelyard) steelyard=$(realpath -e "$2") || die "no such program: $2" ;;
        --cores) proxy_core=${2%%,*} load_cores=${2#*,} ;;
        --record) samples=$(realpath "$2") ;;
      esac
      shift
      ;;
    -*) usage >&2; exit 2 ;;
    *) words+=("$1") ;;
  esac
  shift
done
((${#words[@]} == 1 || ${#words[@]} == 2)) || { usage >&2; exit 2; }
name=${words[0]} peer=${words[1]:-steelyard}
[[ $name != idle ]] || die "idle connections make no calls; see compare.sh --only idle"
workload "$name"

make_work
need_tools taskset=util-linux curl=curl cmp=diffutils wrk=wrk h2load=nghttp2-client nginx=nginx haproxy=haproxy openssl=openssl strace=strace
need_machine
build_peer "$peer" || die "$peer cannot be built"
start_origin
start_peer "$peer" "$peer" || exit 1
check_peer "$peer" || say "bench: $peer does not do the whole job; what follows is of little use"
port=$(port_for "$peer")
for i in 1 2 3; do load "$port" 2 && sleep 0.5; done
load "$port" 1 || exit 1
# shellcheck disable=SC2207
processes=($(tree "${pid_of[$peer]}"))

requests() { echo "${result%% *}"; }
# Ends a tracer in the way that makes it print.
end_tracer() {
  kill -INT "$1" 2>/dev/null
  for ((i = 0; i < 50; i++)); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
  kill -TERM "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}
# Background children of a script ignore SIGINT; a tracer must not.
tracer() { local who=$1; shift; (trap - INT; exec "$@") & pid_of[$who]=$!; }

echo "$peer, $name: $title"
echo
echo "CPU and rate, untraced:"
before=$(cpu_of "${processes[@]}")
load "$port" "$seconds" || exit 1
after=$(cpu_of "${processes[@]}")
awk -v result="$result" '{
  split(result, r, " ")
  share = ($4 + $5 - $1 - $2) ? ($4 - $1) / ($4 + $5 - $1 - $2) : 0
  each = ($6 - $3) / 1000 / r[1]
  printf "  %.0f requests/s, p50 %.2f ms, p99 %.2f ms, CPU %.2f us per request (user %.2f, kernel %.2f)\n", \
    r[1] / r[2] * 1e6, r[4] / 1000, r[5] / 1000, each, each * share, each * (1 - share)
}' <<<"$before $after"

echo
echo "System calls per request (strace):"
attach=()
for process in "${processes[@]}"; do attach+=(-p "$process"); done
tracer strace strace -q -c -f -o "$work/strace.txt" "${attach[@]}" 2>"$work/strace.err"
sleep 0.5
load "$port" "$seconds"
end_tracer "${pid_of[strace]}"
unset 'pid_of[strace]'
if [[ -s $work/strace.txt ]]; then
  awk -v n="$(requests)" '
    $1 ~ /^[0-9.]+$/ && $NF != "total" { printf "  %8.3f  %-18s %s\n", $4 / n, $NF, (NF == 6 ? sprintf("of them %.3f failed", $5 / n) : "") }
    $NF == "total" { printf "  %8.3f  in all, over %d requests\n", (NF >= 4 ? $4 : $3) / n, n }' "$work/strace.txt" | sort -k1,1 -rn
else
  echo "  strace may not attach here: $(head -n 1 "$work/strace.err")"
fi

perf=$(command -v perf) || { echo; echo "perf is not installed (Debian: linux-perf): no counters, no hot functions."; exit 0; }
list=$(IFS=,; echo "${processes[*]}")

echo
echo "Counters (perf stat):"
tracer perf "$perf" stat -p "$list" -o "$work/stat.txt" 2>"$work/perf.err"
sleep 0.3
load "$port" "$seconds"
end_tracer "${pid_of[perf]}"
unset 'pid_of[perf]'
if [[ -s $work/stat.txt ]]; then
  awk -v n="$(requests)" '
    /not supported|not counted/ { missing = missing " " $NF; sub(/.*(supported|counted)> */, ""); next }
    $1 ~ /^[0-9][0-9.,]*$/ && !/seconds/ {
      value = $1; gsub(/,/, "", value)
      if ($2 == "msec") printf "  %12.3f  us of %s per request\n", value * 1000 / n, $3
      else printf "  %12.4f  %s per request\n", value / n, $2
    }
    END { if (missing) print "  (this machine has no hardware counters)" }' "$work/stat.txt"
else
  echo "  perf stat cannot: $(head -n 1 "$work/perf.err")"
fi

echo
echo "Hot functions (perf record; shares of the proxy's time):"
data=${samples:-$work/perf.data}
# Without hardware counters the clock samples; call chains cost more than they tell in this short form.
tracer perf "$perf" record -e cpu-clock -F 1999 -p "$list" ${samples:+-g} -o "$data" 2>"$work/perf.err" >/dev/null
sleep 0.3
load "$port" "$seconds"
end_tracer "${pid_of[perf]}"
unset 'pid_of[perf]'
if [[ -s $data ]]; then
  "$perf" report -i "$data" --stdio --no-children -g none --percent-limit 0.7 --sort dso,symbol 2>/dev/null |
    awk '/^ *[0-9.]+%/ { sub(/( +-)+ *$/, ""); print "  " $0 }' | head -n 40
else
  echo "  perf record cannot: $(head -n 1 "$work/perf.err")"
fi
