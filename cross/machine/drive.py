#!/usr/bin/env python3
"""Boots the small router, and is its ACS: a first session, a whole-tree read, a connection request, a reboot by RPC,
three power cuts in mid-session, and a clock past 2038. What the device was told and has acknowledged must be there
afterwards. Whatever goes wrong is told with the end of the router's console."""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from acs import Acs, Failure, connection_request

PATIENCE = 120
"""How long anything may take, in seconds. A boot takes 5 with a processor for itself, and many times that without: the
kernel measures its speed by a quarter of a millisecond of each second, which the emulator must not sleep through."""
ALL_OF_IT = 600
"""And all together."""

SERVER = "Device.ManagementServer."
USER, PASSWORD, INTERVAL, KEY = (
    SERVER + name
    for name in ("ConnectionRequestUsername", "ConnectionRequestPassword", "PeriodicInformInterval", "ParameterKey")
)
CODE = "Device.DeviceInfo.ProvisioningCode"
BOOT = ("1 BOOT", "")
PROC = "/proc/$(pidof cwmpd)"
PARAMETERS = 972
COMPLAINT = re.compile("(machine|procd): failed|procd: .* ended with|panicked|Kernel panic")

CONFIGURATION = """\
config acs 'acs'
	option url '{url}'
	option tls_ca_file '/etc/acs-ca.pem'
	option periodic_inform_enable '0'
	option retry_min_wait_interval '1'
	option retry_interval_multiplier '1000'

config cpe 'cpe'
	option profile '/usr/share/cwmpd/profiles/bench-gateway.toml'
"""


class Machine:
    """The emulated router: its disk outlives it."""

    def __init__(self, options):
        self.options = options
        self.lines = []
        self.news = threading.Condition()
        self.log = open(options.log, "w", encoding="utf-8", errors="replace")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.qemu = None

    def on(self):
        """Switches it on."""
        work = self.options.work
        command = ["qemu-system-mipsel", "-M", "malta", "-cpu", "24Kc", "-m", "48", "-display", "none", "-vga", "none"]
        command += ["-serial", "stdio", "-monitor", "none", "-kernel", self.options.kernel]
        # With so little memory, a kernel that moves itself to a random place may hit the initramfs or no memory at all.
        command += ["-initrd", f"{work}/initramfs", "-append", "console=ttyS0 rdinit=/linuxrc panic=1 nokaslr"]
        command += ["-drive", f"file={work}/disk,format=raw,if=ide"]
        command += ["-netdev", f"user,id=wan,hostfwd=tcp:127.0.0.1:{self.port}-:7547"]
        command += ["-device", "pcnet,netdev=wan,romfile="]
        self.qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self.listen, args=[self.qemu.stdout], daemon=True).start()

    def listen(self, console):
        for line in console:
            line = line.decode(errors="replace").rstrip()
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
            self.log.write(line + "\n")
            self.log.flush()

    def off(self):
        """Cuts the power."""
        if self.qemu is not None:
            self.qemu.kill()
            self.qemu.wait()
        self.qemu = None

    def wait(self, pattern, start):
        """Waits for a line of the console, from the line `start` on."""
        give_up = time.monotonic() + PATIENCE
        with self.news:
            while True:
                for line in self.lines[start:]:
                    if found := re.search(pattern, line):
                        return found
                if time.monotonic() > give_up:
                    raise Failure(f"the console never said {pattern!r}")
                self.check()
                self.news.wait(1)

    def check(self):
        """Fails when it is off, or has said that something is wrong."""
        if self.qemu.poll() is not None:
            raise Failure(f"the emulator has ended with {self.qemu.returncode}")
        if complaints := [line for line in self.lines if COMPLAINT.search(line)]:
            raise Failure("\n".join(complaints))

    def run(self, command):
        """Runs a command on the console; gives what it printed."""
        start = len(self.lines)
        # The terminal echoes what is typed: it must not look like what is waited for.
        self.qemu.stdin.write(f"echo do''ne-begin; {command}; echo do''ne-end\n".encode())
        self.qemu.stdin.flush()
        self.wait("done-end", start)
        lines = self.lines[start:]
        begin, end = (next(n for n, line in enumerate(lines) if mark in line) for mark in ("done-begin", "done-end"))
        return "\n".join(lines[begin + 1 : end])


def expect(real, right, what):
    if real != right:
        raise Failure(f"{what}: {real!r} instead of {right!r}")


def tell(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


def first_session(machine, acs):
    machine.on()
    inform = acs.inform()
    expect(inform.events(), [("0 BOOTSTRAP", ""), BOOT], "the first Inform")
    tell("it boots, and says so over TLS")
    acs.accept(inform)
    acs.set_values(
        "key-1",
        {
            USER: ("string", "acs"),
            PASSWORD: ("string", "acs-password"),
            INTERVAL: ("unsignedInt", "4321"),
            CODE: ("string", "code-1"),
        },
    )
    started = time.monotonic()
    values = acs.get_values("Device.")
    acs.end()
    if len(values) < PARAMETERS:
        raise Failure(f"the whole tree has {len(values)} parameters")
    tell(f"the whole tree: {len(values)} parameters in {time.monotonic() - started:.1f} s")
    return inform.values()[SERVER + "ConnectionRequestURL"].replace("10.0.2.15:7547", f"127.0.0.1:{machine.port}")


def memory(machine):
    before = machine.wait(r"machine: memory before: MemAvailable: *(\d+)", 0)[1]
    text = machine.run(f"grep MemAvailable /proc/meminfo; cd {PROC}; grep Vm status; grep address limits; cd /")
    found = dict(re.findall(r"(MemAvailable|Vm\w+):\s*(\d+) kB", text))
    limit = re.search(r"Max address space +(\d+)", text)[1]
    expect(limit, str(16 << 20), "the limit of its address space")
    tell(f"MemAvailable: {before} kB before it started, {found['MemAvailable']} kB now")
    tell("cwmpd: " + ", ".join(f"{name} {found[name]} kB" for name in ("VmPeak", "VmSize", "VmHWM", "VmRSS")))


def wake(machine, acs, url):
    """Sends a connection request; the session that it asks for is the ACS's to lead."""
    status = connection_request(url, "acs", "acs-password", PATIENCE)
    if status not in (200, 204):
        raise Failure(f"the connection request got {status}")
    inform = acs.inform()
    expect(inform.events(), [("6 CONNECTION REQUEST", "")], "the Inform after a connection request")
    acs.accept(inform)
    return inform


def reboot(machine, acs, url):
    wake(machine, acs, url)
    tell("a connection request wakes it")
    start = len(machine.lines)
    acs.ask("Reboot", "<CommandKey>reboot-1</CommandKey>")
    acs.end()
    machine.wait(r"procd: cwmpd has stopped", start)
    machine.wait(r"Linux version", start)
    inform = acs.inform()
    expect(inform.events(), [BOOT, ("M Reboot", "reboot-1")], "the Inform after a Reboot")
    tell("a Reboot by RPC restarts it: M Reboot with its CommandKey")


def cut(machine, acs):
    """Cuts the power and gives it back; the next Inform. What nobody has synced must be gone, or it was no power cut."""
    machine.run("echo > /etc/unsynced")
    machine.off()
    acs.drop()
    machine.on()
    inform = acs.inform()
    expect(machine.run("ls /etc | grep unsynced"), "", "what was not synced")
    return inform


def power_cuts(machine, acs):
    # The Inform of `reboot` is not answered yet: its events are still owed.
    inform = cut(machine, acs)
    expect(inform.events(), [BOOT, ("M Reboot", "reboot-1")], "power cut before the InformResponse")
    tell("power cut before the InformResponse: its events come again")

    acs.accept(inform)
    acs.set_values("key-2", {CODE: ("string", "code-2"), INTERVAL: ("unsignedInt", "1234")})
    inform = cut(machine, acs)
    expect(inform.events(), [BOOT], "power cut after SetParameterValuesResponse")
    acs.accept(inform)
    values = acs.get_values(CODE, INTERVAL, KEY, USER)
    expect(values, {CODE: "code-2", INTERVAL: "1234", KEY: "key-2", USER: "acs"}, "values that were acknowledged")
    tell("power cut after SetParameterValuesResponse: values and ParameterKey are there")

    acs.ask("ScheduleInform", "<DelaySeconds>1</DelaySeconds><CommandKey>wake-1</CommandKey>")
    acs.ask("Reboot", "<CommandKey>reboot-2</CommandKey>")
    inform = cut(machine, acs)
    events = inform.events()
    acs.accept(inform)
    acs.end()
    if ("M ScheduleInform", "wake-1") not in events:
        inform = acs.inform()
        events += inform.events()
        acs.accept(inform)
        acs.end()
    promised = [BOOT, ("3 SCHEDULED", ""), ("M Reboot", "reboot-2"), ("M ScheduleInform", "wake-1")]
    expect(sorted(events), promised, "power cut after RebootResponse")
    tell("power cut after RebootResponse: M Reboot and M ScheduleInform come with their CommandKeys")


def past_2038(machine, acs, url):
    # The times of busybox have 32 bits as well: it can set the clock to a moment before they end, no later.
    start = len(machine.lines)
    machine.run("date -s '2038-01-19 03:14:00'")
    machine.wait("the clock was set", start)
    machine.run("sleep 10")

    def session(what):
        inform = wake(machine, acs, url)
        expect(acs.get_values(CODE), {CODE: "code-2"}, "a value past 2038")
        acs.end()
        expect(inform.texts("CurrentTime"), ["0001-01-01T00:00:00Z"], "the time past 2038")
        tell(what)

    session("when the clock passes January 2038 it goes on")
    machine.run("/etc/init.d/cwmpd stop")
    start = len(machine.lines)
    machine.run("/etc/init.d/cwmpd start")
    machine.wait("connection requests are served", start)
    session("and it starts with a clock that is past it")
    text = machine.run(f"cd {PROC}; grep ctxt status; sleep 3; grep ctxt status; cd /")
    switches = [int(number) for number in re.findall(r"ctxt_switches:\s*(\d+)", text)]
    woken = sum(switches[2:]) - sum(switches[:2])
    if woken > 20:
        raise Failure(f"when idle it is woken {woken} times in 3 seconds")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kernel", "guest", "work", "certs", "log"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()

    def stop(number, _):
        raise Failure("all of it takes too long" if number == signal.SIGALRM else "told to stop")

    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, stop)
    signal.alarm(ALL_OF_IT)
    machine = Machine(options)
    acs = Acs(options.certs, PATIENCE, machine.check)
    with open(f"{options.guest}/etc/config/cwmp", "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(url=acs.url))
    archive = "find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --quiet | gzip -1"
    with open(f"{options.work}/initramfs", "wb") as file:
        subprocess.run(archive, shell=True, check=True, cwd=options.guest, stdout=file)

    try:
        url = first_session(machine, acs)
        memory(machine)
        reboot(machine, acs, url)
        power_cuts(machine, acs)
        past_2038(machine, acs, url)
        memory(machine)
        machine.check()
        tell("all of it held")
    except (Failure, OSError, StopIteration, KeyError, TypeError, ValueError) as failure:
        tail = "\n".join(f"    {line}" for line in machine.lines[-40:])
        sys.exit(f"{tail}\nmachine: {type(failure).__name__}: {failure}")
    finally:
        machine.off()


STARTED = time.monotonic()
if __name__ == "__main__":
    main()
