#!/usr/bin/env python
"""Django's command line; starts the embedded PostgreSQL when developing without DATABASE_URL."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magnetiq.settings")
    from django.core.management import execute_from_command_line

    from magnetiq.embedded import ensure_database

    ensure_database()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
