"""`python -m integrations.odoo.sandbox --port 8069 --version 19.0`: the stand-in as a process."""

import argparse
import signal

from .peer import OdooSandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="odoo-sandbox", description="Serve a stand-in for Odoo on loopback.")
    parser.add_argument("--port", type=int, default=8069)
    parser.add_argument("--version", choices=("16.0", "19.0"), default="19.0")
    parser.add_argument("--website-event", action="store_true", help="as if website_event were installed")
    parser.add_argument("--path", help="a file to keep the records in")
    options = parser.parse_args()
    # Blocked before any thread starts, so that the wait below is the one to receive them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with OdooSandbox(
        options.version, website_event=options.website_event, port=options.port, path=options.path
    ) as peer:
        print(peer.url, flush=True)  # noqa: T201
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
