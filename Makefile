# The commands of Frontdesk; `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test faults sabotage soak check bench eval screenshots browser
.DELETE_ON_ERROR:
# Bot and worker begin hundreds of times in the tests: compiled once, not each time.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
READY := .venv/.ready
# A folder of CSV files with tickets whose category is known, for `make eval`.
TICKETS ?= ../shared/triage-data
# The embedded Redis comes ready-made for 3.12 and 3.11; with a newer Python it has to be compiled.
PYTHONS := $(PYTHON) python3.12 python3.11 python3 python3.13 python3.14

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ARGS='…' is handed on, as in: make test ARGS='-k claim'"

demo: $(READY) ## run the whole desk on this machine, until Ctrl-C
	@$(BIN)/python -m sandbox $(ARGS)

test: $(READY) browser ## run all tests
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile $(ARGS)

faults: $(READY) ## do everything to the desk that may go wrong, into docs/reliability.md; up to 15 minutes
	@$(BIN)/python -m pytest --every --numprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

sabotage: $(READY) ## take each protection away, and want the tests to notice; takes some minutes
	@$(BIN)/python -m tests.sabotage

soak: $(READY) ## 2,000 tickets of 200 people while things fail; 10 minutes and more
	@$(BIN)/python -m tests.soak $(ARGS)

check: $(READY) ## format, lint, types, layers, dead code
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@$(BIN)/vulture

bench: $(READY) ## measure the desk on this machine, into docs/performance.md; 10 minutes at most
	@$(BIN)/python -m tests.bench $(ARGS)

eval: $(READY) ## replay triage over TICKETS=folder of CSV files, into docs/triage.md
	@[ -d "$(TICKETS)" ] || { echo "There is no folder $(TICKETS): make eval TICKETS=a-folder-of-CSV-files" >&2; exit 1; }
	@$(BIN)/python -m jobs.doctor eval "$(TICKETS)" --into docs/triage.md --draws 3 \
	  --lessons 0,50,200,1000,5000 --most 10000 --categories tests/conformance/triage_categories.json $(ARGS)
	@$(BIN)/python -m tests.speed --into docs/triage.md

screenshots: $(READY) browser ## take the pictures of the README anew
	@$(BIN)/python -m sandbox.browser.screenshots $(ARGS)

# The tests look at the page with a real browser; where there is none, it is installed.
browser: $(READY)
	@$(BIN)/python -m sandbox.browser.chromium 2> /dev/null || { \
	  echo "Installing Chromium, which the tests look at the page with" >&2; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; \
	  then apt-get update && apt-get install --yes --no-install-recommends \
	    chromium fonts-liberation fonts-noto-color-emoji; \
	  else $(BIN)/playwright install chromium; fi > .venv/chromium.log 2>&1 || true; \
	  $(BIN)/python -m sandbox.browser.chromium; }

# Set up again when what is to be installed has changed.
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
