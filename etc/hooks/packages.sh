# shellcheck shell=sh
# What the hooks that install software share (web-content-apply, du-*); no hook itself. For opkg (OpenWrt up to 24.10) and
# apk (25.12 and later).

# For each deployment unit a file: its name is the UUID, it holds the name of the package.
units=/etc/cwmpd/units

# fail STATUS TEXT
fail() {
	printf '%s\n' "$2" >&2
	exit "$1"
}

# Which package manager there is; sets `manager` and `extension`.
find_manager() {
	if command -v apk >/dev/null; then
		manager=apk
		extension=apk
	elif command -v opkg >/dev/null; then
		manager=opkg
		extension=ipk
	else
		return 1
	fi
}

# Makes a folder that goes when the hook ends: `work`.
private() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 2' HUP INT TERM
}

# take_package FILE: under a name that the package manager takes for a file: `package`.
take_package() {
	package=$work/package.$extension
	[ -f "$1" ] || return 1
	case $1 in
	/*) ln -s "$1" "$package" ;;
	*) ln -s "$PWD/$1" "$package" ;;
	esac
}

# manage ARGUMENT...: has the package manager do it. Returns what is wrong by its fault code, without the 9000.
manage() {
	status=0
	said=$("$manager" "$@" 2>&1 </dev/null) || status=$?
	[ -z "$said" ] || printf '%s\n' "$said" >&2
	[ "$status" -ne 0 ] || return 0
	case $said in
	*'Only have '*' available'* | *'o space left on device'*) return 27 ;;
	*'incompatible with the architectures'* | *uninstallable*arch:*) return 25 ;;
	*'is depended upon by'*) return 29 ;;
	*UNTRUSTED*) return 1 ;;
	*'extract control'* | *'Malformed package'* | *'format error'* | *'integrity error'* | *'BAD '* | *'invalid or inconsistent'*) return 18 ;;
	esac
	return 2
}

# installed PACKAGE: prints the version that is installed, or nothing.
installed() {
	case $manager in
	opkg)
		found=$(opkg list-installed "$1")
		case $found in
		"$1 - "*) found=${found#"$1 - "} ;;
		*) return 0 ;;
		esac
		;;
	apk)
		found=$(apk list --installed "$1")
		case $found in
		"$1"-[0-9]*) found=${found#"$1-"} ;;
		*) return 0 ;;
		esac
		;;
	esac
	printf '%s\n' "${found%%[!A-Za-z0-9+._~:-]*}"
}

# What `package` says of itself, for opkg: `name` and `version`. Returns 18 when it is no package.
read_control() {
	tar -xzOf "$package" ./control.tar.gz >"$work/control.tar.gz" 2>/dev/null ||
		tar -xzOf "$package" control.tar.gz >"$work/control.tar.gz" 2>/dev/null || return 18
	tar -xzOf "$work/control.tar.gz" ./control >"$work/control" 2>/dev/null ||
		tar -xzOf "$work/control.tar.gz" control >"$work/control" 2>/dev/null || return 18
	name=$(sed -n 's/^Package: *//p' "$work/control")
	version=$(sed -n 's/^Version: *//p' "$work/control")
	case $name in
	'' | *[!A-Za-z0-9+._-]* | [!A-Za-z0-9]*) return 18 ;;
	esac
	case $version in
	'' | *[!A-Za-z0-9+._~:-]* | [!A-Za-z0-9]*) return 18 ;;
	esac
}

# Installs `package`, or puts it in the place of another version; sets `name` and `version`. Returns 26 when it is there
# already, else as `manage`.
install_package() {
	case $manager in
	opkg)
		read_control || return
		[ "$(installed "$name")" != "$version" ] || return 26
		manage install "$package" || return
		# It does not go back to an older version, and does not call that a failure.
		[ "$(installed "$name")" = "$version" ] || return 26
		;;
	apk)
		cp /etc/apk/world "$work/world" || return 2
		manage add "$package" || return
		# What was not there before is this package, with its checksum: name><Q1...
		name=$(grep -vxFf "$work/world" /etc/apk/world) || return 26
		name=${name%%[!A-Za-z0-9+._-]*}
		version=$(installed "$name")
		;;
	esac
}

# check_uuid UUID: sets `uuid`, in lower case.
check_uuid() {
	uuid=$(printf '%s' "$1" | tr A-F a-f)
	case $uuid in
	*[!0-9a-f-]*) ;;
	????????-????-????-????-????????????) return ;;
	esac
	fail 22 "'$1' is no UUID"
}

# check_environment REF: there is one place for packages, which need not be named.
check_environment() {
	case $1 in
	'' | *.ExecEnv.1 | *.ExecEnv.1.) ;;
	*) fail 23 "there is no execution environment '$1'" ;;
	esac
}

# find_unit VERSION: which package `uuid` is; sets `name` and `now`, its version, which is VERSION where that is given.
find_unit() {
	[ -f "$units/$uuid" ] || fail 28 "there is no deployment unit $uuid"
	name=$(cat "$units/$uuid")
	now=$(installed "$name")
	[ -n "$now" ] || fail 28 "there is no deployment unit $uuid any more: $name is not installed"
	case $1 in
	'' | "$now") ;;
	*) fail 28 "there is no version '$1' of the deployment unit $uuid: installed is $name $now" ;;
	esac
}

# report STATUS: what the daemon reads.
report() {
	printf 'uuid=%s\nname=%s\nversion=%s\nstatus=%s\n' "$uuid" "$name" "$version" "$1"
}
