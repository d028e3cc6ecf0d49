#!/bin/bash
# Fuzzes one target for so many seconds, from the corpus kept here: fuzz/run.sh TARGET SECONDS
# Leaves what it found in artifacts/fuzz/TARGET and ends with 1 when anything crashed or hung.
# FUZZ_KEEP=1 adds what is new to fuzz/corpus/TARGET, reduced to inputs that reach something of their own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || { echo "usage: fuzz/run.sh TARGET SECONDS    targets: $(ls "$here/corpus" | xargs)" >&2; exit 2; }
target=$1 seconds=$2
corpus=$here/corpus/$target
[ -d "$corpus" ] || { echo "fuzz/run.sh: no target '$target'; there are: $(ls "$here/corpus" | xargs)" >&2; exit 2; }
work=${FUZZ_WORK:-$here/../artifacts/fuzz}
mkdir -p "$work"
work=$(cd "$work" && pwd)

if ! command -v afl-fuzz afl-cmin > /dev/null; then
    echo "fuzz/run.sh: afl-fuzz is missing; installing the package afl++"
    apt-get install -y -q afl++ > /dev/null || sudo apt-get install -y -q afl++ > /dev/null
fi
if [ ! -x "$work/tools/sharpfuzz" ]; then
    dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$work/tools" > /dev/null
fi

# Optimised, but with every assertion; a build of its own, for instrumentation changes the libraries in place.
built=$work/build
if [ "${FUZZ_REBUILD:-1}" = 1 ] || [ ! -e "$built/instrumented" ]; then
    rm -rf "$built"
    dotnet publish "$here/Steelyard.Fuzz" -c Release -o "$built" --artifacts-path "$work/obj" \
        -p:DefineConstants='TRACE%3BDEBUG' -v quiet --nologo
    for library in Steelyard.Config Steelyard.Engine YamlDotNet; do
        "$work/tools/sharpfuzz" "$built/$library.dll"
    done
    touch "$built/instrumented"
fi

export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_ALLOW_TMP=1
export DOTNET_TieredPGO=0
program=("$(command -v dotnet)" "$built/Steelyard.Fuzz.dll" "$target")
out=$work/$target
rm -rf "$out"
dictionary=()
[ -e "$here/dictionaries/$target.txt" ] && dictionary=(-x "$here/dictionaries/$target.txt")
# afl-fuzz ends by itself; the time beyond is for one that does not.
nice -n 10 timeout --kill-after=10 "${FUZZ_MOST:-$((seconds + 120))}" afl-fuzz -V "$seconds" -t 10000 -m none -i "$corpus" -o "$out" "${dictionary[@]}" "${program[@]}" > "$work/$target.log" 2>&1 \
    || { tail -20 "$work/$target.log" >&2; exit 1; }

if [ "${FUZZ_KEEP:-0}" = 1 ]; then
    rm -rf "$work/$target.cmin"
    nice -n 10 afl-cmin -t 10000 -m none -i "$out/default/queue" -o "$work/$target.cmin" -- "${program[@]}" > "$work/$target.cmin.log" 2>&1
    rm -f "$corpus"/*
    # Named by content, so that the same find is the same file.
    for file in "$work/$target.cmin"/*; do
        cp "$file" "$corpus/$(sha256sum < "$file" | cut -c1-16)"
    done
fi

statistics=$out/default/fuzzer_stats
grep -E '^(run_time|execs_done|execs_per_sec|corpus_count|saved_crashes|saved_hangs|bitmap_cvg)' "$statistics"
awk '/^saved_(crashes|hangs)/ { found += $3 } END { exit found > 0 }' "$statistics" || {
    echo "fuzz/run.sh: crashes or hangs were saved in $out/default; see one with:" >&2
    echo "  dotnet run --project fuzz/Steelyard.Fuzz -c Release -- $target FILE" >&2
    exit 1
}
