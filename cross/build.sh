#!/bin/sh
# Builds the device binary for a router: static, stripped, the same bytes each time. The last line is its path.
#
#   cross/build.sh TARGET [CARGO OPTIONS]
#   cross/build.sh mipsel-unknown-linux-musl
#   cross/build.sh mipsel-unknown-linux-musl --no-default-features        # the minimal build: plain HTTP
#
# cross/README.md says which TARGET serves which router, and why each part of the toolchain is what it is. On Debian
# it installs what it lacks when run as root; else it names it.
#   CROSS_OUT   where to build (target/cross)
#   CROSS_VENV  where the linker from PyPI goes (target/cross/venv)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")

rust=1.96.0
ziglang=0.17.1
zigbuild=0.24.0

if [ $# -eq 0 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
target=$1
shift
case $target in
mips-unknown-linux-musl | mipsel-unknown-linux-musl | arm-unknown-linux-musleabi | \
    armv7-unknown-linux-musleabihf | aarch64-unknown-linux-musl | x86_64-unknown-linux-musl) ;;
*)
    echo "$0: $target is not one of the six targets in cross/README.md" >&2
    exit 2
    ;;
esac
[ $# -gt 0 ] || set -- --no-default-features --features device

mkdir -p "${CROSS_OUT:=$root/target/cross}"
out=$(cd "$CROSS_OUT" && pwd)
venv=${CROSS_VENV:-$out/venv}

# One build at a time looks after the tools; targets may be built side by side.
exec 9>"$out/lock"
flock 9

# Debian's rustc-web knows the MIPS targets and comes with the sources of its own standard library.
lacks=
[ -x /usr/bin/rustc ] || lacks="$lacks rustc-web"
[ -x /usr/bin/cargo ] || lacks="$lacks cargo-web"
[ -f /usr/lib/rustlib/src/rust/library/Cargo.lock ] || lacks="$lacks rust-web-src"
command -v mips-linux-gnu-objcopy >/dev/null || lacks="$lacks binutils-mips-linux-gnu"
[ -x "$venv/bin/python" ] || python3 -c 'import ensurepip, venv' 2>/dev/null || lacks="$lacks python3-venv"
if [ -n "$lacks" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "$0: install these packages of Debian 12 or later:$lacks" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list
    { apt-get update -q && apt-get install -qy --no-install-recommends $lacks; } >&2
fi
case $(/usr/bin/rustc --version) in
"rustc $rust "*) ;;
*)
    echo "$0: /usr/bin/rustc is $(/usr/bin/rustc --version), not the $rust that the figures and checksums are made with" >&2
    exit 1
    ;;
esac
if [ "$(cat "$venv/versions" 2>/dev/null)" != "$ziglang $zigbuild" ]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" -q install "ziglang==$ziglang" "cargo-zigbuild==$zigbuild" >&2
    echo "$ziglang $zigbuild" >"$venv/versions"
fi

exec 9>&-

# Where a build happens must not show in it: panic messages name files by crate.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
remap="--remap-path-prefix=$root=cwmpd --remap-path-prefix=$out=out"
remap="$remap --remap-path-prefix=/usr/src/rustc-$rust=rust --remap-path-prefix=/usr/lib/rustlib/src/rust=rust"
remap="$remap --remap-path-prefix=$cargo_home=cargo"
for registry in "$cargo_home"/registry/src/*; do
    remap="$remap --remap-path-prefix=$registry=crates"
done

# link-self-contained=no: crt objects and musl are zig's. Static without PIE: lld's static-PIE crashes on MIPS at start
# (llvm/llvm-project#124681). Panics abort, so nothing reads unwind tables and nothing needs libunwind.
flags="-C target-feature=+crt-static -C link-self-contained=no -C relocation-model=static -C force-unwind-tables=no"
# To the driver that links: musl is built small too.
for arg in cross/unwind.c -Os -fno-unwind-tables -fno-asynchronous-unwind-tables; do
    flags="$flags -C link-arg=$arg"
done
# What every session needs lies together.
flags="$flags -C link-arg=-Wl,-T,cross/parts.ld"
# SHA-256 as a loop: an eighth of the code.
flags="$flags --cfg sha2_backend_soft=\"compact\""
case $target in
mips*)
    # What LLVM leaves aside on MIPS is a twentieth of the code. Blocks with the same end share it (off for the sake of
    # position-independent long branches, of which there are none here), a call at the end of a function is a jump, and
    # the slot behind a branch takes an instruction from what follows, not only from what is before it.
    for option in -enable-tail-merge -tail-merge-size=2 -mips-tail-calls -disable-mips-df-succbb-search=0 \
        -disable-mips-df-forward-search=0 -min-jump-table-entries=12; do
        flags="$flags -C llvm-args=$option"
    done
    export CARGO_PROFILE_RELEASE_STRIP=none # below, with a strip that knows .pdr
    ;;
esac
# Debug shows the names of derived types, not what is in them: nothing that the daemon says depends on that.
# A panic, which is a defect, tells its file; line and column would be 30 KB.
flags="$flags -Z fmt-debug=shallow -Z location-detail=file"
# C, too, knows where it is loaded.
export RUSTFLAGS="$flags $remap ${CROSS_RUSTFLAGS:-}" TARGET_CFLAGS=-fno-pic
export PATH="$venv/bin:/usr/bin:$PATH" RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$out/$target" SOURCE_DATE_EPOCH=0
unset RUSTUP_TOOLCHAIN CARGO_BUILD_RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
cd "$root"
cargo-zigbuild zigbuild --locked --release --bin cwmpd --target "$target" \
    -Z build-std=std,panic_abort -Z build-std-features=optimize_for_size "$@" >&2

built=$out/$target/$target/release/cwmpd
binary=$out/$target/cwmpd
case $target in
mips*)
    # .pdr is a tenth of the file and nothing loads it. What cross/size.py reads stays beside it.
    cp "$built" "$binary.symbols"
    mips-linux-gnu-objcopy --strip-all -R .pdr -R .mdebug.abi32 -R .comment "$built" "$binary"
    ;;
*) cp "$built" "$binary" ;;
esac
echo "$binary"
