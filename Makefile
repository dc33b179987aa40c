# The entry to every habit of the project. `make help` lists the targets.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

# What is fetched once and kept: PostgreSQL of every major, plakar, tools. Root's test servers run as another user, who must
# be able to read it. tests/support/kept.rs has the same rule.
ifeq ($(PGARK_CACHE),)
  ifeq ($(shell id -u),0)
    PGARK_CACHE := /var/cache/pgark
  else
    PGARK_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pgark
  endif
endif
export PGARK_CACHE

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
VERSION := v$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# Named by PLAKAR, else on the PATH, else built from tests/plakar. tests/support/program.rs has the same rule.
OWN_PLAKAR := $(PGARK_CACHE)/bin/plakar
FOUND_PLAKAR := $(or $(PLAKAR),$(shell command -v plakar))
DENY_VERSION := 0.20.2
DENY := $(PGARK_CACHE)/tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: build
build: ## Build the plugin's folder, dist/plugin, with the program in it
	$(CARGO) build --locked --release -p pgark
	$(MAKE) --no-print-directory plugin-folder PGARK=$(TARGET)/release/pgark DIST=dist/plugin

.PHONY: plugin-folder
plugin-folder: # Lay out a plugin's folder DIST around the program PGARK
	rm -rf '$(DIST)'
	mkdir -p '$(dir $(DIST))'
	cp -R crates/plugin/package '$(DIST)'
	install -m 755 '$(PGARK)' '$(DIST)/pgark'

.PHONY: static
static: ## Build one file that runs anywhere: with musl, or else static glibc (STATIC=TARGET for another machine)
	@CARGO=$(CARGO) CARGO_TARGET_DIR='$(TARGET)' crates/cli/package/build-static $(STATIC)

.PHONY: dist
dist: ## Make dist/pgark-VERSION-TARGET.tar.gz of it, with manual pages, completions, licences
	CARGO=$(CARGO) CARGO_TARGET_DIR='$(TARGET)' crates/cli/package/pack '$(VERSION)' $(STATIC)

PREFIX ?= /usr/local
BIN := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share
# Where each shell looks, below SHARE.
COMPLETION_bash := bash-completion/completions/pgark
COMPLETION_zsh := zsh/site-functions/_pgark
COMPLETION_fish := fish/vendor_completions.d/pgark.fish
SHELLS := bash zsh fish
# A DESTDIR is what a package is made of, on a machine that need not have the package itself.
PLAKAR_HERE := $(if $(DESTDIR),,$(FOUND_PLAKAR))

.PHONY: install
install: build ## Install program, manual pages and completions below PREFIX (/usr/local), and the plugin into Plakar where there is one
	install -D -m 755 '$(TARGET)/release/pgark' '$(BIN)/pgark'
	rm -rf '$(TARGET)/man'
	'$(BIN)/pgark' man '$(TARGET)/man'
	install -D -m 644 -t '$(SHARE)/man/man1' '$(TARGET)'/man/*.1
	install -D -m 644 -t '$(SHARE)/man/man7' '$(TARGET)'/man/*.7
	$(foreach shell,$(SHELLS),install -d '$(dir $(SHARE)/$(COMPLETION_$(shell)))' && \
	  '$(BIN)/pgark' completions $(shell) > '$(SHARE)/$(COMPLETION_$(shell))' &&) true
	$(if $(PLAKAR_HERE),$(MAKE) --no-print-directory package && '$(PLAKAR_HERE)' pkg add dist/postgresql_$(VERSION)_*.ptar)

.PHONY: uninstall
uninstall: ## Remove what install has put there
	rm -f '$(BIN)/pgark' '$(SHARE)'/man/man1/pgark.1 '$(SHARE)'/man/man1/pgark-*.1 '$(SHARE)/man/man7/plakar-postgresql.7' \
	  $(foreach shell,$(SHELLS),'$(SHARE)/$(COMPLETION_$(shell))')
	$(if $(PLAKAR_HERE),-'$(PLAKAR_HERE)' pkg rm postgresql)

.PHONY: reinstall
reinstall: uninstall install ## Both, with PLAKAR=… and VERSION=… as for install

.PHONY: package
package: build plakar ## Make Plakar's package of it, dist/*.ptar
	@$(MAKE) --no-print-directory ptar

.PHONY: package-tested
package-tested: plakar # The same of the program that the tests have built, which takes no other build
	@$(MAKE) --no-print-directory plugin-folder PGARK=$(TARGET)/debug/pgark DIST=dist/plugin
	@$(MAKE) --no-print-directory ptar

.PHONY: ptar
ptar: # Pack dist/plugin
	rm -f dist/*.ptar
	mkdir -p '$(PGARK_CACHE)/home'
	cd dist && env -u XDG_CONFIG_HOME -u XDG_CACHE_HOME -u XDG_DATA_HOME HOME='$(PGARK_CACHE)/home' \
	  '$(or $(FOUND_PLAKAR),$(OWN_PLAKAR))' pkg create ./plugin/manifest.yaml $(VERSION)

.PHONY: plakar
plakar: # Build plakar, where none is named or on the PATH
	$(if $(FOUND_PLAKAR),,cd tests/plakar && go build -o '$(OWN_PLAKAR)' github.com/PlakarKorp/plakar)

.PHONY: demo
demo: ## Show a dump on a throwaway PostgreSQL: Rust and a C compiler is all it needs
	@command -v $(CARGO) > /dev/null || { echo 'missing on this machine: Rust, by rustup' >&2; exit 1; }
	@command -v cc > /dev/null || { echo 'missing on this machine: a C compiler, such as gcc' >&2; exit 1; }
	$(CARGO) build --locked -p pgark
	$(CARGO) build --locked -p pgark-demo
	@$(TARGET)/debug/pgark-demo

.PHONY: testdb
testdb: ## Start a throwaway PostgreSQL on port 9999 and tell how to restore to it
	$(CARGO) build --locked -p pgark -p pgark-demo
	@$(TARGET)/debug/pgark-demo testdb

.PHONY: prerequisites
prerequisites: # Fetch what the tests need besides Rust, a C compiler and Go
	@tests/tools/prerequisites
	@$(MAKE) --no-print-directory plakar

# One set of features for programs and tests, so that nothing is compiled twice.
TESTED := --locked --workspace --exclude pgark-demo

# The crates' own tests find the judges by these.
test test-long: export PGARK_PG_BIN := $(PGARK_CACHE)/pg/15/bin

# In memory, where there is plenty of it, the servers of the tests take a sixth less time: they make and remove many files.
MEMORY := $(shell awk '/^MemAvailable/ { exit !($$2 > 16e6) }' /proc/meminfo && \
  df --output=avail /dev/shm | awk 'END { exit !($$1 > 16e6) }' && echo /dev/shm)
test integration-test: export PGARK_SERVERS := $(or $(PGARK_SERVERS),$(MEMORY))

.PHONY: test
test: prerequisites ## Run every test on real servers (Rust, a C compiler and Go; servers and clients are fetched)
	$(CARGO) build $(TESTED) --all-targets
	$(CARGO) test $(TESTED) --no-fail-fast
	$(if $(FOUND_PLAKAR),,cd tests/plakar/ttlmap && go test ./...)

.PHONY: unit-test
unit-test: ## Run the tests that need no server
	$(CARGO) test $(TESTED) --lib --bins --no-fail-fast

.PHONY: test-long
test-long: prerequisites ## Run the long tests too: full counts
	$(CARGO) build $(TESTED) --all-targets
	PGARK_TESTS=long $(CARGO) test $(TESTED) --no-fail-fast -- --include-ignored

.PHONY: integration-test
integration-test: prerequisites ## Run the suites against real servers and real Plakar alone
	$(CARGO) build $(TESTED) --all-targets
	$(CARGO) test --locked -p pgark-tests --no-fail-fast

.PHONY: bench
bench: prerequisites ## Measure beside PostgreSQL's own tools (benches/README.md); takes an hour
	$(CARGO) build --locked --release -p pgark -p pgark-benches
	for bench in dump restore basebackup cluster dedup; do $(TARGET)/release/$$bench || exit 1; done

FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: ## Feed the readers of what a server or an archive sends with chance (needs cargo-fuzz and a nightly Rust)
	cd crates/physical && for target in $$($(CARGO) +nightly fuzz list); do \
	  $(CARGO) +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; done

.PHONY: test-debootstrap
test-debootstrap: ## Run demo and test in a clean Debian made by debootstrap (as root)
	tests/tools/clean-root

.PHONY: fmt
fmt: ## Format
	$(CARGO) fmt --all

.PHONY: check
check: ## Check format, lints, documentation, packages of the crates, versions and licences of the dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps
	$(CARGO) package --quiet --locked --workspace --exclude pgark-tests --exclude pgark-demo --exclude pgark-benches --no-verify --allow-dirty
	tests/tools/minimal-versions
	$(MAKE) --no-print-directory deny

.PHONY: deny
deny: $(DENY) ## Check the dependencies' licences, sources and known faults
	$(DENY) --locked check --hide-inclusion-graph bans licenses sources
	@if timeout 60 $(DENY) --locked fetch db > /dev/null 2>&1; then \
	  $(DENY) --locked check --disable-fetch advisories; \
	else \
	  echo 'NOT CHECKED: advisories, for their database cannot be reached from here' >&2; \
	fi

$(DENY):
	$(CARGO) install --locked --root '$(PGARK_CACHE)/tools/cargo-deny-$(DENY_VERSION)' cargo-deny@$(DENY_VERSION)

.PHONY: print-cache
print-cache: # Say where what is fetched is kept
	@echo '$(PGARK_CACHE)'

.PHONY: clean
clean: ## Remove what was built, not what is kept
	$(CARGO) clean
	rm -rf dist
