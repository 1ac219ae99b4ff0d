# make run    start everything and open the demo          make test   run every check and test
# make env    build only the environment (.venv)          make lock   resolve the dependencies anew
# make clean  remove what was built (not the data)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help env run test lint browser chaos plans races money lock clean

VENV := .venv
# Inside the checkout, so that deleting it deletes everything.
DATA ?= data
PORT ?= 8700
# Two at a time: each worker has a database of its own. Whoever has nothing left takes from the other's end.
PYTEST_ARGS ?= -n 2 --dist worksteal
# Options of the chaos run; docs/faults.md has them.
CHAOS ?=
# Options of the long races, as --seconds 60 --clients 16.
RACES ?=
# Lives of the ledger in `make money`.
MONEY ?= 200
# 1: the browser tests must run, and their absence is a failure.
REQUIRE_BROWSER ?= 0

help:
	@sed -n '1,3s/^# //p' Makefile

env:
	@tools/make_env.sh $(VENV)

run: env
	@exec $(VENV)/bin/callboard up --demo --data-dir $(DATA) --port $(PORT)

# The tests run even where a check has failed: one run tells of everything, and pytest has the last word.
test: env browser
	@status=0; tools/lint.sh $(VENV)/bin || status=$$?; \
	  $(VENV)/bin/pytest $(PYTEST_ARGS) || status=$$?; exit $$status

lint: env
	@tools/lint.sh $(VENV)/bin

browser:
	@REQUIRE_BROWSER=$(REQUIRE_BROWSER) tools/need_browser.sh

# An import to its end while parts of the site are killed in the middle.
chaos: env
	@exec $(VENV)/bin/python -m tests.demo.chaos $(CHAOS)

# The plans of every hot statement with a million waiting tasks; the tests do it with a tenth of that.
plans: env
	@CALLBOARD_PLAN_TASKS=1000000 $(VENV)/bin/pytest tests/plans $(PYTEST_ARGS)

# 64 clients at once for ten minutes, with kills, lapsing leases and clock steps, judged by the feed.
races: env
	@exec $(VENV)/bin/python -m tests.races.drive $(RACES)

# Two hundred lives of the ledger with processes that die in the middle; the tests live three.
money: env
	@CALLBOARD_MONEY_EXAMPLES=$(MONEY) $(VENV)/bin/pytest tests/payments/test_money_machine.py

# uv stays out of the environment: it is needed for nothing else. No uv.lock: that would write registry addresses down.
lock: env
	@$(VENV)/bin/python -m venv $(VENV)/tools
	@$(VENV)/tools/bin/python -m pip install --quiet --upgrade uv
	@$(VENV)/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" --group dev --output-file requirements.lock pyproject.toml

clean:
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(DATA)/*' -prune -exec rm -rf {} +
