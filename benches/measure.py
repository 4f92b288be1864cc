#!/usr/bin/env python3
"""What the built daemon costs as a process, beside what it may cost (DESIGN 6).

    benches/measure.py [DIRECTORY WITH cwmpd] [--check] [--sessions 200]

Without a directory it measures the yardstick, which it builds: `cross/build.sh x86_64-unknown-linux-musl`. The data model is
the 976-parameter profile, the ACS is in this script and does nothing but take sessions.

The kernel decides how much of the file is in memory: it maps 64 KiB around each page that is touched, and more where the
file system caches larger pieces than pages. ext4 does in new kernels; a tmpfs does not, and comes nearest to what routers
have, so a copy there is run.

CPU is that of the daemon and its children; the first line says how it was counted. What the command that starts a session
costs is taken off. Times vary from machine to machine: compare two builds in one run. Sizes, threads and wake-ups do not,
and memory by the kernel only: with --check the exit status is 1 if one of these is over its budget. That of Pss is for
plain HTTP; TLS adds its code and its tables.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time

from rig import Cpu, Daemon, device_build, gateway, get, profile

OVER = "OVER"


class Table:
    """Lines of what was measured, as Markdown."""

    def __init__(self):
        self.missed = False

    def line(self, what, value, unit, budget=None, timed=False):
        mark = ""
        if budget is not None and value > budget:
            mark = OVER
            self.missed |= not timed
        number = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        limit = "" if budget is None else f"{budget:,} {unit}"
        print(f"| {what:58} | {number + ' ' + unit:>16} | {limit:>12} | {mark:4} |", flush=True)


def cpu_ms(daemon, times, action):
    """CPU of one `action`, in ms."""
    before = daemon.cpu_ms()
    for _ in range(times):
        action()
    return (daemon.cpu_ms() - before) / times


def idle_command(daemon):
    """A command that starts nothing."""
    daemon.tell({"command": "version"})
    daemon.answer()


def per_session(daemon, times):
    return cpu_ms(daemon, times, daemon.session) - cpu_ms(daemon, times, lambda: idle_command(daemon))


def read_tree(daemon, times):
    """CPU of one whole-tree read, in ms, and the answer's size."""
    seen = []

    def ask(call):
        answer, _ = call(get("GetParameterValues"))
        seen.append(cpu_ms(daemon, times, lambda: call(get("GetParameterValues"))))
        seen.append(answer)

    daemon.session(ask)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--sessions", type=int, default=200)
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory(dir="/dev/shm")
    built = f"{options.directory}/cwmpd" if options.directory else device_build()
    binary = shutil.copy(built, folder.name)
    if not os.access(binary, os.X_OK):  # mounted noexec, as in some containers
        binary = built
    times = options.sessions

    probe = Cpu()
    print(f"CPU: {probe.how()}; the mean of {times} sessions or reads\n")
    probe.close()
    print(f"| {'':58} | {'measured':>16} | {'at most':>12} |      |")
    print(f"|{'-' * 60}|{'-' * 17}:|{'-' * 13}:|------|")
    table = Table()
    table.line("size", os.path.getsize(binary), "bytes", 2_000_000)

    daemon = Daemon(binary, gateway())
    table.line("from start to Inform, wall clock", daemon.start_ms, "ms")
    table.line("from start to the end of the first session, CPU", daemon.cpu_ms(), "ms")
    time.sleep(1)

    def memory(when, budget=1500):
        table.line(f"Pss {when}", daemon.number("Pss", "smaps_rollup"), "kB", budget)
        table.line(f"private memory (RssAnon) {when}", daemon.number("RssAnon"), "kB")
        table.line(f"peak (VmHWM) {when}", daemon.number("VmHWM"), "kB")

    memory("when idle")
    table.line("threads", daemon.number("Threads"), "", 1)
    switches = "voluntary_ctxt_switches"
    before = daemon.number(switches)
    time.sleep(30)
    table.line("wake-ups in 30 s when idle", daemon.number(switches) - before, "", 0)

    table.line("Inform-only session, CPU", per_session(daemon, times), "ms", 1, True)
    tree, answer = read_tree(daemon, times)
    daemon.session()  # the messages of the last session are kept, for `cwmp trace`
    table.line(f"whole-tree read, {answer.count(b'<Name>')} parameters, {len(answer):,} bytes, CPU", tree, "ms", 2, True)
    time.sleep(1)
    memory("after these", None)
    daemon.stop()

    for what, acs in (("TLS 1.3", {"tls": "1.3", "resume": False}), ("TLS 1.2", {"tls": "1.2", "resume": False}),
                      ("TLS 1.3 resumed", {"tls": "1.3"})):
        daemon = Daemon(binary, gateway(), acs)
        table.line(f"Inform-only session with {what}, CPU", per_session(daemon, times), "ms", 3, True)
        if "resumed" in what:
            time.sleep(1)
            memory("after TLS sessions", None)
        daemon.stop()

    daemon = Daemon(binary, profile("Device.", 10_000)[0])
    table.line("10,000 parameters: peak (VmHWM) after the first session", daemon.number("VmHWM"), "kB")
    _, answer = read_tree(daemon, 1)
    table.line(f"10,000 parameters: peak after answers of {len(answer):,} bytes", daemon.number("VmHWM"), "kB")
    daemon.stop()
    if options.check and table.missed:
        sys.exit("a budget is missed")


if __name__ == "__main__":
    main()
