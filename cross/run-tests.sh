#!/usr/bin/env bash
# Tests the device binary of one target, on any machine: under an emulator unless it is this machine's own.
#
#   cross/run-tests.sh TARGET [BINARY]
#   cross/run-tests.sh mips-unknown-linux-musl
#
# Without BINARY it is built (cross/build.sh). The MIPS targets, and the one that runs without an emulator, get the
# end-to-end tests, with those that need root and port 53, and those of transfers; the others play the demo.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

case ${1-} in
mips-unknown-linux-musl) emulator=(qemu-mips-static -cpu 24Kc) ;;
mipsel-unknown-linux-musl) emulator=(qemu-mipsel-static -cpu 24Kc) ;;
arm-unknown-linux-musleabi) emulator=(qemu-arm-static -cpu arm1176) ;;
armv7-unknown-linux-musleabihf) emulator=(qemu-arm-static -cpu cortex-a7) ;;
aarch64-unknown-linux-musl) emulator=(qemu-aarch64-static -cpu cortex-a53) ;;
x86_64-unknown-linux-musl) emulator=() ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
target=$1
binary=$(realpath "${2:-$("$here/build.sh" "$target")}")

# Its emulator in front is all it takes (and no binfmt_misc): the tests have the daemon start this for its jobs as well.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
program=$folder/cwmpd
printf '#!/bin/sh\nexec %s "$@"\n' "${emulator[*]} '$binary'" >"$program"
chmod 755 "$program"
"$program" --help >/dev/null
echo "$target: ${emulator[*]:-no emulator}, $(stat -c %s "$binary") bytes"

case $target in
mips* | x86_64*) ;;
*)
    cargo run -q --locked --bin cwmp-lab -- demo --daemon "$program"
    exit
    ;;
esac

# What cannot be tried like this, and why.
left_out=(crash::) # the steps to die at exist only in builds with debug assertions
if [ ${#emulator[@]} -gt 0 ]; then
    # A limit of address space binds the emulator, and memory that is measured is the emulator's too.
    left_out+=(bulk::an_answer_that_memory_does_not_hold_is_9004
        bulk::a_whole_tree_of_20_000_parameters_is_in_memory_once bulk::an_answer_is_gone_when_the_next_one_is_written)
fi
skip=()
for name in "${left_out[@]}"; do
    skip+=(--skip "$name")
    cargo test -q --locked --test e2e "$name" -- --list | sed -n 's/: test$//; s/^/left out: /p' | grep :: || {
        echo "$0: there is no test $name to leave out" >&2
        exit 1
    }
done
CWMPD_BIN=$program cargo test --locked --test e2e -- --include-ignored "${skip[@]}"
CWMPD_BIN=$program cargo test --locked --test transfer
