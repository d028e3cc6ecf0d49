#!/usr/bin/env bash
# Compares Steelyard with nginx, HAProxy and YARP on this machine; see bench/README.md.
set -uo pipefail

usage() {
  cat <<'TEXT'
usage: bench/compare.sh [options]

  --with LIST        peers, by comma: nginx, haproxy, haproxy-splice, yarp, steelyard, steelyard-beside (with a listener
                     beside that uses what the others do not), or all;
                     +LIST adds to the default (nginx,haproxy,haproxy-splice,steelyard)
  --only LIST        workloads, by comma: small, small-log, browser, browser-log, one, thousand, pipelined, 10k, 100k, 1m, post16k,
                     connect, tls, tls100k, tls-connect, tls-resume, tcp, tcp1m, tcp-connect, idle (default: all)
  --rounds N         measured rounds (default 5)
  --seconds N        seconds per run (default 4)
  --quick            3 rounds of 1 second: about 3 minutes
  --steelyard FILE   a program that is already published, instead of publishing this source
  --before FILE      a program published earlier, as one more peer (steelyard-before) in the same rounds
  --cores P,L        core of the proxies, core(s) of origin and load: 0,1 or 0,1-3 (default 0,1)
  --markdown         print the tables as Markdown
  --report FILE      print the tables of an earlier run and end
  --priority         run proxies, origin and load before all other work (needs root):
                     for a machine that cannot be made quiet; it slows that other work
  --keep             keep logs and configurations

Results go to bench/results/. Ends with 1 when any run failed.
TEXT
}

# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rounds=5 seconds=4 format=text keep='' report=''
default_peers=nginx,haproxy,haproxy-splice,steelyard
with=$default_peers
only=$(IFS=,; echo "${all_workloads[*]}")
while (($#)); do
  case $1 in
    --quick) rounds=3 seconds=1 ;;
    --markdown) format=markdown ;;
    --keep) keep=yes ;;
    --priority)
      # Where sessions are scheduled as groups, nice alone counts within the session only.
      # shellcheck disable=SC2016 # for the inner shell
      before_others=(setsid sh -c 'echo -15 2>/dev/null >/proc/self/autogroup; exec nice -n -15 "$@"' -)
      ;;
    -h | --help) usage; exit 0 ;;
    --with | --only | --rounds | --seconds | --steelyard | --before | --cores | --report)
      (($# > 1)) || die "$1 needs a value"
      case $1 in
        --with) with=$2 ;;
        --only) only=$2 ;;
        --rounds) rounds=$2 ;;
        --seconds) seconds=$2 ;;
        --steelyard) steelyard=$(realpath -e "$2") || die "no such program: $2" ;;
        --before) before_program=$(realpath -e "$2") || die "no such program: $2" ;;
        --cores) proxy_core=${2%%,*} load_cores=${2#*,} ;;
        --report) report=$2 ;;
      esac
      shift
      ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

tables() { awk -v format="$format" -f "$here/report.awk" "$1"; }
if [[ -n $report ]]; then tables "$report"; exit; fi

[[ $rounds =~ ^[1-9][0-9]*$ && $seconds =~ ^[1-9][0-9]*$ ]] || die "--rounds and --seconds are whole numbers from 1"
[[ $with == +* ]] && with=$default_peers,${with#+}
[[ $with == all ]] && with=${all_peers[*]} with=${with% steelyard-before} with=${with// /,}
[[ -z $before_program ]] || with+=,steelyard-before
IFS=, read -r -a peers <<<"$with"
IFS=, read -r -a workloads <<<"$only"
for name in "${peers[@]}"; do [[ " ${all_peers[*]} " == *" $name "* ]] || die "no such peer: $name (there are: ${all_peers[*]})"; done
for name in "${workloads[@]}"; do workload "$name"; done

make_work
need_tools taskset=util-linux curl=curl cmp=diffutils wrk=wrk h2load=nghttp2-client nginx=nginx haproxy=haproxy openssl=openssl
# The module for TCP has no command that could be looked for.
[[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]] || need_tools nginx-mod-stream=libnginx-mod-stream
need_machine

mkdir -p "$here/results"
results=$here/results/$(date -u +%Y%m%dT%H%M%SZ).tsv
failures=0
fail() { say "FAILED: $*"; failures=$((failures + 1)); }
record() { local IFS=$'\t'; echo "$*" >>"$results"; }

# --- Start, check, warm up -----------------------------------------------------------------------

built=()
for peer in "${peers[@]}"; do
  if build_peer "$peer"; then built+=("$peer"); else fail "$peer cannot be built"; fi
done
if [[ " ${workloads[*]} " == *" idle "* ]]; then
  build "$here/idle" || die "cannot build the client of the idle workload"
fi
start_origin
{
  echo "# bench/compare.sh, $(date -u '+%Y-%m-%d %H:%M') UTC, $rounds rounds of $seconds s"
  echo "# Linux $(uname -r), $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores; proxies on core $proxy_core, origin and load on $load_cores"
  for peer in "${built[@]}"; do version_of "$peer" | sed 's/^/# /'; done
} >"$results"

running=()
for peer in "${built[@]}"; do
  if ! start_peer "$peer" "$peer"; then
    fail "$peer does not start"
  elif ! check_peer "$peer"; then
    fail "$peer does not do the job; it is left out"
    stop "$peer"
  else
    running+=("$peer")
  fi
done
((${#running[@]})) || die "nothing to measure"

# The splice options change nothing for small answers: that row is for large bodies alone.
takes_part() { # takes_part PEER WORKLOAD
  # HAProxy writes to no files, and before ours a program need not.
  [[ $2 != *-log || $1 == nginx || $1 == steelyard ]] || return 1
  [[ $1 != haproxy-splice || $2 == 100k || $2 == *1m || $2 == post16k ]] && [[ $1 != yarp || $2 != t[lc]* ]]
}

workload small
for peer in "${running[@]}"; do
  load "${port_of[$peer]}" 1
  [[ $peer == yarp ]] || continue
  # The JIT compiles hot code anew, and on a core that is full only gets to it in the pauses.
  say "Warming up yarp ..."
  for i in 1 2 3 4 5 6; do
    load "${port_of[$peer]}" 2
    sleep 1.5
  done
done

remember_memory() {
  local peer
  for peer in "${running[@]}"; do
    # shellcheck disable=SC2046
    set -- $(tree "${pid_of[$peer]}")
    # shellcheck disable=SC2046
    record memory "$1" "$peer" "$stage" $(memory_of "$@") $#
  done
}
stage=start
remember_memory

# --- One run -------------------------------------------------------------------------------------

# measure WORKLOAD ROUND PEER
measure() {
  local peer=$3 port processes before after core0 core1 memory wrong least
  port=$(port_for "$peer")
  # shellcheck disable=SC2207
  processes=($(tree "${pid_of[$peer]}"))
  before=$(cpu_of "${processes[@]}") core0=$(core_of_proxies)
  load "$port" "$seconds" || { fail "$1, $peer, round $2: no result"; record run "$1" "$2" "$peer" failed; return; }
  sleep 0.05
  after=$(cpu_of "${processes[@]}") core1=$(core_of_proxies)
  memory=$(memory_of "${processes[@]}")
  # shellcheck disable=SC2086
  set -- "$1" "$2" "$peer" $result
  # requests duration bytes p50 p99 | status connect read write timeout
  wrong='' least=$((bytes * $4))
  (($9 + ${10} + ${11} + ${12} + ${13} == 0)) ||
    wrong="$9 answers not 2xx, socket errors: connect ${10}, read ${11}, write ${12}, time-outs ${13}"
  (($4 > 0)) || wrong="no answer at all"
  (($6 >= least)) || wrong="$6 bytes are too few for $4 answers"
  kill -0 "${pid_of[$peer]}" 2>/dev/null || wrong="it died"
  if [[ -n $wrong ]]; then
    fail "$1, $peer, round $2: $wrong"
    record run "$1" "$2" "$peer" failed
    return
  fi
  # shellcheck disable=SC2046,SC2086
  record run "$1" "$2" "$peer" ok "$4" "$5" "$7" "$8" $(awk -v n="$4" -v hz="$(getconf CLK_TCK)" '
    { user = $4 - $1; kernel = $5 - $2; run = ($6 - $3) / 1e9; ticks = (user + kernel) / hz
      # Threads that ended are missing from the nanoseconds.
      if (run < ticks - 0.05) run = ticks
      share = user + kernel ? user / (user + kernel) : 0
      core = $10 - $8; busy = $9 - $7
      others = core ? 100 * (busy / core - run * hz / core) : 0
      printf "%.3f %.3f %.3f %.0f\n", run * share / n * 1e6, run * (1 - share) / n * 1e6, run / n * 1e6, (others > 0 ? others : 0)
    }' <<<"$before $after $core0 $core1") $memory
}

# A fresh instance of PEER, so that nothing an earlier workload left behind hides what a connection costs.
measure_idle() { # measure_idle ROUND PEER
  local name=$2-idle port before open closed count word input output
  start_peer "$2" "$name" || { fail "idle, $2: a second instance does not start"; record idle "$1" "$2" failed; return; }
  port=${port_of[$name]}
  workload small
  load "$port" 1
  sleep 2
  # shellcheck disable=SC2046
  before=$(memory_of $(tree "${pid_of[$name]}"))
  coproc taskset -c "$load_cores" "$here/idle/bin/Release/net10.0/bench-idle" "$port" "$idle_connections" "$path"
  # shellcheck disable=SC2153 # coproc sets it
  pid_of[clients]=$COPROC_PID output=${COPROC[0]} input=${COPROC[1]}
  IFS= read -r -t 120 -u "$output" word || word="no word from the clients"
  sleep 2
  # shellcheck disable=SC2046
  open=$(memory_of $(tree "${pid_of[$name]}"))
  count=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf ':%04X' "$port")" '
    $4 == "01" && index($2, port) == length($2) - 4 { n++ } END { print n + 0 }')
  [[ $word == open ]] || kill "${pid_of[clients]}" 2>/dev/null
  { echo close >&"$input"; wait "${pid_of[clients]}"; } 2>/dev/null
  unset 'pid_of[clients]'
  sleep 2
  # shellcheck disable=SC2046
  closed=$(memory_of $(tree "${pid_of[$name]}"))
  stop "$name"
  if [[ $word != open || $count -lt $idle_connections ]]; then
    fail "idle, $2: $word; $count of $idle_connections connections were open"
    record idle "$1" "$2" failed
  else
    # shellcheck disable=SC2086
    record idle "$1" "$2" ok "$idle_connections" $before $open $closed
  fi
}

# --- All rounds: every proxy in turn, another first each time ---------------------------------------

for name in "${workloads[@]}"; do
  part=()
  for peer in "${running[@]}"; do takes_part "$peer" "$name" && part+=("$peer"); done
  ((${#part[@]})) || continue
  workload "$name"
  record title "$name" "$title"
  say "$name: $title"
  if [[ $name == idle ]]; then
    # Memory hardly varies: fewer rounds do.
    idle_rounds=$((rounds < 3 || seconds < 2 ? 1 : 3))
    for ((round = 1; round <= idle_rounds; round++)); do
      for peer in "${part[@]}"; do measure_idle "$round" "$peer"; done
    done
    continue
  fi
  for peer in "${part[@]}"; do
    load "$(port_for "$peer")" 1
    [[ $peer != yarp ]] || load "${port_of[$peer]}" 2
  done
  for ((round = 1; round <= rounds; round++)); do
    for ((i = 0; i < ${#part[@]}; i++)); do
      measure "$name" "$round" "${part[(i + round - 1) % ${#part[@]}]}"
    done
  done
done
stage=end
remember_memory

tables "$results"
say "Figures: ${results#"$PWD"/}"
if ((failures)); then
  say "$failures failure(s); see FAILED above."
  exit 1
fi
