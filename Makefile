# Everything a developer or CI runs. Needs Python >= 3.11, make and pip; whatever else it takes lands in .venv.
PYTHON ?= python3
# Half of the time a test waits, for a database, a socket or a browser: two cores are busy with four of them.
WORKERS ?= 4
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed

# A database that is never asked: for commands that only compare files.
NO_DATABASE := DATABASE_URL=django.db.backends.dummy:///none
NEW_KEY := $$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))")
# What a real installation looks like to `check --deploy`; the keys are made anew each time.
PRODUCTION = DEBUG=off SECRET_KEY="$(NEW_KEY)" FERNET_KEYS="$(NEW_KEY)" ALLOWED_HOSTS=www.example.com \
	SITE_URL=https://www.example.com REQUIRE_TWO_FACTOR=on $(NO_DATABASE)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test soak bench check fmt types messages compile requirements

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(INSTALLED) .env compile ## .venv with the pinned requirements, .env for development, compiled translations

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Magnetiq needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing the requirements into .venv (about a minute) ..."
	@# Debian's python3 has no ensurepip unless python3-venv is installed: then the pip outside fetches the one inside.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv >/dev/null 2>&1 || \
		{ $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install -q pip; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.env:
	@printf '%s\n' '# Development. .env.example explains every variable.' 'DEBUG=on' > $@

compile: $(INSTALLED)
	@$(BIN)/python -m magnetiq.messages compile

demo: setup ## the whole of Magnetiq on this machine, with stand-ins for the outside: no account, no network
	@$(BIN)/python manage.py demo $(ARGS)

demo-reset: setup ## forget what the demo stored
	@$(BIN)/python -m magnetiq.reset

test: setup ## the whole suite, then the benchmarks' ratios alone on the machine
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not soak and not bench" $(ARGS)
	@if [ -d tests/benchmarks ]; then $(BIN)/pytest -m "bench and not soak" $(ARGS); fi

soak: setup ## long races and chaos at full count
	$(BIN)/pytest -m soak $(ARGS)

bench: setup ## times beside a naive implementation and a raw floor
	$(BIN)/pytest -m "bench and not soak" -s $(ARGS)

check: setup types ## lint, types, layers, migrations, production settings, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m magnetiq.messages check
	@$(NO_DATABASE) $(BIN)/python -W error manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

types: setup
	$(BIN)/mypy

fmt: setup ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: setup ## bring the translations' lists of messages in step with the code
	$(BIN)/python -m magnetiq.messages extract
	$(BIN)/python -m magnetiq.messages compile

requirements: setup ## pin requirements*.in anew (UPGRADE=--upgrade takes newer versions)
	@$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes $(UPGRADE) requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes $(UPGRADE) requirements-dev.in -o requirements-dev.txt

