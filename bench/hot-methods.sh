#!/usr/bin/env bash
# Writes src/Steelyard/hot-methods.txt: the compiled methods that serve traffic, the busiest first. The compiler lays
# them side by side, so that a request runs in a few pages of code instead of in two hundred that lie all over the
# program. Names that are gone are skipped when it is read: a list that is a little old does no harm.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=$root/artifacts/bench/steelyard

dotnet publish "$root/src/Steelyard" -c Release -o "$(dirname "$program")" --nologo -v quiet
# Its symbols, which are not shipped, tell perf the names.
cp "$root"/src/Steelyard/bin/Release/net10.0/*/native/steelyard.dbg "$program.dbg"

for workload in small post16k 100k connect tls tls100k tls-connect tls-resume tcp tcp1m tcp-connect; do
  "$here/profile.sh" "$workload" --steelyard "$program" --seconds 3 --record "$work/$workload.data" "$@" >"$work/$workload.txt"
  sed -n "4s/^/$workload:/p" "$work/$workload.txt"
  perf report -i "$work/$workload.data" -g none --no-children --dsos steelyard --sort symbol -F sample,symbol 2>/dev/null |
    sed -nE 's/^ *([0-9]+) +\[\.\] ([^ ]+).*$/\1 \2/p' >>"$work/samples"
done

# The runtime's own functions are not the compiler's to place, and addresses without a name are nobody's.
awk '{ samples[$2] += $1 } END { for (name in samples) print samples[name], name }' "$work/samples" |
  sort -k1,1nr -k2 | awk '$2 ~ /__/ && $2 !~ /^0x/ { print $2 }' >"$root/src/Steelyard/hot-methods.txt"
echo "src/Steelyard/hot-methods.txt: $(wc -l <"$root/src/Steelyard/hot-methods.txt") methods"
