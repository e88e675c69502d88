# Every command of the project. `make` alone lists them.

# Make tells names apart by case: `stage=prod` would go by unread, and dev's be made.
$(foreach pair,stage:STAGE local_port:LOCAL_PORT who:WHO args:ARGS,$(if \
	$(findstring command line,$(origin $(word 1,$(subst :, ,$(pair))))),$(error \
	$(word 1,$(subst :, ,$(pair)))= is not read: write it as $(word 2,$(subst :, ,$(pair)))=$($(word 1,$(subst :, ,$(pair)))))))

STAGE ?= dev
LOCAL_PORT ?= 4566
WHO ?= customer
export STAGE LOCAL_PORT
# Our files, and the checkout's path, are UTF-8 in every locale.
export PYTHONUTF8 := 1
unexport PYTHONDONTWRITEBYTECODE # without bytecode each synth takes 3 s longer

PYTHON_HERE := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup run web token quick test check audit format docs site synth deploy destroy load soak fuzz contract mutate bench simulate clean

help: ## List these commands
	@echo "STAGE=$(STAGE) LOCAL_PORT=$(LOCAL_PORT)"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## Install what the project needs into .venv
	@scripts/setup

run: ## Run the whole service on this machine, no AWS account needed
	@scripts/setup run
	@exec $(PYTHON_HERE) -m local.run

web: setup ## Build the web client into build/web
	@$(PYTHON_HERE) -m ops.web.bundle

token: ## Print a demo customer's fresh token; WHO=operator for another's
	@scripts/setup run
	@exec $(PYTHON_HERE) -m local.token $(WHO)

quick: setup ## Run unit and template tests, without emulator and network; ARGS go to pytest
	@scripts/quick $(ARGS)

test: setup ## Run every test
	@scripts/test

check: setup ## Check format, lint, types and templates
	@scripts/check

audit: setup ## Ask about published vulnerabilities of all dependencies (needs the network)
	@scripts/audit

format: setup ## Format the code
	@scripts/format

docs: setup ## Write the documents that are made from code
	@$(PYTHON_HERE) -m documents.costs # first: budgets are made from what it records
	@$(PYTHON_HERE) -m ops.reach.kept # what a run starts with in place of CDK and Node.js
	@$(PYTHON_HERE) -m ops.web.bundle keep
	@$(PYTHON_HERE) -m documents.openapi.document
	@$(PYTHON_HERE) -m documents.contract
	@$(PYTHON_HERE) -m documents.configuration
	@$(PYTHON_HERE) -m documents.limits
	@$(PYTHON_HERE) -m tests.shared.access
	@$(PYTHON_HERE) -m tests.contract.rules
	@$(PYTHON_HERE) -m tests.alarms.table
	@$(PYTHON_HERE) -m tests.mutation.document
	@$(PYTHON_HERE) -m simulation.request_cost
	@$(PYTHON_HERE) -m simulation.webhooks
	@$(PYTHON_HERE) -m simulation.deliveries
	@$(PYTHON_HERE) -m simulation.fairness
	@$(PYTHON_HERE) -m documents.mapping
	@$(PYTHON_HERE) -m documents.personal_data
	@$(PYTHON_HERE) -m documents.metrics
	@$(PYTHON_HERE) -m documents.permissions
	@$(PYTHON_HERE) -m documents.proof
	@$(PYTHON_HERE) -m documents.emulator

site: setup ## Build the documentation site into build/site, and check its links
	@$(PYTHON_HERE) -m documents.site.build

synth: setup ## Write the CloudFormation template of STAGE to cdk.out
	@exec $(PYTHON_HERE) app.py

deploy: setup ## Deploy STAGE to your AWS account; ARGS go to `orders deploy`
	@exec $(PYTHON_HERE) -m cli deploy --stage $(STAGE) $(ARGS)

destroy: setup ## Remove STAGE from your AWS account
	@exec $(PYTHON_HERE) -m cli destroy --stage $(STAGE) $(ARGS)

load: setup ## Put a day's people on the local run, or ARGS="--stage dev": report, thresholds, accounting
	@exec $(PYTHON_HERE) -m load $(ARGS)

soak: setup ## Place a day's orders while things break at random, and account for all of them
	@exec $(PYTHON_HERE) -m tests.faults.soak

mutate: setup ## Plant faults in the template, one at a time, and count what the checks find
	@exec $(PYTHON_HERE) -m tests.mutation

fuzz: setup ## Throw hostile events at every handler for some minutes; no network needed
	@exec $(PYTHON_HERE) -m tests.fuzz

contract: setup ## Try a copy against its OpenAPI document as three callers; ARGS="--cases 1000"
	@exec $(PYTHON_HERE) -m tests.contract $(ARGS)

bench: setup ## Measure the service on this machine
	@exec $(PYTHON_HERE) -m bench

simulate: setup ## Simulate bursts and a year of growth on AWS, with the last bench's figures
	@exec $(PYTHON_HERE) -m simulation

clean: ## Remove all that can be made again, the local run's data too
	rm -rf .venv .local .cache build cdk.out cdk.out.stamp node_modules web/node_modules tests/integration/browser/node_modules tests/integration/clients/typescript/node_modules tests/shared/node_packages/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A mistyped command; `+` says so with `make -n`, too.
.DEFAULT:
	+@echo "There is no command $@. All of them: make help" >&2; exit 2
