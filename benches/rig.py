"""What the benchmarks have in common: a profile, an ACS, and the built daemon in a root of its own."""

import atexit
import contextlib
import gzip
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
CERTS = os.path.join(HERE, "..", "tests", "certs")
ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-2">'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
INFORMED = "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


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


def gateway():
    """The text of the 976-parameter profile."""
    with open(f"{HERE}/../etc/profiles/bench-gateway.toml", encoding="utf-8") as file:
        return file.read()


class Acs:
    """One connection at a time; the requests of the next session in order, after its Inform.

    tls: None, or the version spoken. resume: TLS sessions may be resumed. pause: seconds before each reply, so that a daemon
    that is slowed down by a tool already waits for it, every time.
    """

    def __init__(self, tls=None, resume=True, pause=0):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.tls, self.pause = None, pause
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.minimum_version = self.tls.maximum_version = VERSIONS[tls]
            self.tls.load_cert_chain(f"{CERTS}/server.pem", f"{CERTS}/server-key.pem")
            if not resume:
                self.tls.num_tickets = 0
                self.tls.options |= ssl.OP_NO_TICKET

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
        time.sleep(self.pause)
        self.stream.write(head.encode() + body)
        self.stream.flush()

    def session(self, ask=lambda call: None):
        """Takes an Inform, gives `ask` a function that sends a request and returns its answer, ends the session."""
        self.accept()
        assert b"<cwmp:Inform>" in self.read()[0]
        self.informed = time.monotonic()
        self.send(INFORMED)
        body, _ = self.read()
        assert body == b"", body[:200]

        def call(request):
            self.send(request)
            return self.read()

        ask(call)
        self.send("")
        # The daemon closes first: what it does of itself happens the same way every time.
        with contextlib.suppress(OSError):
            self.stream.read(1)
        self.stream.close()
        self.connection.close()


class Cpu:
    """CPU time of a process and its children, ended ones too: by a cgroup, else by /proc."""

    V1, V2 = "/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup"

    def __init__(self):
        self.folder, self.pid = None, None
        for base, file in ((self.V1, "cpuacct.usage"), (self.V2, "cpu.stat")):
            folder = f"{base}/cwmpd-bench-{os.getpid()}-{id(self)}"
            try:
                os.mkdir(folder)
                if os.path.exists(f"{folder}/{file}") and os.access(f"{folder}/cgroup.procs", os.W_OK):
                    self.folder, self.file = folder, f"{folder}/{file}"
                    return
                os.rmdir(folder)
            except OSError:
                pass

    def how(self):
        if self.folder:
            return f"the cgroup's {os.path.basename(self.file)}, children included"
        return "/proc/PID/schedstat, and in steps of 10 ms that of ended children: no cgroup can be written here"

    def enter(self):
        """Called by the process to be."""
        if self.folder:
            with open(f"{self.folder}/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")

    def ms(self):
        if not self.folder:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as own, \
                    open(f"/proc/{self.pid}/stat", encoding="ascii") as children:
                ticks = children.read().rsplit(")", 1)[1].split()[13:15]
                return int(own.read().split()[0]) / 1e6 + sum(map(int, ticks)) * 1000 / os.sysconf("SC_CLK_TCK")
        with open(self.file, encoding="ascii") as file:
            text = file.read()
        return int(text) / 1e6 if text.strip().isdigit() else int(re.search(r"usage_usec (\d+)", text)[1]) / 1e3

    def close(self):
        if self.folder:
            os.rmdir(self.folder)


class Daemon:
    """The daemon in a root of its own, past its bootstrap. `acs`: the settings of its ACS."""

    def __init__(self, binary, text, acs=None, compression=None, tracer=(), environment=None):
        self.root = tempfile.mkdtemp(prefix="cwmpd-bench-")
        self.acs = Acs(**(acs or {}))
        for folder in ("etc/config", "etc/cwmpd", "proc/sys/kernel/random"):
            os.makedirs(f"{self.root}/{folder}")
        self.write("proc/sys/kernel/random/boot_id", "bench\n")
        self.write("etc/hosts", "127.0.0.1 localhost acs.example\n")
        self.write("etc/resolv.conf", "")
        self.write("profile.toml", text)
        shutil.copy(f"{CERTS}/ca.pem", f"{self.root}/etc/cwmpd/ca.pem")
        url = f"{'https' if self.acs.tls else 'http'}://localhost:{self.acs.port}/"
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
        self.cpu, self.control = Cpu(), None
        started = time.monotonic()
        self.process = subprocess.Popen(
            [*tracer, binary, "--root", self.root], env={**os.environ, **(environment or {})}, preexec_fn=self.cpu.enter,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.cpu.pid = self.process.pid
        atexit.register(self.stop)
        self.acs.session()
        self.start_ms = (self.acs.informed - started) * 1000

    def write(self, path, text):
        with open(f"{self.root}/{path}", "w", encoding="utf-8") as file:
            file.write(text)

    def proc(self, file):
        with open(f"/proc/{self.pid}/{file}", encoding="ascii") as text:
            return text.read()

    def number(self, name, file="status"):
        """A line of the kernel's; memory is in kB."""
        return int(re.search(rf"^{name}:\s+(\d+)", self.proc(file), re.M)[1])

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def cpu_ms(self):
        return self.cpu.ms()

    def tell(self, command):
        """Sends a command to the daemon; [`answer`] has what it says."""
        if not self.control:
            plug = socket.socket(socket.AF_UNIX)
            plug.settimeout(60)
            plug.connect(f"{self.root}/var/run/cwmpd.sock")
            self.control = plug.makefile("rwb")
        self.control.write(json.dumps(command).encode() + b"\n")
        self.control.flush()

    def answer(self):
        return json.loads(self.control.readline())

    def session(self, ask=lambda call: None):
        """A session from its command to its end."""
        self.tell({"command": "inform", "wait": True})
        self.acs.session(ask)
        answer = self.answer()
        if "ok" not in answer:
            sys.exit(f"no session: {answer}")

    def stop(self):
        atexit.unregister(self.stop)
        if self.control:
            self.control.close()
        os.kill(self.pid, 15)
        self.process.wait(60)
        self.cpu.close()
        shutil.rmtree(self.root)


def device_build():
    """Builds the device binary that figures are compared with; returns its path."""
    build = subprocess.run([f"{HERE}/../cross/build.sh", "x86_64-unknown-linux-musl"], stdout=subprocess.PIPE, check=True)
    return build.stdout.decode().split()[-1]


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
