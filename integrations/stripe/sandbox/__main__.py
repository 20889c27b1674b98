"""`python -m integrations.stripe.sandbox --port 8073`: the stand-in as a process; it prints where it listens."""

import argparse

from integrations.standin.peer import serve

from .peer import StripeSandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="stripe-sandbox", description="Serve a stand-in for Stripe on loopback.")
    parser.add_argument("--port", type=int, default=8073, help="0: any")
    parser.add_argument("--path", help="a file to keep the records in")
    parser.add_argument("--webhook", action="append", default=[], help="an address to tell; may be given again")
    parser.add_argument("--settle-after", type=float, help="seconds until debits are no longer processing")
    options = parser.parse_args()
    peer = StripeSandbox(port=options.port, path=options.path, settle_after=options.settle_after)
    for url in options.webhook:
        peer.add_endpoint(url)
    serve(peer)


if __name__ == "__main__":
    main()
