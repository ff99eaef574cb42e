# Every command below runs in .venv, which the targets make and keep up to date themselves.
# Nothing is ever installed into, or read from, the system's or the user's own packages.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8765
JOBS ?= 2

# The first Python on the path that is new enough and able to make a virtual environment.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
NO_PYTHON = Python 3.11 or newer with venv is needed (on Debian: apt-get install python3-venv)

unexport PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_REQUIRE_VIRTUALENV := 1
export PYTHONNOUSERSITE := 1

# Each package named here has to reach the floor by itself.
COVERED := rules services wire delivery
FLOOR := 95

PYTEST := -m pytest -n $(JOBS)
# Every commit waits for the disk, thousands of times; none of these tests cuts the power.
SCRATCH := $(if $(wildcard /dev/shm),TMPDIR=/dev/shm)

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-all check format docs coverage clean

help: ## Show this list
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

venv: $(VENV)/.dev ## Set up .venv with everything for development

demo: $(VENV)/.demo ## Run the demo: PORT=8765, SAMPLE=1 adds people already talking
	$(BIN)/python -m chatcore demo --port $(PORT) $(if $(SAMPLE),--sample)

test: $(VENV)/.dev ## Run the quick tests, and those of each service in CHATCORE_REQUIRE
	$(SCRATCH) $(BIN)/python $(PYTEST) --only-required

test-all: $(VENV)/.dev ## Run every test whose service is there, the slow ones too
	$(SCRATCH) $(BIN)/python $(PYTEST) --slow

check: $(VENV)/.dev ## Check style, formatting, types and the import law
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports --no-logo --no-cache

format: $(VENV)/.dev ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.dev ## Build the documentation into docs/_build/html
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet \
		-d docs/_build/doctrees docs docs/_build/html
	@echo "docs/_build/html/index.html"

coverage: $(VENV)/.dev ## Measure branch coverage; fail where a core package is below the floor
	$(BIN)/coverage erase
	$(SCRATCH) $(BIN)/coverage run $(PYTEST) --only-required \
		--ignore tests/live --ignore tests/browser
	$(BIN)/coverage combine --quiet
	@missed=; for package in $(COVERED); do echo "== $$package"; \
		$(BIN)/coverage report --include="src/chatcore/$$package/*" --fail-under=$(FLOOR) \
		|| missed="$$missed $$package"; done; \
	if [ -n "$$missed" ]; then echo "below $(FLOOR) %:$$missed"; exit 1; fi

clean: ## Remove .venv and everything that was built
	rm -rf $(VENV) build dist docs/_build htmlcov .coverage .coverage.* \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	$(if $(PYTHON),,$(error $(NO_PYTHON)))
	$(PYTHON) -m venv $(VENV)

# The demo needs little; what development needs includes it.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(VENV)/.demo $@
