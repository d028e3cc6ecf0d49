# shellcheck shell=bash
# What compare.sh and profile.sh share: tools, origin, proxies, workloads and reading /proc.
# Everything runs in the foreground as a child of the script, with its own files under $work and
# its own ports, and is ended by pid. Nothing of an installed nginx or HAProxy is touched.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

proxy_core=${PROXY_CORE:-0}
load_cores=${LOAD_CORES:-1}
steelyard=${STEELYARD:-}
before_others=() # filled by --priority
all_peers=(nginx haproxy haproxy-splice yarp steelyard steelyard-beside steelyard-before)
before_program=''
work='' # the temporary folder
origins=() # three ports
declare -A pid_of=() port_of=() tls_port_of=() tcp_port_of=() log_port_of=()

say() { echo "$*" >&2; }

die() {
  say "bench: $*"
  exit 2
}

# --- Tools ---------------------------------------------------------------------------------------

# Installs from Debian what is missing. Arguments: command=package...
need_tools() {
  local pair missing=()
  for pair in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  PATH=$PATH:/usr/sbin:/sbin
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "please install: ${missing[*]}"
  ((EUID == 0)) || die "missing tools; please run: sudo apt-get install ${missing[*]}"
  say "Installing ${missing[*]} ..."
  # Debian starts servers when it installs them; the benchmark wants the programs alone.
  local policy=/usr/sbin/policy-rc.d ours=''
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && ours=yes
  fi
  local status=0
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
    >"$work/apt.log" 2>&1 || status=$?
  [[ -z $ours ]] || rm -f "$policy"
  ((status == 0)) || { tail -n 5 "$work/apt.log" >&2; die "could not install ${missing[*]}"; }
}

# Checks what the measurement stands on: Linux, two cores, files enough.
need_machine() {
  [[ $(uname -s) == Linux ]] || die "needs Linux: it reads /proc"
  taskset -c "$proxy_core" true 2>/dev/null || die "core $proxy_core (of the proxies) is not ours to use; see --cores"
  taskset -c "$load_cores" true 2>/dev/null || die "core(s) $load_cores (of load and origin) are not ours to use; see --cores (two cores are the least)"
  ulimit -n "$(ulimit -Hn)"
  files=$(ulimit -n)
  [[ $files != unlimited ]] || files=1000000
  ((files >= 6000)) || die "only $files open files allowed; please raise the hard limit (ulimit -Hn) to 20000"
  ((${#before_others[@]} == 0)) || [[ $("${before_others[@]}" nice) == -15 ]] || die "--priority needs root"
  # HAProxy wants two files per client, half a one more for splice, and some.
  connections=$((files > 26000 ? 9000 : files * 7 / 20))
  ((connections > idle_connections + 1000)) || idle_connections=$((connections / 2))
}

# --- Folder, ports, processes --------------------------------------------------------------------

make_work() {
  local base=/dev/shm
  [[ -d $base && -w $base ]] || { base=${TMPDIR:-/tmp}; say "No /dev/shm: files are served from $base."; }
  work=$(mktemp -d "$base/steelyard-bench.XXXXXX") || die "cannot make a folder in $base"
  chmod 755 "$work"
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}

finish() {
  local status=$? name
  trap '' INT TERM HUP
  for name in "${!pid_of[@]}"; do stop "$name"; done
  if [[ -n ${keep:-} ]]; then say "Logs and configurations are in $work."; else rm -rf "$work"; fi
  exit "$status"
}

next_port=18000
# Sets $port to the next port that nobody listens on, below the range of outgoing connections.
free_port() {
  while :; do
    port=$((next_port++))
    ((port < 30000)) || die "no free port between 18000 and 30000"
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
}

# All processes of a program, itself first: tree PID
tree() {
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" '
    { sub(/ \(.*\) /, " x "); parent[$1] = $4 }
    END {
      found[top] = 1; list = top
      do {
        more = 0
        for (p in parent) if (!(p in found) && parent[p] in found) { found[p] = 1; list = list " " p; more = 1 }
      } while (more)
      print list
    }'
}

# Ends a program that we started, with its children: first politely.
stop() {
  local name=$1 pid=${pid_of[$1]:-} all p i
  [[ -n $pid ]] || return 0
  unset "pid_of[$name]"
  kill -0 "$pid" 2>/dev/null || { wait "$pid" 2>/dev/null; return 0; }
  all=$(tree "$pid")
  kill -TERM "$pid" 2>/dev/null
  for ((i = 0; i < 50; i++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  for p in $all; do kill -KILL "$p" 2>/dev/null; done
  wait "$pid" 2>/dev/null
  return 0
}

# Runs a program in the background on given cores: launch NAME CORES COMMAND...
launch() {
  local name=$1 cores=$2
  shift 2
  taskset -c "$cores" "${before_others[@]}" "$@" </dev/null >>"$work/$name.out" 2>&1 &
  pid_of[$name]=$!
}

# Waits until http://127.0.0.1:PORT/small answers 200: ready NAME PORT
ready() {
  local i pid=${pid_of[$1]}
  for ((i = 0; i < 100; i++)); do
    [[ $(curl -s -o /dev/null -m 1 -w '%{http_code}' "http://127.0.0.1:$2/small") == 200 ]] && return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  say "bench: $1 does not answer. Its log:"
  cat "$work/$1.out" "$work/$1.log" 2>/dev/null | tail -n 20 | sed 's/^/  | /' >&2
  stop "$1"
  return 1
}

fill() { # fill TEMPLATE NAME PORT SPLICE; tls_port, tcp_port and log_port are set where the template wants them
  local user=''
  ((EUID == 0)) && user='user root;'
  sed -e "s|@DIR@|$work|g; s|@NAME@|$2|g; s|@PORT@|$3|g; s|@TLSPORT@|${tls_port:-0}|g; s|@TCPPORT@|${tcp_port:-0}|g; s|@LOGPORT@|${log_port:-0}|g; s|@USER@|$user|g; s|@CONNECTIONS@|$connections|g; s|@SPLICE@|$4|g" \
    -e "s|@ORIGIN1@|${origins[0]}|g; s|@ORIGIN2@|${origins[1]}|g; s|@ORIGIN3@|${origins[2]}|g" "$here/configs/$1"
}

# --- Origin and proxies --------------------------------------------------------------------------

# A certificate as a site of today has it: ECDSA with P-256, below an intermediate authority whose certificate
# is sent with it, in one file with its key.
make_certificate() {
  local leaf=(-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=CA:FALSE)
  local new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2)
  {
    "${new[@]}" -subj '/CN=bench root' -keyout "$work/root.key" -out "$work/root.crt" &&
      "${new[@]}" -subj '/CN=bench intermediate' -CA "$work/root.crt" -CAkey "$work/root.key" -keyout "$work/between.key" -out "$work/between.crt" &&
      "${new[@]}" "${leaf[@]}" -CA "$work/between.crt" -CAkey "$work/between.key" -keyout "$work/tls.key" -out "$work/tls.crt"
  } 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; die "cannot make a certificate"; }
  cat "$work/tls.crt" "$work/between.crt" "$work/tls.key" >"$work/tls.pem"
}

start_origin() {
  local i port
  make_certificate
  for i in 1 2 3; do free_port; origins+=("$port"); done
  mkdir "$work/www"
  # Text that differs from line to line, so that a body put together wrongly is seen.
  awk 'BEGIN { for (i = 1; i <= 65536; i++) printf "line %010d\n", i }' >"$work/www/1m"
  : >"$work/www/post"
  head -c 100000 "$work/www/1m" >"$work/www/100k"
  head -c 10000 "$work/www/1m" >"$work/www/10k"
  fill origin.conf origin 0 '' >"$work/origin.conf"
  launch origin "$load_cores" nginx -p "$work" -e "$work/origin.log" -c "$work/origin.conf"
  ready origin "${origins[0]}" || die "there is no origin to measure against"
}

# Builds a project, before anything is measured. No build process may stay behind.
build() { # build PROJECT [FOLDER to publish to]
  local what=build out=()
  [[ -z ${2:-} ]] || what=publish out=(-o "$2")
  command -v dotnet >/dev/null || { say "bench: building $1 needs the .NET SDK"; return 1; }
  say "Building ${1#"$root"/} ..."
  dotnet "$what" "$1" "${out[@]}" -c Release --nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false \
    >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; return 1; }
}

build_peer() {
  case $1 in
    yarp) build "$here/yarp" ;;
    steelyard | steelyard-beside)
      [[ -z $steelyard ]] || return 0
      steelyard=$root/artifacts/bench/steelyard
      build "$root/src/Steelyard" "$(dirname "$steelyard")"
      ;;
    steelyard-before) [[ -n $before_program ]] || { say "bench: steelyard-before is the program that --before names"; return 1; } ;;
  esac
}

# start_peer PEER NAME: NAME tells instances of one peer apart.
start_peer() {
  local peer=$1 name=$2 port tls_port tcp_port log_port splice='' o
  free_port
  tls_port_of[$name]=$port tls_port=$port
  free_port
  tcp_port_of[$name]=$port tcp_port=$port
  free_port
  log_port_of[$name]=$port log_port=$port
  free_port
  port_of[$name]=$port
  case $peer in
    nginx)
      fill nginx.conf "$name" "$port" '' >"$work/$name.conf"
      launch "$name" "$proxy_core" nginx -p "$work" -e "$work/$name.log" -c "$work/$name.conf"
      ;;
    haproxy | haproxy-splice)
      [[ $peer == haproxy ]] || splice='option splice-auto\n  option splice-request\n  option splice-response'
      fill haproxy.cfg "$name" "$port" "$splice" >"$work/$name.cfg"
      launch "$name" "$proxy_core" haproxy -db -f "$work/$name.cfg"
      ;;
    yarp)
      o=("${origins[@]/#/127.0.0.1:}")
      launch "$name" "$proxy_core" env DOTNET_PROCESSOR_COUNT=1 DOTNET_gcServer=0 "$here/yarp/bin/Release/net10.0/bench-yarp" "$port" "${o[@]}"
      ;;
    steelyard | steelyard-before | steelyard-beside)
      [[ $peer == steelyard-beside ]] && o=steelyard-beside.yaml || o=steelyard.yaml
      fill "$o" "$name" "$port" '' >"$work/$name.yaml"
      [[ $peer == steelyard-before ]] && o=$before_program || o=$steelyard
      launch "$name" "$proxy_core" "$o" up "$work/$name.yaml"
      ;;
    *) die "no such peer: $peer (there are: ${all_peers[*]})" ;;
  esac
  ready "$name" "$port"
}

version_of() {
  case $1 in
    nginx) nginx -v 2>&1 | sed 's/.*: //' ;;
    haproxy) haproxy -v | awk 'NR == 1 { print "HAProxy " $3 }' ;;
    haproxy-splice | steelyard-beside) ;;
    steelyard-before) echo "Steelyard before, a given program: $("$before_program" --version 2>/dev/null | head -n 1)" ;;
    yarp) sed -n 's/.*Yarp.ReverseProxy" Version="\([^"]*\)".*/YARP \1/p' "$root/Directory.Packages.props" ;;
    steelyard)
      if [[ $steelyard == "$root"/* ]]; then
        echo "Steelyard $(git -C "$root" describe --always --dirty 2>/dev/null)"
      else
        echo "Steelyard, a given program: $("$steelyard" --version 2>/dev/null | head -n 1)"
      fi
      ;;
  esac
}

# The same job for all, and right answers: check_peer NAME. A fast wrong answer is no figure.
check_peer() {
  local name=$1 url=http://127.0.0.1:${port_of[$1]} told ports size want got i bad=0
  complain() { say "bench: $name: $*"; bad=1; }
  told=$(curl -s -m 5 "$url/told")
  want="for=127.0.0.1 proto=http xhost=127.0.0.1:${port_of[$name]} real=127.0.0.1 host=127.0.0.1:${port_of[$name]}"
  [[ $told == *"$want"* ]] || complain "does not tell the servers what the others do: '$told' instead of '$want'"
  [[ $told == *HTTP/1.1* && $told != *connection=close* ]] || complain "does not keep connections to servers: '$told'"
  ports=$(curl -s -m 5 "$url/told?[1-12]" | sed 's/ .*//' | sort -u | wc -l)
  if [[ $name != yarp ]]; then
    told=$(curl -s -m 5 --cacert "$work/tls.crt" "https://127.0.0.1:${tls_port_of[$1]}/told")
    [[ $told == *"proto=https"* ]] || complain "does not serve TLS, or does not tell the servers: '$told'"
    curl -s -m 5 "http://127.0.0.1:${tcp_port_of[$1]}/1m" | cmp -s - "$work/www/1m" || complain "passes bytes on wrongly in TCP mode"
  fi
  if [[ $name == nginx* || $name == steelyard* ]]; then
    curl -s -m 5 -o /dev/null -A a-bench "http://127.0.0.1:${log_port_of[$1]}/small?logged"
    for ((i = 0; i < 50; i++)); do
      grep -q '"GET /small?logged HTTP/1.1" 200 64 "-" "a-bench"$' "$work/$name-access.log" 2>/dev/null && break
      sleep 0.1
    done
    ((i < 50)) || complain "does not write its access log as the others do: $(tail -n 1 "$work/$name-access.log" 2>/dev/null)"
  fi
  ((ports == 3)) || complain "uses $ports of 3 servers"
  for size in 10k 100k 1m; do
    curl -s -m 5 "$url/$size" | cmp -s - "$work/www/$size" || complain "answers /$size wrongly"
  done
  got=$(head -c 16384 /dev/zero | tr '\0' x | curl -s -m 5 -H Expect: --data-binary @- "$url/post")
  [[ $got =~ ^read\ ([0-9]+)\ bytes$ && ${BASH_REMATCH[1]} -gt 16384 ]] || complain "lost a posted body: '$got'"
  got=$(curl -s -m 5 -o /dev/null -o /dev/null -w '%{num_connects}' "$url/small" "$url/small")
  [[ $got == 10 ]] || complain "does not keep a client's connection ($got)"
  return "$bad"
}

# --- Workloads -----------------------------------------------------------------------------------

all_workloads=(small small-log browser browser-log one thousand pipelined 10k 100k 1m post16k connect tls tls100k tls-connect tls-resume tcp tcp1m tcp-connect idle)

# What a browser sends with a request for something on a site where it is signed in.
browser_fields=(
  -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
  -H 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8'
  -H 'Accept-Encoding: gzip, deflate, br, zstd'
  -H 'Accept-Language: en-GB,en;q=0.9,nl;q=0.8,de;q=0.7'
  -H 'Cache-Control: max-age=0'
  -H 'Connection: keep-alive'
  -H 'Cookie: session=6f1c0d5e9b7a4c3f8e2d1a0b9c8d7e6f; theme=dark; consent=analytics%3Dfalse%26marketing%3Dfalse; _ga=GA1.2.1234567890.1700000000'
  -H 'Referer: https://www.example.com/catalogue/scales?sort=price&page=2'
  -H 'Sec-Fetch-Dest: document'
  -H 'Sec-Fetch-Mode: navigate'
  -H 'Sec-Fetch-Site: same-origin'
  -H 'Upgrade-Insecure-Requests: 1'
)

# shellcheck disable=SC2034 # compare.sh uses all of them
# Sets clients, path, bytes (the least of an answer), post and fields for a workload.
workload() {
  clients=64 path=/small bytes=64 post=0 fields=() tool=wrk scheme=http
  case $1 in
    small) title="64 keep-alive connections, 64-byte answers" ;;
    small-log) title="64 keep-alive connections, 64-byte answers, an access log to a file" scheme=log ;;
    browser-log) title="the same with the 12 fields of a browser" fields=("${browser_fields[@]}") scheme=log ;;
    browser) title="the same with the 12 fields of a browser" fields=("${browser_fields[@]}") ;;
    one) title="one keep-alive connection" clients=1 ;;
    thousand) title="1,000 keep-alive connections" clients=1000 ;;
    pipelined) title="64 keep-alive connections, 4 requests under way on each" tool=h2load ;;
    10k) title="64 connections, 10 kB answers" path=/10k bytes=10000 ;;
    100k) title="32 connections, 100 kB answers" clients=32 path=/100k bytes=100000 ;;
    1m) title="8 connections, 1 MB answers" clients=8 path=/1m bytes=1048576 ;;
    post16k) title="64 connections, 16 kB posts, small answers" path=/post bytes=16 post=16384 ;;
    connect) title="64 clients, a new connection for every request" fields=(-H 'Connection: close') ;;
    tls) title="TLS: 64 keep-alive connections, 64-byte answers" scheme=https ;;
    tls100k) title="TLS: 32 connections, 100 kB answers" clients=32 path=/100k bytes=100000 scheme=https ;;
    tls-connect) title="TLS: 64 clients, a new connection with a full handshake for every request" fields=(-H 'Connection: close') scheme=https ;;
    tls-resume) title="TLS: a new connection with a resumed session for every request" clients=4 tool=s_time scheme=https ;;
    tcp) title="TCP mode: 64 connections, 64-byte answers" scheme=tcp ;;
    tcp1m) title="TCP mode: 8 connections, 1 MB answers" clients=8 path=/1m bytes=1048576 scheme=tcp ;;
    tcp-connect) title="TCP mode: 64 clients, a new connection for every request" fields=(-H 'Connection: close') scheme=tcp ;;
    idle) title="$idle_connections idle keep-alive connections, one request made on each" ;;
    *) die "no such workload: $1 (there are: ${all_workloads[*]})" ;;
  esac
}
idle_connections=5000

# The port of PEER that the workload set above is for.
port_for() {
  case $scheme in
    https) echo "${tls_port_of[$1]}" ;;
    tcp) echo "${tcp_port_of[$1]}" ;;
    log) echo "${log_port_of[$1]}" ;;
    *) echo "${port_of[$1]}" ;;
  esac
}

# Loads PORT for SECONDS with the workload set above; sets result to
# "requests microseconds bytes p50 p99" and five counts of errors: not 2xx, connect, read, write, time-outs.
load() {
  local answer=$work/load.out
  "load_with_$tool" "$@" >"$answer" 2>&1 &
  pid_of[load]=$!
  wait "${pid_of[load]}"
  unset 'pid_of[load]'
  result=$(sed -n 's/^RESULT //p' "$answer")
  [[ -n $result ]] || { say "bench: $tool gave no result:"; tail -n 5 "$answer" >&2; return 1; }
}

load_with_wrk() {
  exec taskset -c "$load_cores" "${before_others[@]}" wrk -t1 -c"$clients" -d"$2" --timeout 5s "${fields[@]}" \
    -s "$here/wrk.lua" "$([[ $scheme == https ]] && echo https || echo http)://127.0.0.1:$1$path" -- "$post"
}

# h2load keeps several requests under way on a connection, which wrk cannot.
load_with_h2load() {
  local log=$work/h2load.log
  rm -f "$log"
  taskset -c "$load_cores" "${before_others[@]}" h2load --h1 -t1 -c"$clients" -m4 -D"$2" --warm-up-time=0 \
    --log-file="$log" "http://127.0.0.1:$1$path" >"$log.out" || { cat "$log.out"; return 1; }
  # Only what was under way when the time was up is started and not done; the log has a line for each answer.
  cut -f3 "$log" | sort -n | awk -v seconds="$2" -v counts="$(awk '
      /^requests:/ { failed = $10 + $12; late = $14 }
      /^status codes:/ { wrong = $5 + $7 + $9 }
      /^traffic:/ { gsub(/[()]/, "", $3); bytes = $3 }
      END { print bytes + 0, wrong + 0, failed + 0, late + 0 }' "$log.out")" '
    { latency[NR] = $1 }
    END {
      split(counts, c)
      printf "RESULT %d %d %d %d %d %d 0 %d 0 %d\n", NR, seconds * 1e6, c[1],
        latency[int(NR * 0.5) + 1], latency[int(NR * 0.99) + 1], c[2], c[3], c[4]
    }'
}

# Connections with resumed sessions, which wrk cannot: openssl says "r" for each, "*" for a full handshake, of which
# each client needs one. It knows no latencies.
load_with_s_time() {
  local i
  rm -f "$work"/s_time.*
  for ((i = 0; i < clients; i++)); do
    taskset -c "$load_cores" "${before_others[@]}" openssl s_time -connect "127.0.0.1:$1" -www "$path" -reuse -tls1_3 -time "$2" \
      >"$work/s_time.$i" 2>&1 &
  done
  wait
  cat "$work"/s_time.* | awk -v seconds="$2" -v clients="$clients" '
    # The first line of marks is of full handshakes, which it does to have a session.
    /connections in .*real/ { n += $1; bytes += $1 * $7 }
    /^[r*]+$/ { full += gsub(/\*/, "") }
    /rror/ { errors++ }
    END { printf "RESULT %d %d %d 0 0 %d %d 0 0 0\n", n, seconds * 1e6, bytes, (full > 2 * clients ? full : 0), errors }'
}

# --- /proc ---------------------------------------------------------------------------------------

# CPU spent so far by processes: "user-ticks kernel-ticks nanoseconds". The kernel counts the run
# time of living threads in nanoseconds; the ticks add threads that have ended and split the sum.
cpu_of() {
  local p paths=()
  for p in "$@"; do paths+=("/proc/$p/stat" /proc/"$p"/task/*/schedstat); done
  cat "${paths[@]}" 2>/dev/null | awk '
    /\)/ { sub(/.*\) /, ""); user += $12; kernel += $13; next }
    { run += $1 }
    END { printf "%d %d %.0f\n", user, kernel, run }'
}

# Busy and all ticks of the proxies' core so far.
core_of_proxies() { awk -v core="cpu${proxy_core%%[,-]*}" '$1 == core { print $2 + $3 + $4 + $7 + $8 + $9 + 0, $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9 }' /proc/stat; }

# Resident and proportional memory of processes in kB ("-" where /proc does not say).
memory_of() {
  local p
  for p in "$@"; do
    cat "/proc/$p/status" "/proc/$p/smaps_rollup" 2>/dev/null | awk '
      /^VmRSS:/ { rss = $2 } /^Pss:/ { pss = $2; known = 1 } END { print rss + 0, known ? pss : "-" }'
  done | awk '{ rss += $1; if ($2 == "-") unknown = 1; pss += $2 } END { print rss, unknown ? "-" : pss }'
}
