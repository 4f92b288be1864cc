#!/bin/sh
# Lays out what a package puts on a device (packaging/files) below a folder, with the modes that it has there.
#
#   packaging/stage.sh BINARY DIR
#
# BINARY is cwmpd as cross/build.sh makes it, or any other build of it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

if [ $# -ne 2 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
binary=$1
dir=$2
[ -f "$binary" ] || {
    echo "$0: $binary is not a file" >&2
    exit 1
}

# Folders get mode 0755 whatever the umask is.
umask 022
while read -r mode source path _; do
    case $mode in
    '' | '#'*) continue ;;
    esac
    mkdir -p "$dir${path%/*}"
    if [ "$mode" = link ]; then
        ln -sf "$source" "$dir$path"
        continue
    fi
    case $source in
    @binary) source=$binary ;;
    '?'*)
        source=$root/${source#?}
        [ -f "$source" ] || continue
        ;;
    *) source=$root/$source ;;
    esac
    # A copy of its own, so that a link in DIR is not followed.
    rm -f "$dir$path"
    cp "$source" "$dir$path"
    chmod "$mode" "$dir$path"
done <"$root/packaging/files"
