# MillenniumM Referrals. `make` alone lists what there is.

BUILD := .build
RACE ?=
TOOLS := $(BUILD)/golangci-lint $(BUILD)/sqlc $(BUILD)/oapi-codegen $(BUILD)/workflowcheck
MODULES := . devstack tools/lint tools/sqlc tools/oapi tools/workflowcheck

.DEFAULT_GOAL := help
.PHONY: help run test build stack lint generate check-generated tidy check-tidy check-workflows histories ci clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run everything on this machine: Postgres, Temporal with its UI, api, worker (Ctrl-C stops it)
	@go build -C devstack -o ../$(BUILD)/up ./cmd/up && exec $(BUILD)/up

test: build stack ## Run every test: unit, Postgres and end to end (starts its own Postgres and Temporal)
	$(BUILD)/with-postgres -- go test $(RACE) -timeout 20m ./...
	go -C devstack test -timeout 10m ./...

build: ## Build the millennium binary into .build/
	@mkdir -p $(BUILD)
	go build -o $(BUILD)/millennium ./cmd/millennium

stack: ## Build the private Postgres and Temporal that tests run on (the first time takes about 5 minutes)
	@mkdir -p $(BUILD)
	go -C devstack build -o ../$(BUILD)/with-postgres ./cmd/postgres
	@echo "Building the Temporal server: about 5 minutes the first time, seconds afterwards."
	go -C devstack build -o ../$(BUILD)/temporal ./cmd/temporal

lint: $(BUILD)/golangci-lint ## Lint every module, import rules included
	$(BUILD)/golangci-lint run ./...
	cd devstack && ../$(BUILD)/golangci-lint run ./...

generate: $(BUILD)/sqlc $(BUILD)/oapi-codegen ## Generate the code that comes from SQL and from openapi.yaml
	cd postgres && ../$(BUILD)/sqlc generate
	cd api && ../$(BUILD)/oapi-codegen -config oapi-codegen.yaml openapi.yaml

check-generated: generate ## Fail when generated code is not what its sources give
	@git diff --exit-code -- postgres/db api/openapi && test -z "$$(git status --porcelain postgres/db api/openapi)"

tidy: ## Tidy every module
	@for module in $(MODULES); do (cd $$module && go mod tidy) || exit 1; done

check-tidy: ## Fail when a module is not tidy
	@for module in $(MODULES); do (cd $$module && go mod tidy -diff) || exit 1; done

check-workflows: $(BUILD)/workflowcheck ## Fail when workflow code is not deterministic
	$(BUILD)/workflowcheck ./workflows/...

histories: build stack ## Record the workflow histories that the replay tests use, anew
	RECORD_HISTORIES=1 $(BUILD)/with-postgres -- go test -count=1 -timeout 5m -run TestHistories ./e2e

ci: test lint check-workflows check-generated check-tidy ## Everything that must pass before a change lands

$(BUILD)/golangci-lint: tools/lint/go.mod
	go -C tools/lint build -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BUILD)/sqlc: tools/sqlc/go.mod
	go -C tools/sqlc build -o ../../$@ github.com/sqlc-dev/sqlc/cmd/sqlc
$(BUILD)/oapi-codegen: tools/oapi/go.mod
	go -C tools/oapi build -o ../../$@ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
$(BUILD)/workflowcheck: tools/workflowcheck/go.mod
	go -C tools/workflowcheck build -o ../../$@ go.temporal.io/sdk/contrib/tools/workflowcheck

clean: ## Delete what was built (not .data)
	rm -rf $(BUILD)
