# Tarn. `make` lists the targets.
SHELL := /bin/bash
GO    ?= go
BIN   := bin/tarn
DATA  ?= data
PKGS  := ./...
export CGO_ENABLED := 1

.DEFAULT_GOAL := help
.PHONY: help run build test race check lint fuzz crash interop differential bench regress generate clean tools

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

tools:
	@command -v $(GO) >/dev/null || { echo "Tarn needs Go (https://go.dev/dl), gcc and make: no go found"; exit 1; }
	@command -v gcc >/dev/null || { echo "Tarn needs gcc for PostgreSQL's parser and DuckDB (apt-get install gcc g++): no gcc found"; exit 1; }
	@if ! $(GO) list -export -f '{{.Export}}' github.com/pganalyze/pg_query_go/v5/parser >/dev/null 2>&1; then \
	  echo "preparing dependencies"; fi

build: tools ## build bin/tarn (the first time compiles PostgreSQL's parser: a minute or two, then cached)
	@mkdir -p bin
	@if [ ! -e bin/.parser ]; then echo "first build: compiling PostgreSQL's parser and linking DuckDB, about two minutes; packages are listed as they finish"; \
	  $(GO) build -v -o $(BIN) ./cmd/tarn && touch bin/.parser; else $(GO) build -o $(BIN) ./cmd/tarn; fi

run: build ## build, start the server on ./data and print how to connect
	@exec $(BIN) serve --data $(DATA)

test: tools ## all tests that need nothing but Go, gcc and make
	@[ -e bin/.parser ] || echo "first run: compiling PostgreSQL's parser and linking DuckDB, about two minutes"
	$(GO) test -p 2 $$($(GO) list $(PKGS) | grep -v /tests/)
	@# these build the binary themselves, which go's cache of results does not see
	$(GO) test -p 2 -count=1 ./tests/...

race: tools ## the short tests under the race detector
	$(GO) test -race -short -p 2 $(PKGS)

lint: tools ## gofmt, vet, staticcheck, tidy go.mod, import direction
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt -w would change:"; echo "$$out"; exit 1; }
	$(GO) vet $(PKGS)
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 $(PKGS)
	$(GO) mod tidy -diff
	$(GO) test ./tests/arch

check: lint race ## what every commit passes: lint and race

fuzz: tools ## run each fuzz target for a while (FUZZTIME=30s)
	@tests/fuzz.sh $${FUZZTIME:-30s}

crash: build ## kill -9 the server under load again and again (ROUNDS=200) inside of merges (MERGES=20) and of CREATE, RESET and DROP BRANCH (TREE=60) and at each step of the mirror (POINTS=2), check the ledger after each restart
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${ROUNDS:-200}
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${ROUNDS:-200} -lake -longest 2s
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${LARGE:-8} -large -longest 5s
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${LARGE:-8} -large -lake -longest 5s
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${MERGES:-20} -merges -longest 80ms
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${TREE:-60} -tree -longest 60ms
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${POINTS:-2} -points
	$(GO) run ./tests/crash -bin $(BIN) -rounds $${POINTS:-2} -points -lake

interop: build ## real clients and Delta readers against a running server; installs what it needs
	@tests/interop/run.sh
	@tests/isolation/run.sh

differential: build ## made-up SQL on Tarn and PostgreSQL 15 for DIFFERENTIAL_TIME (10m), a new seed each time; installs what it needs
	@tests/differential/run.sh

bench: build ## pgbench and DuckDB against PostgreSQL 15 on this machine, prints ratios
	@tests/bench/run.sh

regress: build ## score PostgreSQL's own regression suite, statement by statement
	@tests/regress/run.sh

generate: ## rewrite generated code
	$(GO) generate $(PKGS)

clean: ## remove what make made (not data/)
	rm -rf bin
