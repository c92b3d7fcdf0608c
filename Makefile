# `make demo` and `make test` do all the set-up that they need. PYTHON may name any Python from 3.11 on.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
READY := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE := 1
# As pip does by itself: behind a company's proxy its certificate is in the system's store and nowhere else.
export UV_SYSTEM_CERTS ?= 1
STAGE ?= dev

.PHONY: $(shell grep -oE '^[a-z-]+:' $(MAKEFILE_LIST) | tr -d :)
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/; s/\$$\$$/$$/g' | expand -t 14

# Without its mark it was broken off, or made by too old a Python: then it is made anew.
$(READY): requirements.lock pyproject.toml client/pyproject.toml
	@test -f $(READY) || $(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "Fanfare needs Python 3.11 or newer, and $(PYTHON) is not. Name one that is: make demo PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV): two or three minutes, this once …"
	@test -f $(READY) || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $(READY)
	@echo "  uv, which installs the rest"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@echo "  $$(grep -c == requirements.lock) packages"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@echo "  Fanfare and its client"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . --editable ./client
	@touch $(READY)

demo: $(READY) ## start the stack on this machine and send one message to a thousand subscribers
	@$(BIN)/python -m local.demo

run: $(READY) ## start the stack on this machine and keep it running
	@$(BIN)/python -m local.run

console: $(READY) ## the console of a deployed stage, as yourself: make console STAGE=prod
	@$(BIN)/python -m deploy.operate --stage $(STAGE)

env: $(READY) ## where the running stack is and how to call it, as shell variables: eval "$$(make env)"
	@$(BIN)/python -m local.env

test: unit e2e ## the tests: all but those that take long

unit: $(READY) ## the tests that need no stack: unit, integration (on moto), infrastructure
	@$(BIN)/python -m pytest -n 2 --dist loadfile

e2e: $(READY) ## the tests against the local stack, but for the long ones
	@$(BIN)/python -m pytest tests/e2e -m "not long" --durations=20

e2e-long: $(READY) ## all of them, and what was let do against what was done
	@$(BIN)/python -m pytest tests/e2e --durations=20

faults: $(READY) ## every fault, pairs and triples in the smaller scenarios; a thousand runs of the state machine
	@$(BIN)/python -m tests.faults

import: $(READY) ## ten thousand rows of a spoilt Pinpoint export: imported, killed, gone on with, every row accounted for
	@FANFARE_IMPORT_ROWS=10000 $(BIN)/python -m pytest tests/e2e/test_command_line.py

schemathesis: $(READY) ## two hundred drawn requests to each operation of both APIs, held against their documents
	@$(BIN)/python -m pytest tests/api

bench: $(READY) ## what a delivery costs, how it grows, and against whom; half an hour
	@$(BIN)/python -m bench

bench-peers: $(READY) ## the same job by others, side by side; wants Debian's redis-server and postgresql
	@$(BIN)/python -m bench.peers

bench-stack: $(READY) ## how long a POST takes on the local stack, how fast a message goes out, who waits behind whom
	@$(BIN)/python -m bench.stack

simulate: $(READY) ## a message to a million people and to ten, in simulated time
	@$(BIN)/python -m bench.simulate

bench-counts: $(READY) ## what a delivery costs: calls, capacity units, CPU
	@$(BIN)/python -m bench.counts

bench-imports: $(READY) ## what a function imports before its first event, and what that takes
	@$(BIN)/python -m bench.imports

kills: $(READY) ## kill the functions' processes while twenty messages go to a thousand: nobody is lost
	@$(BIN)/python -m tests.kills

coverage: $(READY) ## branches of the domain that the quick tests and the faults reach, with a floor for each module
	@mkdir -p .local
	@COVERAGE_FILE=.local/.coverage $(BIN)/python -m pytest tests/unit tests/integration tests/faults -n 2 --dist loadfile \
		--cov --cov-report= --cov-report=json:.local/coverage.json
	@$(BIN)/python -m tests.coverage_floor .local/coverage.json

audit: $(READY) ## known vulnerabilities in what is locked
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement layers/dependencies/requirements.txt
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

mutants: $(READY) ## plant bugs on purpose: each has to be caught
	@$(BIN)/python -m tests.mutants

lint: $(READY) ## ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

synth: $(READY) ## synthesize a STAGE's CloudFormation templates into cdk.out
	@$(BIN)/python -m tools.toolchain synth --quiet --context stage=$(STAGE)

cdk: $(READY) ## the CDK's own command line: make cdk do="bootstrap --help"
	@$(BIN)/python -m tools.toolchain $(do)

diff: $(READY) ## what a deployment of a STAGE would change
	@$(BIN)/python -m tools.toolchain diff --context stage=$(STAGE)

deploy: $(READY) ## deploy a STAGE to the AWS account of your credentials
	@$(BIN)/python -m tools.toolchain deploy --all --context stage=$(STAGE)

smoke: $(READY) ## the demo's checks against a deployed STAGE; STAGE=local is what `make run` keeps up
	@$(BIN)/python -m deploy.smoke $(STAGE)

lock: ## resolve the dependencies again and pin them
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group cdk --group console --group dev --group bench --extra cli pyproject.toml client/pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate layers/dependencies/requirements.in --output-file layers/dependencies/requirements.txt

clean: ## remove everything that was made
	@rm -rf $(VENV) .local .cache cdk.out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
