#!/bin/sh
# Fuzzes one target on the stable toolchain: fuzz/run.sh TARGET SECONDS
# What it finds goes to fuzz/findings/TARGET/, new corpus entries to fuzz/grown/TARGET/ (neither is kept in git).
set -eu
target=${1:?target, a folder of fuzz/corpus} seconds=${2:?seconds to run}
cd "$(dirname "$0")"
host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "grown/$target" "findings/$target"
# With --target the flags leave build scripts and procedural macros alone.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing" \
    cargo build --release --target "$host"
FUZZ_TARGET=$target exec "target/$host/release/cwmpd-fuzz" "grown/$target" "corpus/$target" \
    -max_total_time="$seconds" -artifact_prefix="findings/$target/" -timeout=10 -rss_limit_mb=512 -max_len=8192
