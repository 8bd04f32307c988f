"""A line between a till and a real service that fails where it is told to: a TCP proxy, one HTTP message a connection."""

from __future__ import annotations

import socket
import threading
from collections import deque

GARBAGE = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n{"infcode": 0, "o\n'
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>"


class BadLine:
    """``plan`` holds what is done to the next messages, in order: a message beyond it passes.

    drop: it is delivered, its answer is not. half: half of the answer is. garbage, gateway: it is delivered, another
    answer comes. hold: nothing is delivered until ``deliver``. slow: it is delivered, the answer comes after ``wait_s``.
    """

    def __init__(self, port: int) -> None:
        self.upstream, self.plan, self.held, self.delivered = port, deque[str](), list[bytes](), 0
        self.wait_s = 1.0
        self._stop = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deliver(self) -> None:
        """Deliver what was held: the late originals."""
        held, self.held = self.held, []
        for request in held:
            self._answer_of(request)

    def close(self) -> None:
        self._stop.set()
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client:
            request = read_message(client)
            fault = self.plan.popleft() if self.plan else "pass"
            if fault == "hold":
                self.held.append(request)
                self._stop.wait(5)
                return
            answer = self._answer_of(request)
            if fault == "slow":
                self._stop.wait(self.wait_s)
            told = {"drop": b"", "half": answer[: len(answer) // 2], "garbage": GARBAGE, "gateway": BAD_GATEWAY}
            try:
                client.sendall(told.get(fault, answer))
            except OSError:
                pass

    def _answer_of(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.upstream), timeout=20) as service:
            service.sendall(request)
            answer = read_message(service)
        self.delivered += 1
        return answer


def read_message(line: socket.socket) -> bytes:
    """Return one HTTP message with a content-length."""
    read = b""
    while b"\r\n\r\n" not in read:
        part = line.recv(65536)
        if not part:
            return read
        read += part
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [row.split(b":")[1] for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < length:
        part = line.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body
