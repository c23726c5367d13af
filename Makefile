# Thin: every recipe is a command that you could type yourself. `make` lists them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make or refresh .venv (every other target does it by itself)
	@hack/setup

.PHONY: run
run: setup ## Start plat, deploy an example, call it, and say what to type next
	@hack/quickstart

.PHONY: test
test: setup ## Run all tests that can run here; narrow down: make test ARGS='tests/core -k names'
	$(BIN)/python -m pytest $(ARGS)

.PHONY: check
check: format lint types imports generated ## Run all static checks, the same as pre-commit

.PHONY: format lint types imports generated
format: setup
	$(BIN)/ruff format --check .
lint: setup
	$(BIN)/ruff check .
types: setup
	$(BIN)/mypy
imports: setup
	$(BIN)/lint-imports --no-logo
generated: setup
	PYTHONPATH=hack $(BIN)/python -m plat_reference --check

.PHONY: generate
generate: setup ## Write the generated files (docs/reference, crds, manifests) anew
	PYTHONPATH=hack $(BIN)/python -m plat_reference
	@test ! -d platform-ui/node_modules || hack/npm run --silent generate # the console's client

.PHONY: fmt
fmt: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCHMARKS := $(patsubst bench/%.py,%,$(patsubst %/__main__.py,%.py,$(wildcard bench/[a-z]*.py bench/*/__main__.py)))
.PHONY: ui
ui: setup ## Build the console, which the gateway then serves at /ui (Node from PyPI, where there is none)
	hack/npm ci --no-audit --no-fund
	hack/npm run build

.PHONY: pictures
pictures: ui ## Take the documentation's pictures of the console anew (docs/images), in its journeys
	PLAT_PICTURES=docs/images hack/npm run e2e

.PHONY: bench
bench: setup ## Measure, with what each figure is compared to; one: make bench BENCHMARKS=gateway
	@set -e; for each in $(BENCHMARKS); do $(BIN)/python -m bench.$$each $(ARGS); done

.PHONY: kind-up kind-down
kind-up: setup ## Have plat on a kind cluster, and a function called; needs Docker and kind alone
	@$(BIN)/plat up --kind $(ARGS)
kind-down: setup ## Delete that cluster, and its registry
	@$(BIN)/plat down --kind $(ARGS)

.PHONY: clean
clean: ## Remove .venv and all caches; functions and their state stay (plat down stops them)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
