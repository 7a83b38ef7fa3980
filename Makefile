# What a newcomer types. Needs Python 3.11 or newer and nothing else; everything lands in .venv.
.DEFAULT_GOAL := help
.PHONY: help setup run test bad-days soak check bench bench-smoke lock clean

export PYTHON
BIN := .venv/bin
# Only as an argument: tests must never run on whatever a DATABASE_URL in somebody's environment points to.
TEST_URL = $(if $(filter command,$(origin DATABASE_URL)),$(DATABASE_URL))

help:  ## Say what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## Prepare .venv with the impersonator command; nothing to do when it is up to date.
	@scripts/setup

run: setup  ## Start the demo: embedded PostgreSQL, a demo realm, the service, and what to try next.
	@exec $(BIN)/impersonator demo $(ARGS)

# Each process brings a PostgreSQL of its own; a file's tests stay together, as they share what it sets up.
test: setup  ## Run every test, on all cores. DATABASE_URL=postgresql://… uses that server, ARGS="-k start" goes to pytest.
	@IMPERSONATOR_TEST_DATABASE_URL='$(TEST_URL)' $(BIN)/pytest -n auto --dist loadfile $(ARGS)

bad-days: setup  ## Kill, fill up, restart, deceive and flood real processes, on Linux; some minutes.
	@scripts/bad-days $(BIN)/pytest -p no:cacheprovider tests/bad_days $(ARGS)

soak: setup  ## Ten minutes at half of what this machine can do: memory flat, nothing lost, nothing twice; a table.
	@$(BIN)/pytest -p no:cacheprovider tests/bad_days/test_soak.py --soak-seconds 600 $(ARGS)

check: setup  ## Format, lint, types, import contracts, container files, docs in step.
	@scripts/check

bench: setup  ## Measure each door beside its peers and the machine's limits, 10 minutes of a quiet machine; ARGS=ours without peers.
	@$(BIN)/python -m bench $(ARGS)

bench-history: setup  ## Measure what 10⁶ sessions and 10⁷ audit entries cost, beside the same without a past.
	@$(BIN)/python -m bench growth $(ARGS)

bench-smoke: setup  ## See that the benchmark runs; its figures say nothing.
	@$(BIN)/python -m bench smoke

lock: setup  ## Write requirements/*.txt anew from pyproject.toml; ARGS=--upgrade for newer versions.
	@scripts/lock $(ARGS)

clean:  ## Remove .venv, packages of Node and the tools' caches; .impersonator, your development data, stays.
	@rm -rf .venv tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov dist .bench/peers
	@echo "· removed .venv, packages of Node and caches; development data stays in .impersonator"
