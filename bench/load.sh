#!/bin/bash
# What reading a large configuration costs: bench/load.sh [PROGRAM] [POOLS] [SERVERS]
# Writes a haproxy.cfg, an nginx.conf and a YAML file with so many pools of so many servers each (1,000 x 10),
# a route for each, and checks each of them five times with the native program. Prints the median of the time and the
# largest memory that was resident. Ends with 1 where one takes more than a second or 200 MB.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
program=${1:-$root/artifacts/native/steelyard} pools=${2:-1000} servers=${3:-10}
[ -x "$program" ] || { echo "bench/load.sh: no program $program; dotnet publish src/Steelyard -c Release -o artifacts/native" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk -v pools="$pools" -v servers="$servers" -v to="$work" '
function address(p, s) { return sprintf("10.%d.%d.%d:3000", p / 200, p % 200 + 1, s) }
BEGIN {
  h = to "/haproxy.cfg"; n = to "/nginx.conf"; y = to "/steelyard.yaml"
  print "defaults\n  mode http\n  timeout client 30s\n  timeout connect 3s\n  timeout server 30s\nfrontend web\n  bind :8080" > h
  for (p = 1; p <= pools; p++) printf "  use_backend b%d if { hdr(host) -i site%d.example.com }\n", p, p > h
  print "  default_backend b1" > h
  for (p = 1; p <= pools; p++) {
    printf "backend b%d\n  option httpchk GET /health\n", p > h
    for (s = 1; s <= servers; s++) printf "  server s%d %s check\n", s, address(p, s) > h
  }
  print "events {}\nhttp {" > n
  for (p = 1; p <= pools; p++) {
    printf "  upstream b%d {\n", p > n
    for (s = 1; s <= servers; s++) printf "    server %s;\n", address(p, s) > n
    print "  }" > n
  }
  for (p = 1; p <= pools; p++) printf "  server {\n    listen 8080;\n    server_name site%d.example.com;\n    location / {\n      proxy_set_header Host $host;\n      proxy_pass http://b%d;\n    }\n  }\n", p, p > n
  print "}" > n
  print "listen:\n  - bind: \":8080\"\n    routes:" > y
  for (p = 1; p <= pools; p++) printf "      - { host: site%d.example.com, to: b%d }\n", p, p > y
  print "      - { to: b1 }\npools:" > y
  for (p = 1; p <= pools; p++) {
    printf "  b%d:\n    health: { http: /health }\n    servers:\n", p > y
    for (s = 1; s <= servers; s++) printf "      - %s\n", address(p, s) > y
  }
}'

failed=0
printf '%-16s %10s %10s   %s\n' file seconds 'MB' 'of five runs, the median'
for file in haproxy.cfg nginx.conf steelyard.yaml; do
  for _ in 1 2 3 4 5; do
    /usr/bin/time -f '%e %M' -o "$work/run" "$program" check "$work/$file" >"$work/said" || { cat "$work/said" >&2; exit 1; }
    tail -1 "$work/run"
  done | sort -n | awk -v file="$file" '{ t[NR] = $1; if ($2 > most) most = $2 }
    END { printf "%-16s %10.2f %10.0f\n", file, t[3], most / 1024; exit t[3] > 1 || most / 1024 > 200 }' || failed=1
done
exit $failed
