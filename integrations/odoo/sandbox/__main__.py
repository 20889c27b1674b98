"""`python -m integrations.odoo.sandbox --port 8069 --version 19.0`: the stand-in as a process."""

import argparse

from integrations.standin.peer import serve

from .peer import OdooSandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="odoo-sandbox", description="Serve a stand-in for Odoo on loopback.")
    parser.add_argument("--port", type=int, default=8069)
    parser.add_argument("--version", choices=("16.0", "19.0"), default="19.0")
    parser.add_argument("--website-event", action="store_true", help="as if website_event were installed")
    parser.add_argument("--path", help="a file to keep the records in")
    options = parser.parse_args()
    serve(OdooSandbox(options.version, website_event=options.website_event, port=options.port, path=options.path))


if __name__ == "__main__":
    main()
