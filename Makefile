# Everything by one word. `make test` and `make demo` need only python3 (3.11 or newer), make and git;
# they fetch the rest themselves.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
PY := src tests scripts hatch_build.py $(wildcard bench)

.DEFAULT_GOAL := help
.PHONY: help demo test check requirements bench pins clean

help: ## show these words
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1 \t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: .venv/ready ## break a real Redis and watch the runbook put it right (DEMO=--auto plays the people too)
	@bash scripts/packages.sh demo
	@$(BIN)/fireline drill run examples/drills/redis-down.toml $(DEMO)

test: .venv/ready ## set everything up, then make check (what CI runs)
	@bash scripts/packages.sh test
	@$(MAKE) --no-print-directory check

check: .venv/ready ## format, lint, types, imports, tests
	@echo "== format"; $(BIN)/ruff format --check $(PY)
	@echo "== lint"; $(BIN)/ruff check $(PY)
	@echo "== types"; $(BIN)/mypy
	@echo "== imports"; $(BIN)/lint-imports
	@echo "== tests"; $(BIN)/pytest -n 2 --dist worksteal

requirements: .venv/ready ## which rows of docs/requirements.md have no test yet
	@$(BIN)/python scripts/requirements.py

bench: .venv/ready ## measure what is claimed about speed and safety, beside others
	@bash scripts/packages.sh test
	@$(BIN)/python bench/run.py --quick

pins: ## write constraints.txt anew, after a change of dependencies
	@PYTHON=$(PYTHON) bash scripts/pin.sh

clean: ## remove what builds and tests leave behind (.venv stays)
	@rm -rf build dist .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -prune -exec rm -rf {} +

# one file, not the folder: it is newer than what it was made from only when all of it went well
.venv/ready: pyproject.toml constraints.txt hatch_build.py scripts/setup.sh
	@echo "== set-up"; PYTHON=$(PYTHON) bash scripts/setup.sh
	@touch $@
