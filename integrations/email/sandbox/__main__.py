"""`python -m integrations.email.sandbox --folder letters`: the stand-in as a process; it prints where it listens."""

import argparse
import json
import signal
from pathlib import Path

from .letterbox import KEPT
from .peer import PORT, MailSandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="mail-sandbox", description="Serve a stand-in for a mail server on loopback.")
    parser.add_argument("--folder", type=Path, required=True, help="where letters are kept")
    parser.add_argument("--port", type=int, default=PORT, help="of the page; 0: any")
    parser.add_argument("--smtp-port", type=int, default=PORT + 1, help="or the next free one; 0: any")
    parser.add_argument("--keep", type=int, default=KEPT, help="how many letters")
    options = parser.parse_args()
    # Blocked before any thread starts, so that the wait below is the one to receive them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with MailSandbox(options.folder, port=options.port, smtp_port=options.smtp_port, keep=options.keep) as peer:
        print(json.dumps({"url": peer.url, "smtp": peer.smtp_port, "tls": peer.tls_port}), flush=True)  # noqa: T201
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
