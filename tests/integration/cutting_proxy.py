"""A TCP proxy that can swallow an answer: the request is stored, and nobody hears of it."""

from __future__ import annotations

import contextlib
import socket
import threading


class CuttingProxy:
    """Forwards connections to a port of loopback.

    Args:
        target: The receiver's port.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        """Answers swallowed so far."""
        self._cut_next = threading.Event()
        self._changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next_answer(self, timeout: float) -> None:
        """Swallow the next answer and end its connection; returns when that has happened."""
        before = self.cuts
        self._cut_next.set()
        with self._changed:
            assert self._changed.wait_for(lambda: self.cuts > before, timeout), "no answer to cut"

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        threading.Thread(target=self._copy, args=(client, server, False), daemon=True).start()
        self._copy(server, client, True)

    def _copy(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if answers and self._cut_next.is_set():
                    self._cut_next.clear()
                    with self._changed:
                        self.cuts += 1
                        self._changed.notify_all()
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
