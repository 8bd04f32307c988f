# The verbs of this house. `make` alone lists them. VENV, PYTHON and WORKERS may be set: make test WORKERS=0
VENV ?= .venv
WORKERS ?= 2
PYTEST_ARGS ?=
BIN := $(VENV)/bin
SHELL := /bin/bash
PIP := $(BIN)/python -m pip install -qq --no-build-isolation

.DEFAULT_GOAL := help
.PHONY: help setup card-stack database demo test test-night mutation faults check format docs bench bench-checkout bench-card lock clean distclean

help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.warm ## a virtual environment from the lock file, this package in it, the kernel compiled

$(VENV)/.locked: requirements.lock scripts/make_venv.sh
	@PYTHON="$(PYTHON)" bash scripts/make_venv.sh $(VENV)
	@echo "Installing $$(grep -c == requirements.lock) packages from requirements.lock (some 200 MB on the first run)"
	@$(PIP) setuptools -c requirements.lock && $(PIP) -r requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@$(PIP) --no-deps -e .
	@touch $@

# The first settlement should not wait for the compiler. The product works without this, only later.
$(VENV)/.warm: $(wildcard settlement/kernel/*.py) $(VENV)/.installed
	@echo "Compiling the kernel"
	@$(BIN)/settlement warm || echo "The kernel was not compiled ahead; the first settlement will do it"
	@touch $@

card-stack: setup
	@bash scripts/card_stack.sh $(VENV)

database:
	@bash scripts/test_tools.sh
	@bash scripts/postgres.sh

demo: card-stack ## the whole mission once: card, settlements, explanations, one million claims, DuckDB
	@$(BIN)/settlement demo

test: card-stack database ## every test (under ten minutes on two cores)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

test-night: setup ## half a million random claims against the oracle
	@ORACLE_CLAIMS=500000 $(BIN)/python -m pytest -n $(WORKERS) tests/test_against_oracle.py $(PYTEST_ARGS)

mutation: setup ## mutation testing of the kernel and the compiler of rules (a quarter of an hour on two idle cores)
	$(BIN)/python scripts/mutation.py

faults: setup database ## kill, power cut, full disk, races, tampering, replay, theft: all counts, into docs/reliability.md
	$(BIN)/python -m tests.faults --out docs/reliability.md

check: $(VENV)/.installed ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed ## let ruff lay the code out and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## write the generated pages
	$(BIN)/python scripts/write_docs.py

bench: setup ## ratios against peers and floors, measured in one run
	$(BIN)/python -m pytest benchmarks --benchmark-enable $(PYTEST_ARGS)
	$(BIN)/python -m benchmarks.render

bench-checkout: setup database ## 2207 over HTTP on real fsyncs, SQLite and PostgreSQL, beside a raw log of the same run (some three minutes)
	$(BIN)/python -m benchmarks.checkout
	$(BIN)/python -m benchmarks.render

bench-card: setup card-stack ## a card read on the real PC/SC stack, beside a bare one of the same run (some two minutes)
	$(BIN)/python -m benchmarks.card
	$(BIN)/python -m benchmarks.render

lock: ## write requirements.lock anew from pyproject.toml, in an empty environment
	@rm -rf build/lock && PYTHON="$(PYTHON)" bash scripts/make_venv.sh build/lock
	@build/lock/bin/python -m pip install -qq -e '.[dev]'
	@head -n 1 requirements.lock >build/lock/header
	@build/lock/bin/python -m pip freeze --all --exclude-editable --exclude pip >build/lock/pins
	@cat build/lock/header build/lock/pins >requirements.lock && rm -rf build
	@git --no-pager diff --stat -- requirements.lock

clean: ## remove caches and build products; the environment and ./out stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	@find settlement pos_adapter benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environment too
	@if [ -e $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi
