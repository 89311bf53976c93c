# The two commands: `make demo` and `make test`. Both set up what they need.

PYTHON  ?= python3
VENV    ?= .venv
CLIENTS := .clients
DEVICES ?= 1
SECONDS ?= 60
SEED    ?=
BIN     := $(VENV)/bin

.PHONY: demo test bench fuzz lint format lock clean

demo: $(VENV)/.run
	$(BIN)/taxiway demo --devices $(DEVICES)

test: $(VENV)/.dev $(CLIENTS)/.ready
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 3 --dist loadscope

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m bench

fuzz: $(VENV)/.dev
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Versions and hashes, without the name of any registry.
lock:
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--group build -o requirements/run.txt pyproject.toml
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--extra postgresql --group dev -o requirements/dev.txt pyproject.toml
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		-o requirements/clients.txt requirements/clients.in
	cd requirements/clients-node && npm install --package-lock-only --ignore-scripts --no-audit --no-fund

clean:
	rm -rf $(VENV) $(CLIENTS) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("taxiway needs Python 3.11 or later; this is " + sys.version.split()[0] \
		+ ". Name another: make PYTHON=python3.13") if sys.version_info < (3, 11) else 0'
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment: install its venv package" \
		"(python3-venv on Debian and Ubuntu)."; rm -rf $(VENV); exit 1; }

# Each set-up installs its locked requirements, then this package in place.
$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@test -e $(VENV)/.dev || $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The clients that others wrote, for tests/clients: an environment of their own.
$(CLIENTS)/.ready: requirements/clients.txt $(wildcard requirements/clients-node/*) | $(VENV)/.dev
	@$(BIN)/python tests/clients/environment.py
