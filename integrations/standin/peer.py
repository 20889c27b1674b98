"""A stand-in as its users hold it, and as a process of its own."""

import signal
import threading
from types import TracebackType
from typing import Self

from .server import App, Server


class StandIn:
    """A context manager, or `start` and `close`. Stopped and started again it keeps its port and its records."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def app(self) -> App:
        """What answers; asked at every start."""
        raise NotImplementedError

    def opened(self) -> None:
        """The address is known, and nothing is answered yet."""

    def start(self) -> Self:
        """Raises OSError when the port is taken."""
        self._server = Server(self._port, self.app())
        self._port = self._server.server_port
        self.opened()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Free the port and hang up; connecting fails from now on."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.hang_up()
            self._server = None

    def close(self) -> None:
        """Stop for good; a stand-in lets go of its file, too."""
        self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(peer: StandIn) -> None:
    """Until the process is told to end; says where on the way."""
    # Blocked before any thread starts, so that the wait below is the one to receive them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with peer:
        print(peer.url, flush=True)  # noqa: T201
        signal.sigwait(signals)
