#!/usr/bin/env python3
"""Counts the instructions of a session, a whole-tree read and a SetParameterValues, and holds them against instructions.txt.

    benches/callgrind.py [FILE cwmpd] [--write]

Without a file it counts those of the yardstick, which it builds: `cross/build.sh x86_64-unknown-linux-musl`, the same code
on every machine. A count more than 2 % off fails, in either direction: what was gained is to be kept. If the change is
meant, write the file anew with --write and give the reason in the commit.

valgrind's callgrind counts. What one of a kind costs is the difference between a run with twenty more of it and one
without, so the start does not count; the ACS lets the daemon wait for each reply, so it takes the same turns every time.
"""

import argparse
import os
import re
import sys
import tempfile

from rig import HERE, Daemon, device_build, gateway, get, put

FILE = f"{HERE}/instructions.txt"
MORE = 20
PERCENT = 2
# Seconds that the daemon waits for a reply. valgrind makes it slow: what is there too early is read in the turn that asked.
PAUSE = 0.02
HEAD = """\
# Instructions of the x86_64 musl device build with the 976-parameter profile, on a processor with AVX2.
# Written by `benches/callgrind.py --write`; cross/build.sh pins the compilers.
"""


def inform(daemon):
    for _ in range(MORE):
        daemon.session()


def read_tree(daemon):
    ask(daemon, [get("GetParameterValues")] * MORE)


def set_values(daemon):
    names = ["BulkData.Profile.1.Name", "BulkData.Profile.1.HTTP.Username", "DeviceInfo.ProvisioningCode", "WiFi.SSID.1.SSID"]
    ask(daemon, [put([(f"Device.{name}", f"value {turn:02}") for name in names]) for turn in range(MORE)])


def ask(daemon, requests):
    def one_by_one(call):
        for request in requests:
            answer, _ = call(request)
            assert b"Response>" in answer, answer[:2000]

    daemon.session(one_by_one)


KINDS = {
    "an Inform-only session, with the command that starts it": inform,
    "a whole-tree read": read_tree,
    "a SetParameterValues of 4 values": set_values,
}


def life(binary, more):
    """Instructions of a life of the daemon: its start, a session of the kind that `more` has, and that."""
    with tempfile.TemporaryDirectory() as folder:
        tool = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={folder}/log")
        daemon = Daemon(binary, gateway(), {"pause": PAUSE}, tracer=tool)
        daemon.session()
        more(daemon)
        daemon.stop()
        with open(f"{folder}/log", encoding="utf-8") as log:
            return int(re.search(r"Collected : (\d+)", log.read())[1])


def count(binary):
    start = life(binary, Daemon.session)
    yield "the start, and three Inform-only sessions", start
    for what, more in KINDS.items():
        yield what, round((life(binary, more) - start) / MORE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    counts = dict(count(os.path.abspath(options.file) if options.file else device_build()))
    if options.write:
        with open(FILE, "w", encoding="utf-8") as file:
            file.write(HEAD + "".join(f"{number} {what}\n" for what, number in counts.items()))
    with open(FILE, encoding="utf-8") as file:
        expected = dict(line.strip().split(" ", 1)[::-1] for line in file if not line.startswith("#"))
    wrong = 0
    for what, number in counts.items():
        change = 100 * (number / int(expected[what]) - 1)
        wrong += abs(change) > PERCENT
        print(f"{number:>12,} {change:+6.2f} % {'CHANGED ' if abs(change) > PERCENT else ''}{what}")
    if wrong:
        sys.exit(f"{wrong} counts are more than {PERCENT} % off; if that is meant, run `benches/callgrind.py --write` and commit "
                 f"{os.path.relpath(FILE)} with the reason")


if __name__ == "__main__":
    main()
