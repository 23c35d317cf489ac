# Everything here needs only Python 3.11 or newer, make, and pip's usual way to its packages.
# The first target that needs it makes .venv from requirements.lock; after that it is there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
# Two processes halve the suite, which mostly waits for servers and kernels; the browser tests stay on one of them.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help lab console test test-rest test-all faults format lint types notebooks browser js docs wheel lock bench ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: $(READY) ## open the notebooks in JupyterLab (the demo organization, when no key is set)
	@$(BIN)/lsnb lab $(ARGS)

console: $(READY) ## open all forms as an app in the browser
	@$(BIN)/lsnb console $(ARGS)

test: $(READY) ## run the tests that fit a coffee; ARGS="-k plan" and the like go to pytest, PARALLEL= runs them one by one
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-rest: $(READY) ## run what `make test` leaves out: all combinations, and everything in a real browser
	$(BIN)/python -m pytest $(PARALLEL) --tier rest $(ARGS)

test-all: $(READY) ## run every test
	$(BIN)/python -m pytest $(PARALLEL) --tier all $(ARGS)

faults: $(READY) ## try every fault on every kind of change, tell 500 stories, and write the table of docs/safety.md (minutes)
	$(BIN)/python -m tests.faults

format: $(READY) ## format code and notebooks, and clear the notebooks' outputs
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/python -m tests.notebooks.clean notebooks/*.ipynb

lint: $(READY) ## check format and rules, notebooks too
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## check the types, strictly
	$(BIN)/mypy

notebooks: $(READY) ## run every notebook against a fresh demo organization
	$(BIN)/python -m pytest --tier all tests/test_notebooks.py $(ARGS)

browser: $(READY) ## run the tests in a real JupyterLab and Chromium
	LSNB_REQUIRE_BROWSER=1 $(BIN)/python -m pytest --tier all tests/browser $(ARGS)

js: ## build the grid's bundle anew from js/, and try its parts (needs node and npm; nothing else does)
	cd js && npm ci --ignore-scripts && npm run build && npm test

docs: $(READY) ## write the generated pages of docs/ anew
	$(BIN)/python -m docs.generate

bench: $(READY) ## measure what the design promises (minutes)
	$(BIN)/python -m benchmarks $(ARGS)

wheel: $(READY) ## build dist/*.whl
	$(BIN)/python -m build --wheel --no-isolation

lock: $(READY) ## resolve requirements.lock anew, from the newest releases
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes \
		--upgrade --no-config --no-emit-index-url --no-emit-find-links --no-annotate \
		--custom-compile-command 'make lock' --quiet --output-file requirements.lock

ci: ## everything, as the build server does it
	bash .ci/run

clean: ## remove .venv and whatever tools left behind
	rm -rf $(VENV) dist build artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for the whole environment: it is older than the lock exactly when something must be installed.
# Hashes are required, so that what runs here is what was locked; the package itself is a link to this folder.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "lsnb needs Python 3.11 or newer, and '$(PYTHON)' is: $$($(PYTHON) --version 2>&1)" >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make environments. On Debian and Ubuntu that is one package:" >&2; \
		$(PYTHON) -c 'import sys; print("  apt-get install python%d.%d-venv" % sys.version_info[:2])' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
