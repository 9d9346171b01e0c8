# Two commands are all a newcomer needs: `make demo` and `make test`. `make help` lists the rest.
#
# Everything is installed into .venv, from constraints.txt, by the first Python >= 3.10 found here:
# `make PYTHON=/path/to/python3 setup` takes another one.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$name && break; \
	done)
DEMO ?= results/demo
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check audit format examples clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/stamp-dev ## create .venv with the package and the tools to work on it

# The build backend (hatchling; editables for --editable) comes from constraints.txt too, hence no
# build isolation.
.venv/stamp: pyproject.toml constraints.txt
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "make: Python 3.10 or newer is needed: install one, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	$(PYTHON) -m venv .venv
	@echo "installing into .venv (the first time: a few minutes, mostly torch and ray)"
	$(PIP) hatchling editables
	$(PIP) --no-build-isolation --editable .
	@touch $@

.venv/stamp-dev: .venv/stamp
	$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

demo: .venv/stamp ## transcribe the example papers and images, and show the rows
	$(BIN)/i2l transcribe examples/papers examples/formulas -o $(DEMO) --overwrite
	$(BIN)/i2l query $(DEMO) "SELECT source, page, number, latex, round(confidence, 2) AS confidence FROM formulas ORDER BY source, page, index"

# Three at a time, on two cores too: half of their time tests wait, for a process that starts or a
# moment that must come. Files are shared out whole, as the tests in one share a Ray, and in the
# order of tests/conftest.py.
test: .venv/stamp-dev ## run the whole test suite
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: .venv/stamp-dev ## formatting, lint, types and known holes in dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/python .ci/audit.py

audit: .venv/stamp-dev ## known holes in dependencies (asks a service over the network)
	$(BIN)/python .ci/audit.py

format: .venv/stamp-dev ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

examples: .venv/stamp ## rebuild the example PDFs and images (needs pdflatex with beamer)
	$(BIN)/python examples/build.py

clean: ## remove .venv, caches, builds and the demo's results
	rm -rf .venv dist .pytest_cache .ruff_cache .hypothesis results/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
