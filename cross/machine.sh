#!/usr/bin/env bash
# Runs the mipsel package in a small emulated router, with an ACS on this machine: see cross/README.md.
#
#   cross/machine.sh [--log FILE] [BINARY]
#
# Without BINARY it is built (cross/build.sh). FILE gets what the router's console showed. Needs qemu-system-mips,
# e2fsprogs, cpio, openssl and python3; kernel and busybox are those of Debian's mipsel, fetched once.
#   CROSS_OUT   where they go (target/cross)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=mipsel-unknown-linux-musl

log=/dev/null
if [ "${1-}" = --log ]; then
    log=$(realpath "$2")
    shift 2
fi
binary=$(realpath "${1:-$("$here/build.sh" $target)}")
mkdir -p "${CROSS_OUT:=$root/target/cross}"
out=$(cd "$CROSS_OUT" && pwd)/machine

# The packages of another architecture, by a package database of their own: this system's is left as it is.
fetch() {
    local apt=(-q -o APT::Architecture=mipsel -o APT::Architectures=mipsel -o Dir::State="$PWD/apt"
        -o Dir::State::status="$PWD/apt/status" -o Dir::Cache="$PWD/apt" -o Acquire::Languages=none
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Sandbox::User=root)
    local kernel package
    mkdir -p apt/lists/partial apt/archives/partial
    : >apt/status
    apt-get "${apt[@]}" update
    # The newest one: its name has a version in it.
    kernel=$(apt-cache "${apt[@]}" depends linux-image-4kc-malta | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
    apt-get "${apt[@]}" download "$kernel" busybox-static
    for package in *.deb; do
        dpkg -x "$package" root
    done
    rm -rf apt ./*.deb
}
if [ ! -d "$out/debian" ]; then
    rm -rf "$out/fetching"
    mkdir -p "$out/fetching"
    (cd "$out/fetching" && fetch) >&2
    mv "$out/fetching/root" "$out/debian"
    rm -rf "$out/fetching"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
guest=$work/guest
"$root/packaging/stage.sh" "$binary" "$guest"
# As little address space as it can work in.
sed -i 's/^ADDRESS_SPACE=$/ADDRESS_SPACE=16777216/' "$guest/etc/init.d/cwmpd"
mkdir -p "$guest/bin" "$guest/sbin" "$guest/lib/modules"
# There is no configuration but cwmpd's.
printf '#!/bin/sh\nexit 1\n' >"$guest/sbin/uci"
chmod 755 "$guest/sbin/uci"
cp "$out/debian/bin/busybox" "$guest/bin/"
ln -s bin/busybox "$guest/linuxrc"
# What is needed of the drivers, in the order in which they are loaded.
number=10
for module in ata_piix crc32c_generic crc16 mbcache jbd2 ext4 overlay mii pcnet32; do
    find "$out/debian/lib/modules" -name $module.ko -exec cp {} "$guest/lib/modules/$number-$module.ko" \;
    number=$((number + 1))
done
install -m 755 "$here/machine/rc.common" "$guest/etc/rc.common"
install -m 755 "$here/machine/rcS" "$guest/etc/init.d/rcS"
install -m 644 "$here/machine/inittab" "$guest/etc/inittab"
ln -s ../bin/busybox "$guest/bin/sh"
install -m 644 "$root/etc/profiles/bench-gateway.toml" "$guest/usr/share/cwmpd/profiles/"
install -m 644 "$root/tests/certs/ca.pem" "$guest/etc/acs-ca.pem"
echo '10.0.2.2 acs.test' >"$guest/etc/hosts"

truncate -s 8M "$work/disk"
mkfs.ext4 -q -F "$work/disk"

python3 -B "$here/machine/drive.py" --kernel "$(echo "$out"/debian/boot/vmlinuz-*)" --guest "$guest" --work "$work" \
    --certs "$root/tests/certs" --log "$log"
