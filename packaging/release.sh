#!/bin/sh
# Makes every package of a release, for all targets of packaging/targets, and SHA256SUMS beside them. Each program is
# started once, by qemu-user where its machine is another one: it must know its version and find nothing wrong with the
# configuration that it is shipped with.
#
#   packaging/release.sh [OUTDIR]      OUTDIR: target/packages/release; must be empty or missing
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root/target/packages/release}

if [ -n "$(ls -A "$out" 2>/dev/null)" ]; then
    echo "$0: $out is not empty" >&2
    exit 1
fi
if [ -n "$(git -C "$root" status --porcelain)" ]; then
    echo "$0: what is released must be committed" >&2
    exit 1
fi
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The oldest processor that a binary serves.
emulator() {
    case $1 in
    mips-*) echo qemu-mips-static -cpu 24Kc ;;
    mipsel-*) echo qemu-mipsel-static -cpu 24Kc ;;
    arm-*) echo qemu-arm-static -cpu arm1176 ;;
    armv7-*) echo qemu-arm-static -cpu cortex-a9 ;;
    aarch64-*) echo qemu-aarch64-static -cpu cortex-a53 ;;
    esac
}

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
# shellcheck disable=SC2013 # words, not lines
for target in $(awk '!/^#/ && NF { print $1 }' "$root/packaging/targets" | uniq); do
    binary=$("$root/cross/build.sh" "$target")
    emulator=$(emulator "$target")
    rm -rf "$work/root"
    sh "$root/packaging/stage.sh" "$binary" "$work/root"
    # shellcheck disable=SC2086 # a command and its options, or nothing
    said=$($emulator "$work/root/usr/sbin/cwmpd" -V && $emulator "$work/root/usr/sbin/cwmpd" -n --root "$work/root")
    if [ "$said" != "cwmpd $version" ]; then
        echo "$0: $target says: $said" >&2
        exit 1
    fi
    CWMPD_BINARY=$binary "$root/packaging/build.sh" "$target" "$out" >/dev/null
done

cd "$out"
sha256sum ./*.ipk ./*.apk | sed 's#\./##' >SHA256SUMS
cat SHA256SUMS
