"""HTTP for the stand-in: requests, answers, ranges, a log per listener, and faults on demand."""

import hashlib
import json
import re
import socket
import struct
import sys
import time
import traceback
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import errors


class Reply(Exception):
    """The answer to the request that is being handled."""

    def __init__(self, status, body=b"", headers=None, kind="application/json"):
        super().__init__(status)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = headers or {}
        self.kind = kind
        self.source = None  # (file, first byte, byte count) in place of `body`
        self.on_sent = None  # told how many bytes of the source went out


def failure(status, code, message, headers=None, details=None):
    """The error that Databricks and MLflow send."""
    return Reply(status, {"error_code": code, "message": message, **({"details": details} if details else {})}, headers)


def xml_failure(status, code, message="", headers=None):
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, text, headers, "application/xml")


class Handler(BaseHTTPRequestHandler):
    """One connection. A subclass says what its listener knows in `route`."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stand-in", ""
    disable_nagle_algorithm = True
    timeout = 600
    role = ""
    world = None

    def log_message(self, *arguments):
        pass

    def handle_request(self):
        count = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(count) if count else b""
        self.raw_path, _, query = self.path.partition("?")
        self.place = urllib.parse.unquote(self.raw_path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.truncate = self.plain_end = self.extra = self.new_tag = None
        self.record = None
        try:
            self.inject()
            self.route()
            reply = failure(404, "ENDPOINT_NOT_FOUND", f"No API found for '{self.command} {self.place}'")
        except Reply as answer:
            reply = answer
        except ConnectionError:
            self.close_connection = True
            self.note(0)
            return
        except Exception as bug:
            traceback.print_exc(file=sys.stderr)
            reply = failure(500, "INTERNAL_ERROR", f"the stand-in has a bug: {bug!r}")
        self.note(reply.status)
        try:
            self.send(reply)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        if reply.on_sent:
            reply.on_sent(self.record["sent"])

    do_GET = do_POST = do_PUT = do_HEAD = do_PATCH = do_DELETE = handle_request

    def json(self):
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise failure(400, "MALFORMED_REQUEST", "Invalid JSON given in the body of the request") from None

    def note(self, status):
        """Adds the request to the log, before the answer; `sent` counts the bytes of its body as they go out."""
        self.record = {
            "role": self.role,
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.body.decode("utf-8", "replace")[:2000],
            "status": status,
            "sent": 0,
        }
        if not self.place.startswith("/__stand-in"):
            with self.world.lock:
                self.world.log.append(self.record)

    # -- faults

    def inject(self):
        """Does what a fault says whose `match` (a regular expression) is found in `ROLE METHOD PATH?QUERY`."""
        line = f"{self.role} {self.command} {self.path}"
        with self.world.lock:
            for fault in self.world.faults:
                if fault.get("times", 1) > 0 and re.search(fault["match"], line):
                    if fault.get("skip", 0) > 0:
                        fault["skip"] -= 1
                        continue
                    fault["times"] = fault.get("times", 1) - 1
                    break
            else:
                return
        time.sleep(fault.get("delay", 0))
        if fault.get("reset"):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            raise ConnectionResetError
        if fault.get("expire"):
            self.world.expire(fault["expire"])
        if "redirect" in fault:
            raise Reply(fault.get("status", 302), b"", {"Location": self.world.origin(fault["redirect"]) + self.path}, "")
        if "location" in fault:
            raise Reply(fault.get("status", 302), b"", {"Location": fault["location"]}, "")
        if "error" in fault:
            raise Reply(*errors.ERRORS[fault["error"]])
        if "status" in fault:
            body = fault.get("body", {"error_code": "STAND_IN_FAULT", "message": "injected"})
            raise Reply(fault["status"], body, dict(fault.get("headers", {})), fault.get("type", "application/json"))
        self.truncate = fault.get("truncate")  # Content-Length stays, the connection ends after so many bytes
        self.plain_end = fault.get("plain_end")  # chunked, and the chunks end in order after so many bytes
        self.extra = fault.get("extra")  # so many bytes more than there are
        self.new_tag = fault.get("tag")  # another ETag

    # -- answers

    def send(self, reply):
        count = reply.source[2] if reply.source else len(reply.body)
        headers = dict(reply.headers)
        if self.new_tag and "ETag" in headers:
            headers["ETag"] = self.new_tag
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('Status',))[0]}"]
        if reply.kind:
            lines.append(f"Content-Type: {reply.kind}")
        lines.append(f"Date: {formatdate(usegmt=True)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        chunked = self.plain_end is not None
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif reply.status not in (204, 304) and "Content-Length" not in headers:
            lines.append(f"Content-Length: {count + (self.extra or 0)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if self.command == "HEAD":
            self.wfile.write(head)
            return
        limit = min(value for value in (count, self.truncate, self.plain_end) if value is not None)
        if reply.source is None:
            self.record["sent"] = limit
            body = reply.body[:limit]
            if chunked:
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
            self.wfile.write(head + body + b"x" * (self.extra or 0))
        else:
            self.wfile.write(head)
            self.pour(reply, limit, chunked)
            self.wfile.write(b"x" * (self.extra or 0))
        if not chunked and limit < count:
            self.close_connection = True

    def pour(self, reply, limit, chunked):
        """Sends a part of a file in pieces, at the rate that is set."""
        file, start, _ = reply.source
        with open(file, "rb") as source:
            source.seek(start)
            while self.record["sent"] < limit:
                piece = source.read(min(65536, limit - self.record["sent"]))
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                self.record["sent"] += len(piece)
                if self.world.rate:
                    time.sleep(len(piece) / self.world.rate)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def serve(self, file, headers=None):
        """Answers with a file: Range, If-Range, If-Unmodified-Since, ETag, Last-Modified."""
        status = file.stat()
        count = status.st_size
        tag = '"%s"' % hashlib.md5(f"{file.name} {count} {status.st_mtime_ns}".encode()).hexdigest()
        tag = self.new_tag or tag
        modified = formatdate(status.st_mtime, usegmt=True)
        all_headers = {"Last-Modified": modified, "Accept-Ranges": "bytes", "ETag": tag, **(headers or {})}
        asked = self.headers.get("Range") or self.headers.get("x-ms-range")
        match = re.match(r"bytes=(\d*)-(\d*)$", asked or "")
        if self.headers.get("If-Range", tag) not in (tag, modified):
            match = None
        if self.headers.get("If-Unmodified-Since", modified) != modified:
            raise failure(412, "PRECONDITION_FAILED", "the file has changed")
        start, end, code = 0, count - 1, 200
        if match and not self.world.ignore_range and (match[1] or match[2]):
            start = int(match[1]) if match[1] else max(0, count - int(match[2]))
            end = min(int(match[2]) if match[1] and match[2] else end, end)
            if start >= count:
                raise Reply(416, b"", {**all_headers, "Content-Range": f"bytes */{count}"}, "")
            code = 206
            all_headers["Content-Range"] = f"bytes {start}-{end}/{count}"
        reply = Reply(code, b"", all_headers, "application/octet-stream")
        reply.source = (file, start, end - start + 1)
        return reply
