#!/usr/bin/env bash
# Opens COUNT connections to 127.0.0.1:PORT, makes one request on each, says "open", and holds
# them idle until a line (or the end) arrives on its input. Then it closes all and ends.
# No time-outs: `read -t` cannot deal with files above 1,023. Whoever waits for "open" has one.
# usage: idle.sh PORT COUNT PATH
set -uo pipefail
port=$1 count=$2 path=$3

fail() {
  echo "failed: $*"
  exit 1
}

for ((i = 1; i <= count; i++)); do
  exec {socket}<>"/dev/tcp/127.0.0.1/$port" || fail "connection $i was refused"
  printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n' "$path" "$port" >&"$socket"
  IFS= read -r -u "$socket" line || fail "connection $i got no answer"
  [[ $line == "HTTP/1.1 200"* ]] || fail "connection $i was told: ${line%$'\r'}"
  length=0
  while IFS= read -r -u "$socket" line && [[ $line != $'\r' ]]; do
    line=${line,,}
    [[ $line == content-length:* ]] && length=${line//[^0-9]/}
  done
  IFS= read -r -N "$length" -u "$socket" line || fail "connection $i got half an answer"
done
echo open
read -r _
