"""An ACS that does what its script says, step by step, and waits for the device in between: so a test knows at which
moment of a session it is, and can end the device there."""

import hashlib
import http.client
import os
import socket
import ssl
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

CWMP = "urn:dslforum-org:cwmp-1-2"
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="%s"><soapenv:Header>'
    '<cwmp:ID soapenv:mustUnderstand="1">%s</cwmp:ID></soapenv:Header><soapenv:Body>%s</soapenv:Body>'
    "</soapenv:Envelope>"
)


class Failure(Exception):
    """Something is not as it must be."""


def local(element):
    return element.tag.rpartition("}")[2]


class Message:
    """What the device said; an empty POST has no method."""

    def __init__(self, body):
        self.method = None
        self.id = ""
        if not body:
            return
        envelope = xml.fromstring(body)
        parts = {local(part): part for part in envelope}
        self.body = parts["Body"][0]
        self.method = local(self.body)
        for header in parts.get("Header", []):
            if local(header) == "ID":
                self.id = header.text

    def all(self, name):
        return [element for element in self.body.iter() if local(element) == name]

    def texts(self, name):
        return [element.text or "" for element in self.all(name)]

    def events(self):
        """Event codes and CommandKeys of an Inform."""
        return sorted(zip(self.texts("EventCode"), self.texts("CommandKey")))

    def values(self):
        pairs = [{local(part): part.text or "" for part in pair} for pair in self.all("ParameterValueStruct")]
        return {pair["Name"]: pair["Value"] for pair in pairs}


class Acs:
    """On a free port of the loopback, over TLS as `acs.test`. `check` is called while it waits, and may raise."""

    def __init__(self, certs, patience, check):
        self.patience = patience
        self.check = check
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(certs, "server.pem"), os.path.join(certs, "server-key.pem"))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://acs.test:{self.listener.getsockname()[1]}/acs"
        self.stream = None
        self.number = 0

    def post(self, what):
        """The device's next POST."""
        give_up = time.monotonic() + self.patience
        while True:
            if time.monotonic() > give_up:
                raise Failure(f"the ACS waited in vain for {what}")
            self.check()
            try:
                if self.stream is None:
                    self.listener.settimeout(1)
                    connection = self.listener.accept()[0]
                    connection.settimeout(self.patience)
                    self.stream = self.tls.wrap_socket(connection, server_side=True).makefile("rwb")
                if self.stream.readline():
                    headers = http.client.parse_headers(self.stream)
                    return Message(self.stream.read(int(headers["Content-Length"])))
            except TimeoutError:
                continue
            self.drop()

    def drop(self):
        """Forgets the connection."""
        try:
            if self.stream is not None:
                self.stream.close()
        except OSError:
            pass  # the other end is gone
        self.stream = None

    def reply(self, body):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        self.stream.write((head + body).encode())
        self.stream.flush()

    def inform(self):
        """Waits for the Inform that opens a session."""
        message = self.post("an Inform")
        if message.method != "Inform":
            raise Failure(f"{message.method} instead of an Inform")
        return message

    def accept(self, inform):
        """Answers the Inform; then it is the ACS's turn."""
        body = "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>"
        self.reply(ENVELOPE % (CWMP, escape(inform.id), body))
        message = self.post("the empty POST")
        if message.method is not None:
            raise Failure(f"{message.method} instead of an empty POST")

    def ask(self, method, arguments):
        """Sends an RPC; gives the device's answer to it, which is not replied to yet."""
        self.number += 1
        self.reply(ENVELOPE % (CWMP, self.number, f"<cwmp:{method}>{arguments}</cwmp:{method}>"))
        answer = self.post(f"the answer to {method}")
        if answer.method != f"{method}Response":
            raise Failure(f"the answer to {method} is {answer.method} {answer.texts('FaultString')}")
        return answer

    def get_values(self, *names):
        names = "".join(f"<string>{name}</string>" for name in names)
        return self.ask("GetParameterValues", f"<ParameterNames>{names}</ParameterNames>").values()

    def set_values(self, key, values):
        pairs = "".join(
            f'<ParameterValueStruct><Name>{name}</Name><Value xsi:type="xsd:{kind}">{escape(value)}</Value>'
            "</ParameterValueStruct>"
            for name, (kind, value) in values.items()
        )
        self.ask("SetParameterValues", f"<ParameterList>{pairs}</ParameterList><ParameterKey>{key}</ParameterKey>")

    def end(self):
        """Ends the session."""
        self.stream.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        self.stream.flush()
        self.drop()


def connection_request(url, user, password, timeout):
    """Sends a connection request with Digest (MD5); gives the status of the answer."""
    parts = urllib.parse.urlsplit(url)

    def get(headers):
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    def md5(*words):
        return hashlib.md5(":".join(words).encode()).hexdigest()

    challenges = [line.partition(" ")[2] for line in get({}).headers.get_all("WWW-Authenticate", [])]
    challenges = [urllib.request.parse_keqv_list(urllib.request.parse_http_list(line)) for line in challenges]
    challenge = next(c for c in challenges if c.get("algorithm", "MD5") == "MD5")
    realm, nonce = challenge["realm"], challenge["nonce"]
    proof = md5(md5(user, realm, password), nonce, "00000001", "c", "auth", md5("GET", parts.path))
    words = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{parts.path}", response="{proof}"'
    return get({"Authorization": f'Digest {words}, algorithm=MD5, qop=auth, nc=00000001, cnonce="c"'}).status
