#!/usr/bin/env bash
# What the built daemon costs as a process: CPU per session and per whole-tree read, idle memory, size.
#
#   cargo build --release && benches/measure.sh [DIRECTORY WITH cwmpd AND cwmp-lab]
#
# CPU is the daemon's own run time (/proc/PID/schedstat, nanoseconds) over many sessions with the lab's ACS on loopback.
# Times vary from machine to machine: compare two builds in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "${1:-target/release}" && pwd)
sessions=${SESSIONS:-200}
root=$(mktemp -d)
pids=()
finish() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$root"
}
trap finish EXIT

mkdir -p "$root/etc/config" "$root/proc/sys/kernel/random"
echo measure >"$root/proc/sys/kernel/random/boot_id"

# wait_for FILE PATTERN: until a line of the log has it, at most 20 s.
wait_for() {
    for _ in $(seq 200); do
        grep -q "$2" "$1" 2>/dev/null && return
        sleep 0.1
    done
    echo "no \"$2\" in $1" >&2
    exit 1
}

cwmp() { "$bin/cwmpd" ctl --root "$root" "$@"; }
run_ns() { cut -d' ' -f1 "/proc/$daemon/schedstat"; }

# start SCRIPT: an ACS that plays it and a daemon that has bootstrapped there.
start() {
    "$bin/cwmp-lab" acs --listen 127.0.0.1:0 ${1:+--script "$1"} >"$root/acs.log" 2>&1 &
    acs=$!
    pids+=("$acs")
    wait_for "$root/acs.log" 'http://'
    url=$(grep -o 'http://[^ ]*' "$root/acs.log" | head -n 1)
    rm -rf "$root/etc/cwmpd"
    cat >"$root/etc/config/cwmp" <<EOF
config acs 'acs'
	option url '$url'
	option periodic_inform_enable '0'
config cpe 'cpe'
	option profile '/profile.toml'
	option port '$((20000 + RANDOM % 20000))'
	option log_severity 'ERROR'
EOF
    chmod 600 "$root/etc/config/cwmp"
    cp etc/profiles/bench-gateway.toml "$root/profile.toml"
    "$bin/cwmpd" --root "$root" >/dev/null 2>&1 &
    daemon=$!
    pids+=("$daemon")
    for _ in $(seq 200); do
        cwmp --json status 2>/dev/null | grep -q '"success_sessions": *1' && return
        sleep 0.1
    done
    echo "no first session" >&2
    exit 1
}

stop() {
    kill "$daemon" "$acs"
    wait "$daemon" "$acs" 2>/dev/null || true
    pids=()
}

# cpu_per_session: microseconds.
cpu_per_session() {
    local before after
    before=$(run_ns)
    for _ in $(seq "$sessions"); do cwmp inform --wait >/dev/null; done
    after=$(run_ns)
    echo $(((after - before) / sessions / 1000))
}

field() { awk -v name="$1:" '$1 == name { print $2 }' "$2"; }

printf 'size        cwmpd %s bytes\n' "$(stat -c %s "$bin/cwmpd")"

start ''
sleep 1
printf 'idle        Pss %s kB, RssAnon %s kB, VmHWM %s kB, threads %s\n' \
    "$(field Pss "/proc/$daemon/smaps_rollup")" "$(field RssAnon "/proc/$daemon/status")" \
    "$(field VmHWM "/proc/$daemon/status")" "$(field Threads "/proc/$daemon/status")"
switches=$(field voluntary_ctxt_switches "/proc/$daemon/status")
sleep 10
printf 'idle        %s wake-ups in 10 s\n' "$(($(field voluntary_ctxt_switches "/proc/$daemon/status") - switches))"
inform=$(cpu_per_session)
printf 'inform      %s us CPU per Inform-only session (with its command), %s sessions\n' "$inform" "$sessions"
stop

# One session with as many reads.
script=$root/read.toml
for _ in $(seq $((sessions + 1))); do
    printf '[[step]]\ndo = "GetParameterValues"\nnames = [""]\n\n' >>"$script"
done
start "$script"
printf 'tree        %s us CPU per whole-tree read (start-up included), %s reads in one session, VmHWM %s kB\n' \
    "$(($(run_ns) / (sessions + 1) / 1000))" "$((sessions + 1))" "$(field VmHWM "/proc/$daemon/status")"
stop
