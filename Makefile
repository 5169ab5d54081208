# Everything a newcomer needs is `make run` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run test check bench migrate lock clean
PYTHON ?= python3
BIN := .venv/bin
INDEX = $${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}
INSTALL = index="$(INDEX)"; $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes $${index:+--index-url "$$index"}
FAILED = "Installing failed; the lines above say why. Is the package index reachable, and the disk not full? Then run make again."

help: ## Say what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed ## Start everything: no key, no Docker, no services needed (Ctrl-C stops it)
	@$(BIN)/python -m config.launch

test: .venv/installed-dev ## Run the tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)

check: .venv/installed-dev ## Format, lint, types, missing migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 0 --settings tests.settings
	@$(BIN)/python -m pytest -q -n 0 tests/test_project.py

bench: .venv/installed-dev ## Measure speed and quality on this machine (ARGS="scale", "fusion", …)
	@$(BIN)/python -m bench $(ARGS)

migrate: .venv/installed ## Bring the database's tables up to date
	@$(BIN)/python manage.py migrate

lock: .venv/uv ## Renew the locked versions from pyproject.toml
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements.lock -o requirements-dev.lock

clean: ## Remove the virtual environment and what tests left (never var/, where the documents are)
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache

# The newest suitable Python that is there, unless PYTHON names one. An environment without pip is one whose making was
# interrupted: it is made afresh. uv is told the package index that pip is configured with.
.venv/uv:
	@for python in $(PYTHON) python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$python && break; done; \
	if [ -z "$$found" ]; then \
		echo "Zhinang needs Python 3.11 or newer, and $(PYTHON) is not. Install it, or name it: make run PYTHON=python3.12"; exit 1; fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		rm -rf .venv; "$$found" -m venv .venv || { rm -rf .venv; \
		echo "The virtual environment could not be made; the lines above say why. On Debian and Ubuntu: apt install python3-venv"; exit 1; }; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1" && touch $@ || { echo $(FAILED); exit 1; }

.venv/installed: requirements.lock | .venv/uv
	@echo "Installing (once) …"
	@$(INSTALL) -r requirements.lock || { echo $(FAILED); exit 1; }
	@touch $@

.venv/installed-dev: requirements-dev.lock requirements.lock .venv/installed
	@$(INSTALL) -r requirements-dev.lock || { echo $(FAILED); exit 1; }
	@touch $@
