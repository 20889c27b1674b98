"""`python -m integrations.google_calendar.sandbox --port 8074`: the stand-in as a process."""

import argparse

from integrations.standin.peer import serve

from .peer import GoogleSandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="google-sandbox", description="Serve a stand-in for Google on loopback.")
    parser.add_argument("--port", type=int, default=8074, help="0: any")
    parser.add_argument("--path", help="a file to keep the records in")
    parser.add_argument("--testing", action="store_true", help="as an application in testing: consent lasts 7 days")
    options = parser.parse_args()
    serve(GoogleSandbox(port=options.port, path=options.path, testing=options.testing))


if __name__ == "__main__":
    main()
