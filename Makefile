# The project's commands; `make` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := .venv-checkov
MUTMUT := .venv-mutants
# Compare the calls of Google's APIs with tests/calls/calls.yaml (check), or note them there (write).
CALLS ?= check
# Where no unit test is: importing what the others need takes as long as running the unit tests.
NO_UNITS := -p no:schemathesis --ignore-glob=*/test_fuzz.py $(foreach folder,cell faults load_faults terraform soak,--ignore=tests/$(folder))
# Soak tests that need both cores: they run under load, or measure.
ALONE := tests/cell tests/faults tests/load_faults tests/soak/test_hostile_bodies.py tests/soak/test_memory.py

help: ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.13")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements-dev.txt)"
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements-dev.txt
	@touch $@

# Its pins fit with none of ours, so checkov has an environment of its own.
$(CHECKOV)/ready: requirements-checkov.txt $(VENV)/ready
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CHECKOV)
	$(BIN)/uv pip install --quiet --python $(CHECKOV)/bin/python -r requirements-checkov.txt
	@touch $@

$(MUTMUT)/ready: requirements-mutants.txt $(VENV)/ready
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(MUTMUT)
	$(BIN)/uv pip install --quiet --python $(MUTMUT)/bin/python -r requirements-mutants.txt
	@touch $@

setup: $(VENV)/ready ## create .venv with everything pinned

run: setup ## start the embedded cell, fill it, show the numbers, stay up
	@$(BIN)/python -m local run

test: setup lint unit terraform integration ## format, lint, types, all tests but the long ones

lint: setup ## format, lint, types, SQL
	@$(MAKE) --no-print-directory --jobs 2 lint-sql lint-python

lint-python: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy

lint-sql: setup
	$(BIN)/sqlfluff lint --nocolor --disable-progress-bar sql >/dev/null || $(BIN)/sqlfluff lint --nocolor sql

unit: setup ## the tests that start nothing
	$(BIN)/python -m pytest -q -n 2 -m "not cell and not slow and not terraform and not soak" $(NO_UNITS)

coverage: setup ## the unit tests, and how much of functions/ they run
	COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
		$(BIN)/python -m pytest -q -n 2 -m "not cell and not slow and not terraform and not soak" $(NO_UNITS) --cov=functions --cov-report=term:skip-covered

integration: setup ## the tests against the embedded cell
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "(cell or slow) and not soak" --calls=$(CALLS)

terraform: setup ## the checks of the Terraform configuration alone
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "terraform and not soak" tests/terraform

verify: setup ## after an apply: is it all there, in its region, and working? (VERIFY="--help")
	@$(BIN)/python -m verify $(VERIFY)

offboard: setup ## remove a partner from all cells: close its tokens, delete its data (PARTNER=…, OFFBOARD="--help")
	@$(BIN)/python -m offboard $(OFFBOARD) -- $(PARTNER)

soak: setup $(CHECKOV)/ready ## all that takes longer than ten seconds: faults, load, fuzz, Terraform
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "soak and terraform" tests/terraform
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "soak and not terraform and not history" --ignore=tests/terraform $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest -q -m soak $(ALONE)

histories: setup ## random histories of a warehouse, counted in two ways (up to half an hour each)
	$(BIN)/python -m pytest -q -m history

mutants: $(MUTMUT)/ready ## change the central modules line by line: does a test fail? (MUTANTS="functions.events.coerce*")
	$(MUTMUT)/bin/mutmut run $(if $(MUTANTS),"$(MUTANTS)") >/dev/null
	$(MUTMUT)/bin/mutmut results | grep -v ": not checked" || echo "none survived"

bench: setup ## compare with what others would build (needs wrk; BENCH="--help")
	@$(BIN)/python -m tests.bench $(BENCH)

costs: setup ## what a cell costs in a month (EVENTS=100e6; COSTS="--help")
	@$(BIN)/python -m costs $(if $(EVENTS),--events $(EVENTS)) $(COSTS)

generate: setup ## write what derives from the catalogue, settings, reasons, inventory, schemas
	$(BIN)/python -m generate

lock: setup ## pin the newest versions that fit requirements*.in
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -c requirements-dev.txt requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements-checkov.in -o requirements-checkov.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -c requirements-dev.txt requirements-mutants.in -o requirements-mutants.txt

clean: ## remove what the other commands made
	rm -rf $(VENV) $(CHECKOV) $(MUTMUT) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache .coverage mutants

.PHONY: help setup run test lint lint-python lint-sql unit coverage integration terraform verify offboard soak histories mutants bench costs generate lock clean
