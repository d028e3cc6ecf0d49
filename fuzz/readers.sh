#!/bin/bash
# Fuzzes every reader of configurations, one after the other: fuzz/readers.sh [SECONDS]
# SECONDS is for all of them together (600), and no reader goes on beyond its part, whatever it does. What a reader holds
# is bounded too: a heap of 512 MiB, beyond which it counts as crashed. An input that takes longer than 10 s is a hang.
# Ends with 1 when anything crashed or hung; FUZZ_KEEP=1 keeps what was new in fuzz/corpus.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
readers=(configuration haproxy nginx ecosystem compose)
each=$((${1:-600} / ${#readers[@]}))
[ "$each" -ge 1 ] || { echo "usage: fuzz/readers.sh [SECONDS]    at least ${#readers[@]}" >&2; exit 2; }

# Hexadecimal: 512 MiB.
export DOTNET_GCHeapHardLimit=0x20000000
failed=0 rebuild=${FUZZ_REBUILD:-1}
for reader in "${readers[@]}"; do
    echo "== $reader, $each seconds"
    FUZZ_REBUILD=$rebuild FUZZ_MOST=$((each + 60)) "$here/run.sh" "$reader" "$each" || failed=1
    rebuild=0
done
exit $failed
