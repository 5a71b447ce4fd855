# Each step prints what it does and roughly how long it takes. Everything that is built once is
# kept in a cache outside the checkout (toolchain/README.md).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup base build program stock probe jobs cli demo up dist fmt idl lint costs test test-one test-agave bench chaos soak fuzz mutants reproducible
.NOTPARALLEL:

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/millrace
export CARGO_TARGET_DIR := $(CACHE)/target
export PATH := $(CACHE)/tools/bin:$(PATH)

# Paths of artifacts that are not built by the workspace's own cargo.
export MILLRACE_PROGRAM_SO := $(CURDIR)/target/deploy/millrace_program.so
export MILLRACE_STOCK_SO := $(CURDIR)/target/stock/millrace_program.so
export MILLRACE_PROBE_SO := $(CURDIR)/target/deploy/sbf_probe.so
export MILLRACE_JOBS_DIR := $(CURDIR)/target/jobs
export MILLRACE_BIN := $(CURDIR)/target/bin/millrace

# Debian's OpenSSL instead of one built from source, which takes minutes.
export OPENSSL_NO_VENDOR := 1

# The program's address, if it is not that of the development key (docs/deploying.md).
ifdef PROGRAM_ID
export MILLRACE_PROGRAM_ID := $(PROGRAM_ID)
endif

JOBS := $(patsubst %/Cargo.toml,%,$(wildcard examples/*/Cargo.toml))
# The same packages for every command: with others, dependencies get other features, and
# hundreds of them are built again.
SAME := --locked --workspace --features millrace-cli/faults
AGAVE_BIN = $(shell toolchain/agave.sh --path)
say := @printf >&2 '==> %s\n'

help: ## List all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## Install everything that building and testing need (10 to 20 minutes once, then nothing)
	@toolchain/setup.sh all
	@toolchain/claim.sh

base:
	@toolchain/setup.sh build
	@toolchain/claim.sh

program: base
	@toolchain/sbf/build-program.sh

stock: base
	@toolchain/sbf/build-stock.sh

probe: base
	@toolchain/sbf/reproducible.sh probe

jobs: base
	@for job in $(JOBS); do toolchain/wasi/build-job.sh "$$job"; done

cli: program
	$(say) 'Building millrace (10 to 15 minutes the first time, with all dependencies; seconds later)'
	@cargo build $(SAME) --bin millrace
	@mkdir -p target/bin
	@ln -f "$(CARGO_TARGET_DIR)/debug/millrace" target/bin/millrace 2>/dev/null || \
		cp "$(CARGO_TARGET_DIR)/debug/millrace" target/bin/millrace

# The first build takes minutes, part of which waits for downloads and for the linker: the crates of the
# command line tool are compiled meanwhile. `cli` then only adds the program to the binary.
build: ## Build the program, the example jobs and target/bin/millrace
	@toolchain/setup.sh packages
	@toolchain/claim.sh
	$(say) 'Compiling all dependencies in the background, see $(CACHE)/build.log (10 minutes the first time)'
	@cargo build $(SAME) --bin millrace >"$(CACHE)/build.log" 2>&1 & compiling=$$!; \
		trap 'kill $$compiling 2>/dev/null || true' EXIT; \
		$(MAKE) --no-print-directory program jobs; \
		wait $$compiling || { tail -n 40 "$(CACHE)/build.log" >&2; exit 1; }
	@$(MAKE) --no-print-directory cli

demo: build ## Run a whole network on this machine and render a picture on it
	@target/bin/millrace demo

up: build ## Run a whole network on this machine until Ctrl-C
	@target/bin/millrace up

dist: program ## Build a release archive in target/dist, OPTIONS="--no-default-features" (an hour the first time)
	@toolchain/dist.sh $(OPTIONS)

fmt: ## Format all sources
	@cargo fmt --all
	@cargo fmt --all --manifest-path toolchain/Cargo.toml
	@for job in $(JOBS); do cargo fmt --all --manifest-path "$$job/Cargo.toml"; done

idl: ## Write the program's IDL to idl/millrace_program.json (5 minutes the first time)
	@toolchain/idl.sh

lint: setup program
	$(say) 'Checking the format (seconds)'
	@cargo fmt --all --check
	@cargo fmt --all --check --manifest-path toolchain/Cargo.toml
	@for job in $(JOBS); do cargo fmt --all --check --manifest-path "$$job/Cargo.toml"; done
	$(say) 'Checking with clippy (10 minutes the first time; seconds later)'
	@cargo clippy $(SAME) --all-targets -- -D warnings
	@cargo clippy --locked --manifest-path toolchain/Cargo.toml --workspace --all-targets -- -D warnings
	@for job in $(JOBS); do cargo clippy --locked --manifest-path "$$job/Cargo.toml" --all-targets -- -D warnings; done
	@toolchain/idl.sh --check
	@toolchain/dependencies.sh
	$(say) 'Checking type names, imports, links and prose (seconds)'
	@toolchain/names.sh
	@toolchain/cycles.sh
	@toolchain/links.sh
	@toolchain/prose.sh

test: setup build stock probe lint ## Run all checks, and all tests against the embedded validator
	$(say) 'Running the tests (10 minutes the first time; a few later)'
	@cargo nextest run $(SAME)

test-one: setup build stock probe ## Run the tests whose names contain TEST, or that its nextest arguments select
	@cargo nextest run $(SAME) $(TEST)

test-agave: setup build ## Run the end-to-end tests against the real Agave validator
	@toolchain/agave.sh
	$(say) 'Running the end-to-end tests on Agave (a few minutes)'
	@MILLRACE_VALIDATOR=agave MILLRACE_AGAVE_BIN="$(AGAVE_BIN)" \
		cargo nextest run $(SAME) --test e2e

bench: setup build ## Measure the system on this machine; PARTS selects measurements (25 minutes)
	@toolchain/agave.sh
	$(say) 'Measuring the cost of each instruction (seconds)'
	@MILLRACE_CU_OUT="$(CURDIR)/target/bench-cu.jsonl" cargo nextest run $(SAME) --test program cost::
	$(say) 'Measuring latencies, throughput, fees, recovery and the sandbox (20 minutes)'
	@MILLRACE_CU_OUT="$(CURDIR)/target/bench-cu.jsonl" MILLRACE_AGAVE_BIN="$(AGAVE_BIN)" \
		cargo bench $(SAME) --profile dev --bench bench -- $(PARTS)

costs: setup build ## Measure the cost of each instruction, and update the table that the tests compare with
	@MILLRACE_CU_UPDATE=1 cargo nextest run $(SAME) --test program cost::

chaos: setup build ## Kill orchestrator and agents while COUNT jobs (200) run on a bad network, and at every failpoint (half an hour)
	$(say) 'Killing orchestrator and agents at random on a bad network'
	@MILLRACE_SEED="$(or $(SEED),$(shell date +%s))" MILLRACE_JOBS="$(or $(COUNT),200)" \
		cargo nextest run $(SAME) --profile chaos --no-capture --test e2e chaos::
	$(say) 'Killing the orchestrator at every failpoint, at its first and second occurrence'
	@MILLRACE_OCCURRENCES="$(or $(OCCURRENCES),2)" \
		cargo nextest run $(SAME) --profile chaos --no-capture --test e2e killed::

soak: setup build ## Run jobs for MINUTES (30), and check that nothing grows
	$(say) 'Running a constant load'
	@MILLRACE_MINUTES="$(or $(MINUTES),30)" \
		cargo nextest run $(SAME) --profile soak --no-capture --test e2e soak::

fuzz: program ## Fuzz the program for SECONDS (300), and print the coverage
	$(say) 'Building the fuzzer (a minute the first time)'
	@cargo build $(SAME) --bin fuzz --bin replay
	@toolchain/fuzz.sh $(or $(SECONDS),300)

mutants: ## Check whether the tests notice wrong code: PART=arithmetic or guards (an hour each), OPTIONS="--file FILE"
	@toolchain/setup.sh $(if $(filter guards,$(PART)),build,mutants)
	@toolchain/claim.sh
	@if [ "$(PART)" = guards ]; then \
		toolchain/sbf/build-program.sh; cargo test $(SAME) --no-run --test program --test matrix; \
	fi
	@toolchain/mutants.sh $(or $(PART),arithmetic) $(OPTIONS)

reproducible: base ## Build the program twice and compare the bytes
	@toolchain/sbf/reproducible.sh program
