# Everything that people and CI do is a target here; `make` alone lists them. Targets set up what they need themselves.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ENV ?= local
# Functions run on arm64 in an account, and on this machine on the laptop.
PLATFORM ?= $(if $(filter local,$(ENV)),$(if $(AWS),aarch64-manylinux_2_28),aarch64-manylinux_2_28)
OPTIONS ?=
# As it was given, and by the environment, not in a recipe's text: a branch may be called `$(shell …)`.
override BRANCH := $(value BRANCH)
export BRANCH
GB_PER_DAY ?= 500
VERSION ?=
# cosign signs the checksums of a release.
SIGN ?=
SOAK_MINUTES ?= 60
SOAK_SEED ?=
export TF_IN_AUTOMATION := 1
ifeq ($(ENV),local)
export TF_VAR_endpoint := http://127.0.0.1:$(or $(LOCALCLOUD_PORT),4566)
endif

python := .venv/bin/python
python_code := lambdas scripts tests environments monitoring
terraform := scripts/terraform -chdir=environments/$(ENV)
# Where the state of an account's environment lies is written by `make bootstrap`.
backend := $(if $(filter local,$(ENV)),,-backend-config=backend.hcl)
init := scripts/needs-bootstrap $(ENV) && $(terraform) init -input=false $(backend) >/dev/null
# Without AWS=1 a plan of an account's environment needs no account.
AWS ?=
emulated := $(if $(filter local,$(ENV)),,$(if $(AWS),,yes))

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET [ENV=local]\n"} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ On the laptop

.PHONY: demo
demo: cloud package ## Start, deploy, send real flights through every hop, audit, report
	@localcloud/.venv/bin/localcloud status --json | grep -q '"running": true' || scripts/local reset
	@scripts/local up
	@$(python) scripts/demo.py

.PHONY: worker
worker: cloud package ## Run the worker for large objects on this machine, against the running local cloud
	@$(python) scripts/worker.py

.PHONY: worker-demo
worker-demo: cloud package ## Start, deploy, send an object over the threshold through the worker; its metrics, the audit
	@scripts/local up
	@$(python) scripts/worker_demo.py

.PHONY: up
up: cloud package ## Start the local cloud and apply environments/local
	@scripts/local up

.PHONY: down
down: cloud ## Stop the local cloud; the warehouse's tables stay
	@scripts/local down

.PHONY: reset
reset: cloud ## Stop the local cloud and delete all that it holds
	@scripts/local reset

.PHONY: status
status: cloud ## Show queues, failures and datasets
	@.venv/bin/datavault --env $(ENV) status

.PHONY: console
console: cloud ## Serve a page that shows the pipeline, on 127.0.0.1, until Ctrl-C (OPTIONS=--help)
	@.venv/bin/datavault --env $(ENV) console $(OPTIONS)

.PHONY: logs
logs: cloud ## Follow the local cloud's log
	@localcloud/.venv/bin/localcloud logs -f

.PHONY: monitor
monitor: cloud ## Prometheus over the worker and the local cloud, with every rule, until Ctrl-C
	@$(python) -m monitoring laptop

##@ Build and deploy

.PHONY: package
package: setup ## Build the Lambda zips into build/ (PLATFORM=aarch64-manylinux_2_28 for AWS)
	@$(python) scripts/package.py $(if $(PLATFORM),--platform $(PLATFORM))

.PHONY: monitoring
monitoring: setup ## Write the rules and dashboards that come from the contracts
	@$(python) -m monitoring generate

.PHONY: image
image: package ## Build the worker's image with docker or buildah, and its SBOM (IMAGE=NAME:TAG; PYTHON_IMAGE=another base)
	@scripts/image $(or $(IMAGE),datavault-processor:dev) $(OPTIONS)

.PHONY: release
release: setup ## Make VERSION of main: changelog, commit, tag, zips for AWS, SBOMs, checksums, provenance (OPTIONS=--dry-run)
	@test -n '$(VERSION)' || { printf 'release: which version?\n  hint: make release VERSION=1.4.0\n' >&2; exit 2; }
	@SIGN='$(SIGN)' $(python) -m scripts.release '$(VERSION)' $(OPTIONS)

.PHONY: bootstrap
bootstrap: environment ## Make the bucket of Terraform's state and CI's roles in an empty account (OPTIONS=--help)
	@$(python) scripts/bootstrap.py --env $(ENV) $(OPTIONS)

.PHONY: plan
plan: environment $(if $(emulated),cloud) package ## Show what ENV would be, offline against the emulators; with AWS=1, what apply would change
	@$(if $(emulated),scripts/emulated-plan $(ENV) $(OPTIONS),$(init) && $(terraform) plan -input=false $(OPTIONS))

.PHONY: cost
cost: environment cloud package ## Estimate a month of ENV by its offline plan, for GB_PER_DAY (500)
	@.venv/bin/datavault --env $(ENV) cost --gb-per-day $(GB_PER_DAY) $(OPTIONS)

.PHONY: apply
apply: environment package ## Apply ENV, after showing its plan and asking
	@$(if $(filter local,$(ENV)),scripts/local up,$(init) && $(terraform) apply -input=true $(OPTIONS))

.PHONY: rollout
rollout: environment ## Move ENV's functions to what the last apply published, step by step (staging, prod)
	@.venv/bin/datavault --env $(ENV) rollout $(OPTIONS)

.PHONY: plan-file
plan-file: environment package ## Plan ENV into a file, and write build/plans/ENV.txt to read before `make deploy`
	@$(init)
	@$(python) -m scripts.deploy plan $(ENV)

.PHONY: deploy
deploy: environment package ## Apply the very plan that `make plan-file` made of ENV; notes what `make rollback` goes back to
	@$(init)
	@$(python) -m scripts.deploy apply $(ENV)

.PHONY: sync
sync: environment ## Release the worker's image of this commit to ENV, and wait until Argo CD has it healthy
	@$(init)
	@scripts/sync $(ENV)

.PHONY: smoke
smoke: environment ## Send a canary through ENV: every hop, quarantine and audit (OPTIONS=--help)
	@$(if $(filter local,$(ENV)),,$(init))
	@$(python) -m scripts.smoke $(ENV) $(OPTIONS)

.PHONY: rollback
rollback: environment ## Bring ENV's functions back to what was released before the last deploy (BEFORE=FILE of another)
	@$(if $(filter local,$(ENV)),,$(init))
	@$(python) -m scripts.deploy rollback $(ENV) $(BEFORE)

.PHONY: drift
drift: environment package ## Say what was changed in ENV past Terraform; writes build/drift/ENV.json
	@$(if $(filter local,$(ENV)),,$(init))
	@$(python) -m scripts.drift $(ENV)

# The pipeline's stages: `make deploy-dev` is `make deploy ENV=dev`.
of_accounts := $(foreach stage,plan-file deploy rollout sync smoke rollback drift,$(addprefix $(stage)-,dev staging prod))
.PHONY: $(of_accounts)
$(of_accounts):
	@$(MAKE) $(patsubst %-$(lastword $(subst -, ,$@)),%,$@) ENV=$(lastword $(subst -, ,$@))

.PHONY: destroy
destroy: environment ## Destroy everything in ENV; asks first, except on the laptop
	@$(init)
	@$(terraform) destroy $(if $(filter local,$(ENV)),-input=false -auto-approve,-input=true) $(OPTIONS)

.PHONY: environment
environment: setup $(if $(filter local,$(ENV)),cloud)
	@test -d environments/$(ENV) || { echo "no environment '$(ENV)'; there are: $$(ls environments | xargs)" >&2; exit 2; }

##@ Previews: a stack for a branch, which ends by itself (on the local cloud; with AWS=1 in dev's account)

.PHONY: preview
preview: preview-setup package ## Make or renew the preview of BRANCH (with AWS=1 it asks, without YES=1)
	@$(if $(AWS),,localcloud/.venv/bin/localcloud start)
	@$(preview) up "$$BRANCH" $(in_account) $(if $(YES),--yes)

.PHONY: preview-destroy
preview-destroy: preview-setup ## Destroy the preview of BRANCH, with its data
	@$(preview) destroy "$$BRANCH" $(in_account)

.PHONY: preview-list
preview-list: preview-setup ## Show the previews that there are, and until when
	@$(preview) list $(in_account)

.PHONY: preview-sweep
preview-sweep: preview-setup ## Destroy the previews whose time is over; for CI, every hour
	@$(preview) sweep $(in_account)

.PHONY: preview-setup
preview-setup: $(if $(AWS),,cloud)
	@scripts/setup preview
	@$(if $(AWS),scripts/needs-bootstrap dev)

preview := .local/preview/venv/bin/python -m environments.preview
in_account := $(if $(AWS),--aws)

##@ Check

# What Jenkins publishes.
report = --junitxml=build/reports/$@.xml

.PHONY: verify
verify: lint test-jenkins test-package test-k8s test-monitoring test-console test-terraform test-unit scan quality ## What Jenkins runs without a cloud, in its order

.PHONY: test
test: test-unit test-integration ## Unit tests, then the whole pipeline on a local cloud of its own

.PHONY: test-unit
test-unit: cloud ## Fast tests without network: the library, the contracts, the local cloud's parts
	@rm -f $(coverage_report)
	@$(python) -m pytest tests/unit $(report) -n auto --cov=datavault --cov-report=term:skip-covered \
	  --cov-report=xml:$(coverage_report) --no-cov-on-fail --cov-fail-under=$(COVERAGE)
	@cd localcloud && .venv/bin/python -m pytest -q -m "not integration" --junitxml=../build/reports/$@-localcloud.xml

# Coverage is made by `make test-unit` alone; a report that is older than what it is about is made again.
coverage_report := build/reports/quality/coverage.xml
$(coverage_report): pyproject.toml uv.lock $(shell find lambdas tests/unit contracts -type f -not -name '*.pyc' -not -name '*.csv')
	@$(MAKE) test-unit

.PHONY: quality
quality: cloud $(coverage_report) ## Gates: coverage, ruff, complexity, strict types, copies; writes what Sonar reads
	@scripts/setup quality
	@$(python) -m pytest tests/quality $(report) -n auto
	@$(python) scripts/quality.py --coverage $(COVERAGE) $(python_code)

.PHONY: sonar
sonar: cloud $(coverage_report) ## SonarQube's gate and figures: of SONAR_HOST_URL (SONAR_TOKEN), else of one that it starts (10 minutes)
	@scripts/setup quality
	@scripts/setup sonar
	@$(python) scripts/quality.py --coverage $(COVERAGE) $(python_code)
	@$(python) -m scripts.sonar --coverage $(COVERAGE)

.PHONY: test-integration
test-integration: cloud package ## The whole pipeline on a local cloud of its own, on free ports
	@$(python) -m pytest tests/integration $(report)

.PHONY: test-faults
test-faults: cloud package ## Kill and disturb the functions at every AWS call, on a local cloud of its own (minutes)
	@$(python) -m pytest tests/faults $(report)

.PHONY: soak
soak: cloud package ## Random objects and faults for SOAK_MINUTES (60) from SOAK_SEED; then audit and memory
	@SOAK_MINUTES=$(SOAK_MINUTES) SOAK_SEED=$(SOAK_SEED) $(python) -m pytest -s tests/faults/soak.py

.PHONY: test-cloud
test-cloud: cloud ## The local cloud's own integration tests
	@cd localcloud && .venv/bin/python -m pytest -q -m integration --junitxml=../build/reports/$@.xml

.PHONY: fuzz
fuzz: ## Mutated bytes for the parser and the wire format, FUZZ_SECONDS each (60); FUZZ_INPUT=FILE runs one again
	@scripts/setup fuzz
	@for target in $(FUZZ_TARGET); do \
	  .local/fuzz/venv/bin/python -m tests.fuzz.run $$target $(FUZZ_SECONDS) $(FUZZ_INPUT) 2>&1 | \
	    grep --line-buffered -v -e NEW -e REDUCE; \
	done

.PHONY: mutation
mutation: setup ## Plant small defects in the core: which does no test see? (MUTANTS='datavault.seal.*'; 3 minutes)
	@MUTATION_SCORE=$(MUTATION_SCORE) scripts/mutation $(foreach mutant,$(MUTANTS),'$(mutant)')

.PHONY: test-console
test-console: console-setup ## The console's page in headless Chromium (half a minute; finds or installs Chromium)
	@$(browser) -m pytest tests/console $(report)

.PHONY: screenshot
screenshot: console-setup ## Photograph the demo's page for the README, docs/console.png
	@$(browser) -m tests.console.screenshot

.PHONY: console-setup
console-setup:
	@scripts/setup console

browser := .local/console/venv/bin/python

.PHONY: test-terraform
test-terraform: setup ## terraform test of every module and the stack
	@$(python) -m pytest tests/infrastructure $(report)

.PHONY: test-monitoring
test-monitoring: setup ## Prometheus rules with promtool, dashboards, what contracts promise; half a minute
	@for tool in promtool kustomize kubernetes-validate; do scripts/tool --install $$tool; done; scripts/crds >/dev/null
	@$(python) -m pytest tests/monitoring $(report) -n auto

.PHONY: test-infra
test-infra: cloud package ## Every root on the emulators: apply, empty plan, controls, destroy, nothing left
	@$(python) -m pytest tests/environments $(report)

.PHONY: test-image
test-image: package ## Build the worker's image with buildah, start it as nobody on a read-only root, stop it (root; minutes)
	@$(python) -m pytest tests/image $(report)

.PHONY: test-upgrade
test-upgrade: cloud package ## From the last release to this checkout, on a local cloud of its own: data stays (FROM=GIT REF; minutes)
	@$(python) -m pytest tests/upgrade $(report)

.PHONY: test-package
test-package: ## Build the zips again in another folder and compare them byte by byte (half a minute)
	@$(MAKE) package ENV=local PLATFORM=
	@$(python) -m pytest tests/package $(report)

.PHONY: scan
scan: package ## Dependencies, secrets, misconfiguration, image, licences, SBOMs, our own rules (SCAN_OFFLINE=1: feeds out of reach)
	@for tool in gitleaks trivy osv-scanner checkov; do scripts/tool --install $$tool; done
	@$(python) -m scripts.scan $(if $(IMAGE),--image $(IMAGE)) $(OPTIONS)

.PHONY: test-jenkins
test-jenkins: ## The Jenkinsfile, run for each kind of branch with failing stages, and linted (Java 17, Maven, Node)
	@scripts/test-jenkins

.PHONY: lint
lint: cloud ## Format, style, types; Terraform, contracts
	@$(python) -m ruff format --check $(python_code)
	@$(python) -m ruff check $(python_code)
	@.venv/bin/mypy
	@cd localcloud && .venv/bin/ruff format --check src tests && .venv/bin/ruff check src tests && .venv/bin/mypy
	@.venv/bin/datavault contract check
	@.venv/bin/cfn-lint environments/bootstrap/bootstrap.yaml
	@.venv/bin/hadolint Dockerfile
	@scripts/lint-terraform

.PHONY: format
format: setup ## Format and mend what can be mended
	@$(python) -m ruff check --fix --exit-zero --quiet $(python_code)
	@$(python) -m ruff format $(python_code)
	@scripts/lint-terraform --fix

.PHONY: clean
clean: ## Delete what was built (not the local cloud's state)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

##@ Kubernetes

.PHONY: k8s-settings
k8s-settings: $(if $(filter local,$(ENV)),setup,environment) ## Write the overlay of ENV from Terraform's outputs: settings and registry
	@$(if $(filter local,$(ENV)),,$(init))
	@$(python) scripts/k8s.py settings $(ENV)

.PHONY: k8s-image
k8s-image: setup ## Set the image of ENV's overlay to DIGEST (sha256:…)
	@$(python) scripts/k8s.py image $(ENV) '$(DIGEST)'

.PHONY: k8s-render
k8s-render: setup ## Make k8s/datavault.yaml, which `kubectl apply -f k8s/` applies, of ENV's overlay
	@$(python) scripts/k8s.py render $(ENV)

.PHONY: k8s-repository
k8s-repository: setup ## Say where Argo CD finds this repository: URL
	@$(python) scripts/k8s.py repository '$(URL)'

.PHONY: test-k8s
test-k8s: setup ## Manifests: schemas of Kubernetes and custom resources, policies, Argo CD (half a minute; no cluster)
	@$(python) -m pytest tests/k8s $(report)
	@scripts/tool checkov --framework kubernetes --file k8s/datavault.yaml --skip-download --compact --quiet

.PHONY: test-k8s-live
test-k8s-live: setup ## The same on a real API server with controllers: apply, roll, undo (builds it once, 15 minutes)
	@$(python) -m pytest -s tests/k8s_live $(report)

##@ Measure

.PHONY: bench
bench: cloud package ## DataVault beside what people would use instead; writes docs/benchmarks.md (20 minutes)
	@scripts/setup bench
	@$(bench) run $(OPTIONS)

.PHONY: bench-check
bench-check: package ## Fail where a ratio is more than 20 % worse than the committed one (2 minutes)
	@scripts/setup bench
	@$(bench) check

.PHONY: scaling
scaling: setup ## Simulate how far a stack reaches; writes docs/scaling.md (half a minute)
	@$(python) -m tests.benchmarks.scaling --write

bench := .local/bench/venv/bin/python -m tests.benchmarks

##@ Set-up (every target does it by itself)

.PHONY: setup
setup: ## Python environments and example data
	@scripts/setup

.PHONY: cloud
cloud:
	@scripts/setup cloud

FUZZ_SECONDS ?= 60
FUZZ_TARGET ?= parser wire
FUZZ_INPUT ?=

MUTANTS ?=
# The share of mutants that the tests have to see, in per cent.
MUTATION_SCORE := 95

# Line and branch coverage of the library. It stood at 98 % when this was set; below 95 something went untested.
COVERAGE := 95
