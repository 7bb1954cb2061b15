# The one task runner of mooring.cnm: `make` alone lists what it can do.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

LOCK := requirements/dev.txt
# Named after what it was made from: a new lock file, or a checkout that was moved, makes a new one.
VENV := .venv/made-from-$(shell { echo $(CURDIR); cat $(LOCK); } | sha256sum | cut -c1-12)
# Named after what it says, too: a package that is added later is installed where .venv stands already.
PACKAGES := .cache/packages-of-$(shell sha256sum <bindep.txt | cut -c1-12)
LANES := lint sanity unit kernel test-uml lab docker fleet molecule
# One process each, which waits for downloads or has a kernel of its own.
BESIDE := sanity test-uml
PURE := $(sort $(dir $(wildcard $(patsubst %,plugins/module_utils/%/*.py,model ipam drivers state firewall proof))))

# For tests of which each process of pytest has a throw-away host, or a lab, of its own. The tests of a file stay together, for what they share.
# In the order of their names: else a file of one long test would come last, when nothing is left beside it.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

export NO_COLOR := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Nothing of a run is left in the home folder, and nothing in it stands in the way of this checkout.
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis
# Under sudo the checkout belongs to somebody else; git refuses that unless it is told.
export GIT_CONFIG_COUNT := 1
export GIT_CONFIG_KEY_0 := safe.directory
export GIT_CONFIG_VALUE_0 := $(CURDIR)

# The first line of a recipe: says what it does (the words behind ##) and, at its end, how long it took.
begin = . tools/recipe.sh; begin $@

.PHONY: help machine venv site $(LANES) test declarations pairs test-engines releases bench bench-fleet format lock clean

help: ## lists the targets
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

machine:
	. tools/recipe.sh; need_machine "make $(or $(MAKECMDGOALS),venv)"

venv: $(VENV) ## makes .venv from requirements/dev.txt, after installing the system packages of bindep.txt that are missing

$(VENV): | $(PACKAGES)
	tools/venv $@

$(PACKAGES):
	tools/packages $@

site: machine $(VENV) ## builds the fleet of inventories/lab inside this machine, runs playbooks/site.yml on it and proves it
	$(begin)
	ansible-playbook -i inventories/lab mooring.cnm.lab
	ansible-playbook -i inventories/lab mooring.cnm.site

test: machine $(VENV) ## runs every check there is
	$(begin)
	run_lanes "$(BESIDE)" $(filter-out $(BESIDE),$(LANES))

lint: $(VENV) ## ruff, mypy --strict on the pure packages, shellcheck, yamllint, ansible-lint (profile production), antsibull-changelog, antsibull-docs
	$(begin)
	check ruff check --output-format concise
	check ruff format --check
	check mypy $(PURE)
	check shellcheck --external-sources .ci/run molecule/*/files/*.sh tools/lock tools/packages tools/recipe.sh tools/sanity tools/uml tools/uml_init tools/venv
	check yamllint --strict .
	check ansible-lint --offline --profile production
	check antsibull-changelog lint
	check antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .

sanity: $(VENV) ## ansible-test sanity, with no ignore file, in a throw-away copy of the tree
	tools/sanity

test-uml: machine $(VENV) ## pytest tests/uml, a kernel test and molecule/ipvlan in a User-Mode Linux kernel: with ipvlan, 802.1q, dummy, and iptables-legacy
	$(begin)
	check tools/uml molecule test --scenario-name ipvlan --destroy never # its host goes with the kernel
	check tools/uml pytest --hypothesis-profile=ci tests/uml tests/kernel/test_kernel_kinds.py "tests/kernel/test_bridge_network.py::test_from_nothing_to_a_topology_and_back[legacy]"

declarations: $(VENV) ## 10,000 declarations, valid and not, where `make unit` tries 2,000, and all its properties, with new examples in every run; no kernel
	$(begin)
	CNM_DECLARATIONS=10000 pytest tests/unit/hostile tests/unit/state tests/unit/drivers tests/unit/ipam tests/unit/model

unit: $(VENV) ## pytest tests/unit: no root, no kernel, and the same generated examples in every run
	$(begin)
	pytest $(SIDE_BY_SIDE) --hypothesis-profile=ci tests/unit

kernel: machine $(VENV) ## pytest tests/kernel: real netlink in throw-away namespaces
	$(begin)
	pytest $(SIDE_BY_SIDE) -n 4 --hypothesis-profile=ci tests/kernel # half of their time they wait for the kernel

pairs: machine $(VENV) ## from any declaration to any other on a real kernel: 2,000 random pairs, new ones in every run, where `make kernel` tries the same 200
	$(begin)
	CNM_PAIRS=2000 pytest tests/kernel/test_any_to_any.py

lab: machine $(VENV) ## pytest tests/lab and tests/persist: hosts simulated inside this machine, and their return after a power cut
	$(begin)
	pytest tests/lab # it looks at all that is on this machine: nothing else may make hosts meanwhile
	pytest $(SIDE_BY_SIDE) tests/persist

fleet: machine $(VENV) ## pytest tests/site: the playbooks end to end, over lab hosts
	$(begin)
	pytest $(SIDE_BY_SIDE) tests/site

molecule: machine $(VENV) ## the molecule scenarios, over lab hosts, but for ipvlan, which needs more than every kernel has: make test-uml runs that one
	$(begin)
	check molecule test --all --exclude ipvlan

docker: machine $(VENV) ## pytest tests/docker: beside a real Docker engine, that of the machine's suite, in lab hosts
	$(begin)
	pytest $(SIDE_BY_SIDE) tests/docker

test-engines: machine $(VENV) ## pytest tests/docker beside Docker 26, 28 and 29, of other suites (CNM_UBUNTU_MIRROR), one after the other; writes docs/engines.md
	$(begin)
	python -m tests.docker.table

releases: machine $(VENV) ## pytest tests/releases: lab hosts on other Debian releases (CNM_RELEASES, trixie where it is not set)
	$(begin)
	pytest tests/releases

bench: machine $(VENV) ## measures one host, what others take for the same, the plan and the data plane, and writes docs/benchmarks.md
	$(begin)
	for part in one_host peers planning overlay traffic; do python -m bench "$$part"; done

bench-fleet: machine $(VENV) ## measures one site run on fifty lab hosts, and writes docs/benchmarks.md
	$(begin)
	python -m bench fleet

format: $(VENV) ## mends what ruff can mend
	$(begin)
	ruff check --fix-only --quiet
	ruff format --quiet

lock: $(VENV) ## works out requirements/dev.txt anew from requirements/dev.in
	tools/lock

clean: machine ## takes every lab of this machine down, then removes .venv, caches, throw-away trees and the lab's ledger
	$(begin)
	if [ -x .venv/bin/ansible-playbook ]; then
		for lab in lab $$(ls /run/cnm-lab 2>/dev/null || true); do ansible-playbook -i inventories/lab mooring.cnm.lab -e cnm_lab_state=absent -e cnm_lab_name="$$lab"; done
	fi
	find . -path ./.venv -prune -o -name __pycache__ -prune -exec rm -rf {} +
	rm -rf .venv .cache .ansible .hypothesis .pytest_cache inventories/lab/.cnm-ledger.yml /var/cache/cnm-lab
