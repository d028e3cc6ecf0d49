#!/usr/bin/env bash
# Compares how Steelyard, PM2 and Node's cluster give requests to the workers of a Node app, and what Steelyard and PM2 lose
# under load when workers are replaced, taken away and stopped. Prints the tables of docs/workers.md; takes ten minutes.
#   bench/workers/run.sh --quick --only=spread|back|output|reload|scale|memory|kill|stop    one of them, in two or three minutes
#   bench/workers/run.sh                    builds the native program first
#   STEELYARD=path/to/steelyard bench/workers/run.sh
set -euo pipefail
cd "$(dirname "$0")"
for tool in node npm wrk ab; do
  command -v "$tool" >/dev/null || { echo "bench: $tool is missing (Debian: nodejs, npm, wrk, apache2-utils)" >&2; exit 2; }
done
[ -d node_modules/pm2 ] || npm ci --no-audit --no-fund --loglevel=error >&2
if [ -z "${STEELYARD:-}" ]; then
  dotnet publish ../../src/Steelyard -c Release -o ../../artifacts/native --nologo -v quiet >&2
  STEELYARD=$(realpath ../../artifacts/native/steelyard)
fi
export STEELYARD
exec node compare.js "$@"
