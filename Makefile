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

.PHONY: package
package: build plakar ## Make Plakar's package of it, dist/*.ptar
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

.PHONY: prerequisites
prerequisites: # Fetch what the tests need besides Rust, a C compiler and Go
	@tests/tools/prerequisites
	@$(MAKE) --no-print-directory plakar

# The crates' own tests find the judges by these.
test test-long: export PGARK_PG_BIN := $(PGARK_CACHE)/pg/15/bin

.PHONY: test
test: prerequisites ## Run every test on real servers (Rust, a C compiler and Go; servers and clients are fetched)
	$(CARGO) build --locked -p pgark
	$(CARGO) test --locked --workspace --exclude pgark-demo --no-fail-fast
	$(if $(FOUND_PLAKAR),,cd tests/plakar/ttlmap && go test ./...)

.PHONY: test-long
test-long: prerequisites ## Run the long tests too: full counts
	$(CARGO) build --locked -p pgark
	$(CARGO) test --locked --workspace --exclude pgark-demo --no-fail-fast -- --include-ignored

.PHONY: test-debootstrap
test-debootstrap: ## Run demo and test in a clean Debian made by debootstrap (as root)
	tests/tools/clean-root

.PHONY: fmt
fmt: ## Format
	$(CARGO) fmt --all

.PHONY: check
check: ## Check format, lints, documentation, dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --workspace --no-deps
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
