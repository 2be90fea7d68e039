"""A small HTTP client that asks as fast as it can over a few connections, and measures."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers a second, and the median time of one answer in microseconds."""

    per_second: float
    median_us: float


def ask(port: int, paths: Sequence[str], connections: int) -> Measured:
    """GET every path once, each connection one at a time. Any answer but 200 raises."""
    queue = iter([f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for path in paths])
    selector = selectors.DefaultSelector()
    started: dict[socket.socket, float] = {}
    times = []
    for _ in range(connections):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(one, selectors.EVENT_READ)
        request = next(queue, None)
        if request is not None:
            started[one] = time.perf_counter()
            one.sendall(request)
    begin = time.perf_counter()
    while started:
        for key, _ in selector.select():
            one = _socket_of(key)
            _read_answer(one)
            now = time.perf_counter()
            times.append(now - started.pop(one))
            request = next(queue, None)
            if request is not None:
                started[one] = now
                one.sendall(request)
    elapsed = time.perf_counter() - begin
    for key in list(selector.get_map().values()):
        _socket_of(key).close()
    return Measured(len(paths) / elapsed, median(times) * 1e6)


def _socket_of(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


def _read_answer(one: socket.socket) -> None:
    data = _received(one)
    while _HEAD_END not in data:
        data += _received(one)
    head, _, body = data.partition(_HEAD_END)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server answered {head[:200]!r}")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    while len(body) < length:
        body += _received(one)


def _received(one: socket.socket) -> bytes:
    data = one.recv(65536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
