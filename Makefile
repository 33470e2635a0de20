# Verbs of one word. Every verb sets up first; with an unchanged lock that takes no time.
#   make demo      run the whole hub on this machine
#   make test      all tests, against a real Kafka and a real PostgreSQL, in JOBS=2 processes
#   make simulate  many seeds of the simulation: SEEDS=1000 JOBS=2
#   make check     format, lint, types, import rules, contract, generated files
#   make generate  rewrite the files that are generated from code
#   make bench     measure beside a hand-written floor; make bench ARGS=--help tells what else
#   make lock      resolve all dependencies anew and pin them by hash
#   make clean     remove what setup and tests made (not the data of a running hub)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
PYTHON ?= python3
BIN := .venv/bin
# What runs long ends with make, even if make is killed.
WITH_MAKE = exec $(BIN)/python -IS hub/embedded/launch.py --die-with $$PPID --signal 15 -- "$(CURDIR)"/$(BIN)
STAMP := .venv/.setup

.PHONY: setup demo test simulate check generate bench lock clean
.DEFAULT_GOAL := test

setup: $(STAMP)
	@:

$(STAMP): requirements.lock pyproject.toml hub/embedded/jars.lock
	@command -v "$(PYTHON)" >/dev/null || { echo "setup: $(PYTHON) not found; name one with make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "setup: $$("$(PYTHON)" --version) is too old; Python 3.11 or later is needed: make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "setup: $(PYTHON) has no venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "setup: creating .venv"; "$(PYTHON)" -m venv .venv; }
	@echo "setup: installing locked packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -C editable_mode=compat -e .
	@echo "setup: fetching the jars of Kafka"
	@$(BIN)/python -m hub.embedded.jars fetch
	@touch $(STAMP)

demo: setup
	@$(WITH_MAKE)/fengqiao demo

JOBS ?= 2
test: setup
	@$(WITH_MAKE)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

SEEDS ?= 1000
simulate: setup
	@$(WITH_MAKE)/python -m tests.simulation --seeds $(SEEDS) --jobs $(JOBS) $(ARGS)

check: setup
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "check: run .venv/bin/ruff format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict hub connectors schemas deploy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python -m schemas.check
	@$(BIN)/python -m hub.generate --check

generate: setup
	@$(BIN)/python -m hub.generate

bench: setup
	@$(WITH_MAKE)/python -m tests.bench $(ARGS)

lock: setup
	@$(BIN)/python -m venv --clear .venv/locker
	@.venv/locker/bin/python -m pip install --quiet --disable-pip-version-check uv
	@.venv/locker/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock pyproject.toml
	@rm -rf .venv/locker
	@$(BIN)/python -m hub.embedded.jars lock

clean:
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
