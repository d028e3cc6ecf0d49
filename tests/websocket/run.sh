#!/usr/bin/env bash
# Tries WebSockets of real programs through the built program, over ws and wss: the npm package ws on both sides, and
# a browser: tests/websocket/run.sh PROGRAM
# Needs node, openssl, curl and chromium, and its package: npm ci
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] && [ -x "$1" ] || { echo "usage: tests/websocket/run.sh PROGRAM    a published steelyard" >&2; exit 2; }
program=$(realpath "$1")
work=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/key.pem" -out "$work/site.pem" 2>/dev/null

node "$here/echo.mjs" 17901 > "$work/echo.log" & started+=($!)
cat > "$work/steelyard.yaml" <<YAML
admin: none
listen:
  - { bind: 127.0.0.1:17902, to: echo }
  - { bind: 127.0.0.1:17903, tls: { certificate: site.pem, key: key.pem }, to: echo }
pools: { echo: { servers: [ 127.0.0.1:17901 ] } }
YAML
"$program" up "$work/steelyard.yaml" > "$work/steelyard.log" 2>&1 & started+=($!)
# Either of the two may be up first. With a file to write to, be it /dev/null, curl would truncate it before it tries again.
curl -sf --retry 300 --retry-all-errors --retry-delay 0 --retry-max-time 60 http://127.0.0.1:17902/ > /dev/null

for url in ws://127.0.0.1:17902/echo wss://127.0.0.1:17903/echo; do
    echo "$url: $(NODE_NO_WARNINGS=1 node "$here/client.mjs" "$url")"
done

for url in http://127.0.0.1:17902/ https://127.0.0.1:17903/; do
    # A profile of its own: one that the browser before has just left may still be locked.
    chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --ignore-certificate-errors --user-data-dir="$work/${url%%:*}" \
        --remote-debugging-port=0 "$url" > "$work/chromium.log" 2>&1 & browser=$!
    started+=("$browser")
    said=$(timeout 60 tail -n +1 -F "$work/echo.log" 2>/dev/null | grep -m 1 "^${url%%:*}: " || true)
    kill "$browser"
    wait "$browser" 2>/dev/null || true
    echo "$url: the browser says '${said#*: }'"
    [ "${said#*: }" = "echoed 7" ] || { tail -n 5 "$work/chromium.log" >&2; exit 1; }
done
