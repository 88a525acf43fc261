# The one front door: everything a person or a build server does here is a target below. `make help` lists them.
# Needs git, make (GNU, 3.81 or newer) and Python 3.11 or newer; everything else comes from requirements-dev.lock.

# A python of 3.11 or newer: `python3` where that is one, else a newer one by name. `make PYTHON=… env` chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; exit; }; \
	done; echo python3)

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
CODE := cds tests hatch_build.py $(wildcard bench)

# Where the environment forbids it, every run would compile every test again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ------------------------------------------------------------------------------------------------------------ to run it

.PHONY: env
env: $(INSTALLED) ## make .venv from the lock file (again when the lock changes)

$(LOCKED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Trialcards needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11 env' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml hatch_build.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: env ## start the service with the example charts on http://127.0.0.1:8000/
	@echo 'Open http://127.0.0.1:8000/ and choose a chart; stop with Ctrl-C.'
	CDS_DEMO_CHARTS=tests/golden $(BIN)/trialcards serve --demo

# ---------------------------------------------------------------------------------------------------------- to trust it

.PHONY: check
check: env ## style, types and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

.PHONY: test
test: check test-fast ## check, then all tests

.PHONY: test-fast
test-fast: env ## the tests alone
	$(BIN)/pytest -n auto --dist worksteal

.PHONY: test-live
test-live: env ## against real servers: HAPI, which JDK 17 and Maven build; two replicas behind nginx (skipped without them)
	$(BIN)/pytest -m live tests/live

# Playwright is installed when it is first needed; the browser itself is the machine's own (Debian's `chromium`).
BROWSING := $(VENV)/.browsing
$(BROWSING): requirements-browser.lock $(LOCKED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-browser.lock
	@touch $@

.PHONY: test-browser
test-browser: env $(BROWSING) ## the pages in Chromium (skipped without it): launch, matrix, what if, print, keyboard; makes the pictures in docs/ anew
	REWRITE=1 $(BIN)/pytest -n auto --dist loadfile -m browser tests/browser

# PySpark too is installed when it is first needed; the JDK is the machine's own.
SPARKING := $(VENV)/.sparking
$(SPARKING): requirements-spark.lock $(LOCKED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@touch $@

.PHONY: test-spark
test-spark: env $(SPARKING) ## a population on Spark gives the rows of one machine (skipped without a JDK)
	$(BIN)/pytest -m spark tests/spark

.PHONY: mutants
mutants: env ## break the house in named ways; each must turn the tests red (MUTANTS=word: only those of a room, file or name)
	$(BIN)/python tests/mutants.py $(MUTANTS)

.PHONY: nightly
nightly: env ## the long run: many more generated examples, kills and edits; then the mutants
	HYPOTHESIS_PROFILE=nightly KILLS=200 $(BIN)/pytest -n auto --dist worksteal
	$(MAKE) mutants
	$(MAKE) fuzz FUZZ_S=1800

.PHONY: conformance
conformance: env ## run every test that proves a duty of CDS Hooks; print the duties by level
	$(BIN)/python tests/conformance/report.py

.PHONY: security
security: env ## forged tokens, planted words, broken servers, edited bodies, writers that are killed; then `make fuzz`
	KILLS=$(KILLS) $(BIN)/python tests/security/report.py
	$(MAKE) fuzz

# Atheris has no wheel for every Python: without one this part is left out, and says so.
FUZZ_S ?= 60
KILLS ?= 200
FUZZER := $(VENV)/.fuzzer
.PHONY: fuzz
fuzz: env ## edit bodies under the guidance of coverage for FUZZ_S seconds (60); no answer may be 5xx
	@test -e $(FUZZER) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--only-binary :all: --requirement requirements-fuzz.lock && touch $(FUZZER) || \
		echo 'fuzzing is left out: there is no Atheris for this Python'
	@test ! -e $(FUZZER) || $(BIN)/python tests/security/fuzz.py --seconds $(FUZZ_S)

.PHONY: bench
bench: env ## time and memory of one hook call; a chart from a real FHIR server; many trials; eligibility text; a population; two replicas
	$(BIN)/python -m bench.hook
	$(BIN)/python -m bench.load
	$(BIN)/python -m bench.fetch
	$(BIN)/python -m bench.many_trials
	$(BIN)/python -m bench.extraction
	$(BIN)/python -m bench.lct
	$(BIN)/python -m bench.population
	$(BIN)/python -m bench.replicas

# --------------------------------------------------------------------------------------------------------- to change it

.PHONY: fix
fix: env ## repair what ruff can, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: golden
golden: env ## rewrite the expected findings of the golden patients and their variants (then review the diff)
	REWRITE=1 $(BIN)/pytest tests/golden

.PHONY: manual
manual: env ## rewrite docs/criteria.md from the specification in tests/spec/ (then review the diff)
	REWRITE=1 $(BIN)/pytest tests/spec

.PHONY: openapi
openapi: env ## rewrite the published contract in openapi/ (then review the diff)
	REWRITE=1 $(BIN)/pytest tests/architecture/test_openapi.py

# One resolution for every platform, with the hashes of all files of each version, so that no machine is left out.
# Pins that still fit are kept; `make lock UPGRADE=1` takes the newest of everything.
UV := build/lock/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	$(if $(UPGRADE),--upgrade)

.PHONY: lock
lock: ## resolve the dependencies again and rewrite the lock files
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	$(COMPILE) pyproject.toml --extra population --extra postgres --extra traces --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --extra fuzz --constraint requirements.lock --output-file requirements-fuzz.lock
	$(COMPILE) pyproject.toml --extra browser --constraint requirements-dev.lock --output-file requirements-browser.lock
	$(COMPILE) pyproject.toml --extra spark --constraint requirements-dev.lock --output-file requirements-spark.lock

.PHONY: dist
dist: env ## build the wheel, with the reviewed tables in it, into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

.PHONY: clean
clean: ## remove what make and the tools made, .venv too
	rm -rf $(VENV) build dist tests/hapi/target
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find cds tests $(wildcard bench) -name __pycache__ -type d -prune -exec rm -rf {} +
