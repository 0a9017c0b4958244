# Portillon. Everything is installed into .venv/ of this checkout; the first call sets it up, later ones are quick.

.DEFAULT_GOAL := help
.PHONY: help setup run test conformance lint format bench faults oracle lab deb docs screenshots locks clean

# The installed wheel is what runs, never the folders of this checkout.
export PYTHONSAFEPATH := 1
# pytest keeps the asserts that it has rewritten beside the tests; without that each worker rewrites all of them, each time.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
PACKAGES := scanner sync hardware ui server_stub

help: ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# tests call programs of Debian that nothing else needs; what a target depends on hears of it, too
test faults conformance: FOR := tests

setup: ## system packages, .venv/ and our wheel (the others call it)
	@bash .ci/setup $(FOR)

run: setup ## a day at a museum and a club, without hardware (CAMERA=/dev/video0 for a real camera)
	@$(BIN)/portillon-central demo $(if $(CAMERA),--camera $(CAMERA))

test: setup ## every test, on the installed wheel; scanner.core must be covered to the last branch
	@$(BIN)/python -m pytest -n 3 --dist worksteal --cov -m "not postgresql" $(ARGS)

conformance: setup ## the central's tests once more, on a real PostgreSQL (CI runs them too)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m postgresql $(ARGS)

lint: setup ## format, ruff, mypy --strict, the import contracts
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy $(PACKAGES)
	@$(BIN)/lint-imports --no-logo

format: setup ## write the format that lint asks for
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

bench: setup ## the figures of docs/performance.md, as a table and as JSON
	@$(BIN)/python benchmarks $(ARGS)

faults: setup ## kill -9, power cuts, bad lines and attacks in full numbers; ends with a table of what they cost
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "(faults or fault) and not postgresql" --faults-rounds=100 --faults-table $(ARGS)

oracle: ## our signed tickets against the cwt library, in its own .venv-oracle/
	@bash .ci/setup oracle
	@.venv-oracle/bin/python -m pytest -q -p no:cacheprovider -c /dev/null --confcutdir=tests/oracle tests/oracle $(ARGS)

lab: setup ## the installed gate on Debian's kernel in QEMU: pins, cameras, systemd, power cuts; needs root, 15 minutes
	@bash tests/lab/setup
	@$(BIN)/python tests/lab

deb: setup ## dist/portillon_…deb: a Debian package with its locked environment
	@bash .ci/deb

screenshots: setup ## pictures of every screen in every language, into docs/pictures/console/
	@$(BIN)/python docs/screenshots.py

docs: setup ## make the generated parts of docs/ anew: commands, settings, outcomes
	@$(BIN)/python docs/pages.py

locks: setup ## pin everything anew
	@bash .ci/lock

clean: ## remove what the above made
	@rm -rf .venv .venv-oracle .lab build dist .portillon .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
