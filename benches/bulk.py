#!/usr/bin/env python3
"""What large answers and large sets cost the built daemon, as a process: peak memory, CPU, writes.

    cargo build --release && benches/bulk.py [--bin target/release/cwmpd] [--parameters 20000] [--quick]

A profile of so many parameters is made, for either root model, and the daemon is asked for the whole tree by
GetParameterValues, GetParameterNames and GetParameterAttributes: plain, over TLS and compressed. Then it is given 1,000
values in one SetParameterValues, instances come and go, and all of that again while the changes of the whole tree are
told to the ACS. The ACS is in this script.

Peak memory is what the daemon's resident memory (VmHWM, put back by /proc/PID/clear_refs) grew by while it answered.
It must not be more than 1.2 times the answer, or the script fails: the answer is in memory once (DESIGN 3, XML).
CPU is the daemon's own run time, the median of several requests; it varies from machine to machine.
Writes are counted by strace where there is one.
"""

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile

from rig import Daemon, get, profile, put

# What may come on top, whatever the answer's size: pages of code and buffers that are used for the first time.
SLACK = 256 * 1024
MOST = 1.2
# What the start has freed is given back, and what is used is seen: else an answer hides where the profile was read.
HONEST = {"MALLOC_MMAP_THRESHOLD_": "16384", "MALLOC_TRIM_THRESHOLD_": "0"}


def read_tree(daemon, method, how, rounds):
    """Prints one line; whether memory was kept."""
    idle, spent, seen = [], [], []

    def ask(call):
        # What a small request needs is there before.
        call(get("GetParameterNames", f"{ROOT}DeviceInfo."))
        daemon.forget_peak()
        idle.append(daemon.number("VmRSS"))
        for _ in range(rounds):
            cpu = daemon.cpu_ms()
            answer, wire = call(get(method))
            spent.append(daemon.cpu_ms() - cpu)
            assert answer.endswith(b"</soap-env:Envelope>") and b"Response>" in answer[:1000], answer[:1000]
            seen.append((len(answer), wire, answer.count(b"<Name>")))

    daemon.session(ask)
    size, wire, count = seen[0]
    peak = (daemon.number("VmHWM") - idle[0]) * 1024
    ok = peak <= MOST * size + SLACK
    print(f"{method:22} {how:5} {count:6} names {size / 1e6:6.2f} MB, {wire / 1e6:5.2f} MB on the wire; idle "
          f"{idle[0] * 1024 / 1e6:5.2f} MB, peak {peak / 1e6:+6.2f} MB = {peak / size:4.2f} answers"
          f"{'' if ok else ' TOO MUCH'}; CPU {statistics.median(spent):5.1f} ms", flush=True)
    return ok


def set_values(binary, text, table, count, rounds):
    """Prints what one SetParameterValues of so many values costs."""
    def values(turn):
        return [(f"{table}{n + 1}.HostName", f"name-{turn}-{n}") for n in range(count)]

    daemon = Daemon(binary, text, environment=HONEST)
    spent, grown = [], []

    def ask(call):
        call(get("GetParameterNames", f"{ROOT}DeviceInfo."))
        for turn in range(rounds):
            before, cpu = daemon.number("VmRSS"), daemon.cpu_ms()
            daemon.forget_peak()
            answer, _ = call(put(values(turn)))
            assert b"<Status>0</Status>" in answer, answer[:2000]
            spent.append(daemon.cpu_ms() - cpu)
            grown.append(daemon.number("VmHWM") - before)

    daemon.session(ask)
    daemon.stop()
    line = f"SetParameterValues     {count} values, CPU {statistics.median(spent):.1f} ms, peak +{max(grown)} kB"
    if shutil.which("strace"):
        log = tempfile.mktemp(prefix="cwmpd-bulk-strace-")
        daemon = Daemon(binary, text, tracer=("strace", "-f", "-o", log, "-e", "trace=fsync,fdatasync,write,rename"))
        with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children", encoding="ascii") as children:
            daemon.pid = int(children.read().split()[0])

        def calls():
            with open(log, encoding="utf-8", errors="replace") as lines:
                return [line for line in lines if re.search(r"fsync|rename", line) and "= 0" in line]

        traced = []

        def watch(call):
            call(get("GetParameterNames", f"{ROOT}DeviceInfo."))
            before = len(calls())
            call(put(values(99)))
            traced.extend(calls()[before:])

        daemon.session(watch)
        daemon.stop()
        os.remove(log)
        renames = sum("rename" in line for line in traced)
        line += f", files written {renames}, fsyncs {len(traced) - renames}"
    print(line, flush=True)


def change_tree(binary, text, table, rounds):
    """Prints what one request of each kind costs that changes the tree, while the changes of all of it are told."""
    spent = {}

    def ask(call):
        def timed(what, request, expected):
            cpu = daemon.cpu_ms()
            answer, _ = call(request)
            assert expected in answer, answer[:2000]
            # What is left to do when the answer is out is part of it.
            call(get("GetParameterNames", f"{ROOT}DeviceInfo."))
            spent.setdefault(what, []).append(daemon.cpu_ms() - cpu)

        key = "<ParameterKey>bench</ParameterKey>"
        timed("SetParameterAttributes of the whole tree", notify(ROOT), b"SetParameterAttributesResponse")
        for turn in range(rounds):
            timed("SetParameterValues of 1,000", put([(f"{table}{n + 1}.HostName", f"n-{turn}-{n}") for n in range(1000)]),
                  b"<Status>0</Status>")
            timed("AddObject", f"<cwmp:AddObject><ObjectName>{table}</ObjectName>{key}</cwmp:AddObject>", b"<InstanceNumber>")
            timed("DeleteObject", f"<cwmp:DeleteObject><ObjectName>{table}{1500 + turn}.</ObjectName>{key}</cwmp:DeleteObject>",
                  b"<Status>0</Status>")
            made = [(f"{table}[new-{turn}-{n}].HostName", "x") for n in range(256)]
            timed("SetParameterValues that makes 256 instances", put(made), b"<Status>0</Status>")

    daemon = Daemon(binary, text, environment=HONEST)
    daemon.session(lambda call: call(put([(f"{ROOT}ManagementServer.AutoCreateInstances", "1")])))
    daemon.session(ask)
    daemon.stop()
    for what, cpu in spent.items():
        print(f"{what}: CPU {statistics.median(cpu):.1f} ms", flush=True)


def notify(path):
    return (f'<cwmp:SetParameterAttributes><ParameterList e:arrayType="cwmp:SetParameterAttributesStruct[1]">'
            f"<SetParameterAttributesStruct><Name>{path}</Name><NotificationChange>1</NotificationChange>"
            "<Notification>1</Notification><AccessListChange>0</AccessListChange><AccessList/>"
            "</SetParameterAttributesStruct></ParameterList></cwmp:SetParameterAttributes>")


def main():
    global ROOT
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="target/release/cwmpd")
    parser.add_argument("--parameters", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--changes", action="store_true", help="only what changes the tree")
    parser.add_argument("--quick", action="store_true", help="GetParameterValues only, once of each kind")
    options = parser.parse_args()
    binary = os.path.abspath(options.bin)
    ok = True
    for ROOT in ("Device.", "InternetGatewayDevice."):
        text, table = profile(ROOT, options.parameters)
        methods = ["GetParameterValues", "GetParameterNames", "GetParameterAttributes"]
        if options.changes:
            set_values(binary, text, table, 1000, options.rounds)
            change_tree(binary, text, table, options.rounds)
            continue
        for how, settings in (("plain", {}), ("tls", {"acs": {"tls": "1.3"}}), ("gzip", {"compression": "GZIP"})):
            for method in methods[:1] if options.quick else methods:
                daemon = Daemon(binary, text, **settings, environment=HONEST)
                ok &= read_tree(daemon, method, how, 2 if options.quick else options.rounds)
                daemon.stop()
            # Next to nothing is left here of the start: no room for an answer to hide in.
            daemon = Daemon(binary, profile(ROOT, 0, long=True)[0], **settings, environment=HONEST)
            ok &= read_tree(daemon, methods[0], how, 2)
            daemon.stop()
        if not options.quick:
            set_values(binary, text, table, 1000, options.rounds)
            change_tree(binary, text, table, options.rounds)
    if not ok:
        sys.exit(f"an answer took more than {MOST} times its size")


if __name__ == "__main__":
    main()
