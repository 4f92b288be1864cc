#!/usr/bin/env python3
"""What large answers and large sets cost the built daemon, as a process: peak memory, CPU, writes.

    cargo build --release && benches/bulk.py [--bin target/release/cwmpd] [--parameters 20000] [--quick]

A profile of so many parameters is made, for either root model, and the daemon is asked for the whole tree by
GetParameterValues, GetParameterNames and GetParameterAttributes: plain, over TLS and compressed. Then it is given 1,000
values in one SetParameterValues, instances come and go, and all of that again while the changes of the whole tree are
told to the ACS. The ACS is in this script.

Peak memory is what the daemon's resident memory (VmHWM, put back by /proc/PID/clear_refs) grew by while it answered.
It must not be more than 1.2 times the answer, or the script fails: the answer is in memory once (DESIGN 3, XML).
CPU is the daemon's own run time (/proc/PID/schedstat), the median of several requests; it varies from machine to machine.
Writes are counted by strace where there is one.
"""

import argparse
import gzip
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
CERTS = os.path.join(HERE, "..", "tests", "certs")
# What may come on top, whatever the answer's size: pages of code and buffers that are used for the first time.
SLACK = 256 * 1024
MOST = 1.2
# What the start has freed is given back, and what is used is seen: else an answer hides where the profile was read.
HONEST = {"MALLOC_MMAP_THRESHOLD_": "16384", "MALLOC_TRIM_THRESHOLD_": "0"}
ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-2">'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
INFORMED = "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>"


def profile(root, count, long=False):
    """The text of a profile with so many parameters, a table of instances with nine values each, or with one long value."""
    info = {"SoftwareVersion": "1.0", "HardwareVersion": "A", "ProvisioningCode": "", "Manufacturer": "Example",
            "ManufacturerOUI": "00D0D0", "ProductClass": "Bench", "SerialNumber": "1"}
    if root == "Device.":
        lines = ['["Device."]', 'RootDataModelVersion = { value = "2.17" }']
    else:
        lines = [f'["{root}"]', 'DeviceSummary = { value = "InternetGatewayDevice:1.8[](Baseline:1)" }']
    lines += [f'["{root}DeviceInfo."]']
    lines += [f'{name} = {{ value = "{value}", writable = {str(name == "ProvisioningCode").lower()} }}'
              for name, value in info.items()]
    if long:
        # Five bytes each in an answer.
        return "\n".join(lines) + f'\nLong = {{ value = "{"&" * (1 << 20)}" }}\n', ""
    table = f"{root}Hosts.Host."
    lines += [
        f'["{table}{{i}}."]',
        'table = { writable = true, count = "HostNumberOfEntries" }',
        "Alias = { writable = true, max = 64 }",
        'Enable = { type = "boolean", writable = true, value = true }',
        'HostName = { writable = true, max = 64, value = "a-computer-of-the-house" }',
        'IPAddress = { value = "192.168.1.100" }',
        'PhysAddress = { value = "00:11:22:33:44:55" }',
        'LeaseTimeRemaining = { type = "int", value = 43200 }',
        'Active = { type = "boolean", value = true }',
        'Layer1Interface = { value = "Device.Ethernet.Interface.1." }',
        'VendorClassID = { writable = true, value = "MSFT 5.0 & others" }',
    ]
    lines += [f'["{table}{number}."]' for number in range(1, count // 9 + 1)]
    return "\n".join(lines) + "\n", table


class Acs:
    """One connection at a time; the requests of the next session in order, after its Inform."""

    def __init__(self, tls):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(f"{CERTS}/server.pem", f"{CERTS}/server-key.pem")

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(60)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        self.stream = connection.makefile("rwb")
        self.connection = connection

    def read(self):
        """The next POST's body, decoded, and its size on the wire."""
        length, coding = 0, ""
        if not self.stream.readline():
            raise EOFError("the daemon closed the connection")
        while (line := self.stream.readline().strip().lower()):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if line.startswith(b"content-encoding:"):
                coding = line.split(b":")[1].strip()
        body = self.stream.read(length)
        if coding == b"gzip":
            return gzip.decompress(body), length
        return (zlib.decompress(body) if coding == b"deflate" else body), length

    def send(self, body):
        if not body:
            head = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
            body = b""
        else:
            body = ENVELOPE.format(body=body).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        self.stream.write(head.encode() + body)
        self.stream.flush()

    def session(self, ask):
        """Takes an Inform, gives `ask` a function that sends a request and returns its answer, ends the session."""
        self.accept()
        assert b"<cwmp:Inform>" in self.read()[0]
        self.send(INFORMED)
        body, _ = self.read()
        assert body == b"", body[:200]

        def call(request):
            self.send(request)
            return self.read()

        ask(call)
        self.send("")
        self.stream.close()
        self.connection.close()


class Daemon:
    """The daemon in a root of its own, past its bootstrap."""

    def __init__(self, binary, text, tls=False, compression=None, tracer=()):
        self.binary, self.root = binary, tempfile.mkdtemp(prefix="cwmpd-bulk-")
        self.acs = Acs(tls)
        for folder in ("etc/config", "etc/cwmpd", "proc/sys/kernel/random"):
            os.makedirs(f"{self.root}/{folder}")
        self.write("proc/sys/kernel/random/boot_id", "bench\n")
        self.write("etc/hosts", "127.0.0.1 localhost acs.example\n")
        self.write("etc/resolv.conf", "")
        self.write("profile.toml", text)
        shutil.copy(f"{CERTS}/ca.pem", f"{self.root}/etc/cwmpd/ca.pem")
        url = f"{'https' if tls else 'http'}://localhost:{self.acs.port}/"
        options = f"""config acs 'acs'
	option url '{url}'
	option periodic_inform_enable '0'
	option compression '{compression or "Disabled"}'
	option tls_ca_file '/etc/cwmpd/ca.pem'
config cpe 'cpe'
	option profile '/profile.toml'
	option port '{free_port()}'
	option log_severity 'ERROR'
"""
        self.write("etc/config/cwmp", options)
        os.chmod(f"{self.root}/etc/config/cwmp", 0o600)
        self.process = subprocess.Popen(
            [*tracer, binary, "--root", self.root], env={**os.environ, **HONEST}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        self.acs.session(lambda call: None)
        if tracer:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as children:
                self.pid = int(children.read().split()[0])

    def write(self, path, text):
        with open(f"{self.root}/{path}", "w", encoding="utf-8") as file:
            file.write(text)

    def proc(self, file):
        with open(f"/proc/{self.pid}/{file}", encoding="ascii") as text:
            return text.read()

    def kilobytes(self, name):
        return int(re.search(rf"^{name}:\s+(\d+)", self.proc("status"), re.M)[1])

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def cpu_ms(self):
        return int(self.proc("schedstat").split()[0]) / 1e6

    def inform(self):
        for _ in range(100):
            asked = subprocess.run([self.binary, "ctl", "--root", self.root, "inform"], capture_output=True, check=False)
            if asked.returncode == 0:
                return
            time.sleep(0.05)
        sys.exit(f"no inform: {asked.stderr.decode()}")

    def session(self, ask):
        self.inform()
        self.acs.session(ask)

    def stop(self):
        os.kill(self.pid, 15)
        self.process.wait(20)
        shutil.rmtree(self.root)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def get(method, name=""):
    if method == "GetParameterNames":
        arguments = f"<ParameterPath>{name}</ParameterPath><NextLevel>0</NextLevel>"
    else:
        arguments = f'<ParameterNames e:arrayType="xsd:string[1]"><string>{name}</string></ParameterNames>'
    return f"<cwmp:{method}>{arguments}</cwmp:{method}>"


def put(values, key="bench"):
    items = "".join(f'<ParameterValueStruct><Name>{name}</Name><Value xsi:type="xsd:string">{value}</Value>'
                    "</ParameterValueStruct>" for name, value in values)
    return (f'<cwmp:SetParameterValues><ParameterList e:arrayType="cwmp:ParameterValueStruct[{len(values)}]">{items}'
            f"</ParameterList><ParameterKey>{key}</ParameterKey></cwmp:SetParameterValues>")


def read_tree(daemon, method, how, rounds):
    """Prints one line; whether memory was kept."""
    idle, spent, seen = [], [], []

    def ask(call):
        # What a small request needs is there before.
        call(get("GetParameterNames", f"{ROOT}DeviceInfo."))
        daemon.forget_peak()
        idle.append(daemon.kilobytes("VmRSS"))
        for _ in range(rounds):
            cpu = daemon.cpu_ms()
            answer, wire = call(get(method))
            spent.append(daemon.cpu_ms() - cpu)
            assert answer.endswith(b"</soap-env:Envelope>") and b"Response>" in answer[:1000], answer[:1000]
            seen.append((len(answer), wire, answer.count(b"<Name>")))

    daemon.session(ask)
    size, wire, count = seen[0]
    peak = (daemon.kilobytes("VmHWM") - idle[0]) * 1024
    ok = peak <= MOST * size + SLACK
    print(f"{method:22} {how:5} {count:6} names {size / 1e6:6.2f} MB, {wire / 1e6:5.2f} MB on the wire; idle "
          f"{idle[0] * 1024 / 1e6:5.2f} MB, peak {peak / 1e6:+6.2f} MB = {peak / size:4.2f} answers"
          f"{'' if ok else ' TOO MUCH'}; CPU {statistics.median(spent):5.1f} ms", flush=True)
    return ok


def set_values(binary, text, table, count, rounds):
    """Prints what one SetParameterValues of so many values costs."""
    def values(turn):
        return [(f"{table}{n + 1}.HostName", f"name-{turn}-{n}") for n in range(count)]

    daemon = Daemon(binary, text)
    spent, grown = [], []

    def ask(call):
        call(get("GetParameterNames", f"{ROOT}DeviceInfo."))
        for turn in range(rounds):
            before, cpu = daemon.kilobytes("VmRSS"), daemon.cpu_ms()
            daemon.forget_peak()
            answer, _ = call(put(values(turn)))
            assert b"<Status>0</Status>" in answer, answer[:2000]
            spent.append(daemon.cpu_ms() - cpu)
            grown.append(daemon.kilobytes("VmHWM") - before)

    daemon.session(ask)
    daemon.stop()
    line = f"SetParameterValues     {count} values, CPU {statistics.median(spent):.1f} ms, peak +{max(grown)} kB"
    if shutil.which("strace"):
        log = tempfile.mktemp(prefix="cwmpd-bulk-strace-")
        daemon = Daemon(binary, text, tracer=("strace", "-f", "-o", log, "-e", "trace=fsync,fdatasync,write,rename"))

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

    daemon = Daemon(binary, text)
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
        for how, settings in (("plain", {}), ("tls", {"tls": True}), ("gzip", {"compression": "GZIP"})):
            for method in methods[:1] if options.quick else methods:
                daemon = Daemon(binary, text, **settings)
                ok &= read_tree(daemon, method, how, 2 if options.quick else options.rounds)
                daemon.stop()
            # Next to nothing is left here of the start: no room for an answer to hide in.
            daemon = Daemon(binary, profile(ROOT, 0, long=True)[0], **settings)
            ok &= read_tree(daemon, methods[0], how, 2)
            daemon.stop()
        if not options.quick:
            set_values(binary, text, table, 1000, options.rounds)
            change_tree(binary, text, table, options.rounds)
    if not ok:
        sys.exit(f"an answer took more than {MOST} times its size")


if __name__ == "__main__":
    main()
