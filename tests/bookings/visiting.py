"""What visitors do on the booking pages."""

import re
from datetime import datetime
from typing import Any

from django.test import Client

TYPED = {"name": "Ada Lovelace", "email": "ada@client.example", "meeting_type": "video"}


def choose(client: Client, start: datetime, *, path: str = "/en/book/grace/", minutes: int = 30, **typed: str) -> Any:
    """Press the button of that time."""
    return client.post(path, {"start": start.isoformat(), "minutes": str(minutes), **typed})


def send(client: Client, path: str, **typed: str) -> Any:
    """Send the form at that address."""
    return client.post(path, {**TYPED, **typed})


def book(client: Client, start: datetime, **typed: str) -> Any:
    """The whole way; the answer is that to the form."""
    return send(client, choose(client, start)["Location"], **typed)


def text_of(page: Any) -> str:
    """What somebody reads, in one line."""
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL).split())


def clocks(page: Any) -> list[str]:
    """The times that can be chosen in the week that is shown."""
    return re.findall(r'<button class="secondary" name="start"[^>]*>([^<]*)</button>', page.content.decode())


def heading(page: Any) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.content.decode(), flags=re.DOTALL)
    return " ".join(found[1].split()) if found else ""
