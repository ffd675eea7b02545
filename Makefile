# goipd: build, test, try. `make help` lists the targets; docs/building.md explains the router builds.
.DEFAULT_GOAL := help
# The steps share one build folder and report in order.
.NOTPARALLEL:

CARGO ?= cargo
TARGETS ?= mipsel-unknown-linux-musl mips-unknown-linux-musl armv7-unknown-linux-musleabihf
# For which architectures `make ipk` makes packages: openwrt/architectures says which are there, and
# which it makes of itself. HTTPS names those that get `goipd-https` too: all of them, if it is not set.
ARCH ?=
# Passed on to the demo: ARGS=--once ends it by itself.
ARGS ?=

# The scripts look for programs in target/, so cargo has to put them there.
export CARGO_TARGET_DIR := $(CURDIR)/target
STEP := @scripts/step.sh

# Emulated, a life takes some twenty times as long.
MIPS_SEEDS := 20

# How many lives `make soak` simulates, or which one alone; and how often it kills the daemon.
SEEDS ?= 20000
SEED ?=
KILLS ?= 200

# How long `make fuzz` takes for a parser, and which one alone.
SECONDS ?= 30
TARGET ?=

# Test files of tests/ that start goipd as a process. All others run by themselves, also as MIPS
# programs under qemu. Those that take longest come first: several run side by side.
PROCESS_TESTS := minutes kill journal choosing form webhooks received hooks terms events reload lines relay opt_out attack bad_box socket health routes goipctl
AT_ONCE := 4
TABLE_TESTS := $(filter-out $(PROCESS_TESTS),$(basename $(notdir $(wildcard tests/*.rs))))

# The one that holds the relay against programs of others (.tools/checks, .tools/npm, node, curl) is
# in a folder, tests/outside, and runs on this machine only.

# The LuCI pages are held against a real browser, goipd and the simulated box, by Python (tests/luci).

# What `make bench` measures as a process: static as on a router, and runs on this machine.
BENCH_TARGET := x86_64-unknown-linux-musl

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: ## daemon and simulated device, one message sent; ARGS=--once ends by itself
	@scripts/demo.sh $(ARGS)

.PHONY: test
test: begin setup format shellcheck clippy test-host test-https test-luci simulation check-config cross sizes ipk sizes-https test-mips test-mipsel test-armv7 test-package ## everything, as continuous integration runs it
	@echo; cat target/steps

# A program for a router takes some two minutes of a core: those that are not built elsewhere in
# `make test` are left to `make ipk`.
test: ARCH = mipsel_24kc mips_24kc arm_cortex-a7_neon-vfpv4
test: HTTPS = mipsel_24kc

.PHONY: begin
begin:
	@rm -f target/steps

.PHONY: setup
setup: ## install what test and cross need (Debian packages as root; .tools/)
	$(STEP) "setup" scripts/setup.sh

.PHONY: format
format: ## is the code formatted?
	$(STEP) "format" $(CARGO) fmt --all --check

.PHONY: clippy
clippy: ## lints, all of them errors
	$(STEP) "clippy" $(CARGO) clippy --locked --workspace --all-targets -- -D warnings

.PHONY: shellcheck
shellcheck: ## lints for the shell files
	$(STEP) "shellcheck" scripts/shellcheck.sh

.PHONY: test-host
test-host: ## the tests on this machine
	$(STEP) "tests on the host" $(CARGO) test --locked --lib --bins --test inbox_model $(TABLE_TESTS:%=--test %)
	$(STEP) "tests of the simulated box" $(CARGO) test --locked --package goip-sim
	$(STEP) "examples in comments" $(CARGO) test --locked --doc
	$(STEP) "tests of the programs" env CARGO="$(CARGO)" scripts/together.sh $(AT_ONCE) outside $(PROCESS_TESTS)

.PHONY: test-luci
test-luci: ## the LuCI pages in Chromium; pictures of them in target/luci
	@$(CARGO) build --locked --quiet --workspace
	$(STEP) "LuCI pages in Chromium" python3 -m unittest discover --start-directory tests/luci

.PHONY: outside
outside: setup ## the relay before programs that are not ours, alone
	$(CARGO) test --locked --test outside

.PHONY: test-https
test-https: ## webhooks through TLS, on this machine
	$(STEP) "clippy with https" $(CARGO) clippy --locked --all-targets --features https -- -D warnings
	$(STEP) "tests of https" $(CARGO) test --locked --features https --test https

.PHONY: simulation
simulation: ## 2000 simulated lives of each kind, with crashes
	$(STEP) "simulation" env GOIPD_SEEDS=2000 $(CARGO) test --locked --release --test simulation
	$(STEP) "simulation of inboxes" env GOIPD_SEEDS=8000 $(CARGO) test --locked --release --test inbox_model

.PHONY: check-config
check-config: ## does the shipped configuration pass goipctl check?
	@$(CARGO) build --locked --quiet
	@ln -sf goipd target/debug/goipctl
	$(STEP) "shipped configuration" target/debug/goipctl check openwrt/files/goipd.config

.PHONY: cross
cross: setup ## router programs for TARGETS (mipsel, mips and armv7 unless given)
	$(STEP) "cross build" scripts/cross.sh zigbuild --locked --package goipd --profile router $(TARGETS:%=--target %)

.PHONY: sizes
sizes: cross ## size of each router program beside its budget, and what its ELF file must meet
	$(STEP) "sizes" scripts/inspect.sh $(TARGETS)

.PHONY: ipk
ipk: setup ## OpenWrt packages and their index in dist/; ARCH=mipsel_24kc for one architecture
	$(STEP) "build packages" env $(if $(filter undefined,$(origin HTTPS)),,HTTPS="$(HTTPS)") scripts/ipk.sh $(ARCH)
	$(STEP) "package sizes" scripts/weigh.sh

.PHONY: sizes-https
sizes-https: ipk ## size of the router program with https beside its budget
	$(STEP) "size with https" env HTTPS=1 scripts/inspect.sh mipsel-unknown-linux-musl

# A little optimised the unit tests take 22 s of a core under qemu; as they are, ten minutes.
.PHONY: test-mips
test-mips: setup ## unit and table tests as big-endian MIPS programs under qemu
	$(STEP) "tests on big-endian MIPS" env GOIPD_SEEDS=$(MIPS_SEEDS) CARGO_PROFILE_DEV_OPT_LEVEL=1 scripts/cross.sh test --locked --package goipd \
		--target mips-unknown-linux-musl --lib $(TABLE_TESTS:%=--test %)

.PHONY: test-mipsel
test-mipsel: cross ## a send from end to end through the router's own program under qemu
	$(STEP) "end to end on MIPS" env GOIPD_RUNNER=qemu-mipsel-static \
		GOIPD_BIN=$(CURDIR)/target/mipsel-unknown-linux-musl/router/goipd \
		CARGO="$(CARGO)" scripts/together.sh $(AT_ONCE) $(PROCESS_TESTS)

.PHONY: test-armv7
test-armv7: setup ## unit tests as ARM programs under qemu
	$(STEP) "unit tests on ARM" env CARGO_PROFILE_DEV_OPT_LEVEL=1 scripts/cross.sh test --locked --package goipd \
		--target armv7-unknown-linux-musleabihf --lib

.PHONY: test-package
test-package: ## the packages in dist/, field by field, and installed in a root of their own
	$(STEP) "test packages" env CARGO="$(CARGO)" scripts/test-package.sh mipsel_24kc arm_cortex-a7_neon-vfpv4

.PHONY: reproducible
reproducible: ## is dist/ the same when all of it is built anew in another folder?
	scripts/reproducible.sh

.PHONY: soak
soak: ## the simulation with SEEDS lives, or the one of SEED with its log; then KILLS kills
	GOIPD_SEEDS=$(SEEDS) $(if $(SEED),GOIPD_SEED=$(SEED)) $(CARGO) test --locked --release --test simulation -- --nocapture
	GOIPD_KILLS=$(KILLS) $(if $(SEED),GOIPD_SEED=$(SEED)) $(CARGO) test --locked --release --test kill -- --nocapture

.PHONY: fuzz
fuzz: ## every parser of bytes from outside, SECONDS=30 each; TARGET=uci one alone
	@scripts/fuzz.sh $(SECONDS) $(TARGET)

.PHONY: bench
bench: TARGETS = $(BENCH_TARGET)
bench: cross ## the figures of the README, measured here
	@scripts/setup.sh bench || echo "without wrk some figures are '-'"
	GOIPD_BIN=$(CURDIR)/target/$(BENCH_TARGET)/router/goipd $(CARGO) bench --locked --bench figures

.PHONY: clean
clean: ## remove what was built, also .tools/
	$(CARGO) clean
	rm -rf .tools dist fuzz/target
