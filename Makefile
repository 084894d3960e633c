# The few commands one needs; CMake does the work (CMakePresets.json), CTest runs the tests.
# `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
PORT ?= 8080
# Where `make run` keeps its database. Not below build/, so that `make clean` leaves people's trips alone.
DATA ?= $(or $(TRIPSAGE_DATA_DIR),$(CURDIR)/data)

JOBS := $(shell nproc 2>/dev/null || echo 2)
# One more than there are processors: some tests wait for time to go by.
TESTS := $(shell expr $(JOBS) + 1)
# ccache, where it is installed; CMake looks at this at the first configuration of a build directory.
export CMAKE_C_COMPILER_LAUNCHER ?= $(shell command -v ccache)
CONFIGURE = cmake --log-level=WARNING
BUILD = cmake --build

.DEFAULT_GOAL := help
.PHONY: help run build test test-asan test-tsan lint bench-store bench-postgres bench-auth bench-cache bench-vector bench-operate fuzz plans install supabase-migrations clean deps deps-test \
        image test-image supa.link supa.db.push supa.functions.deploy-all supa.secrets-min supa.secrets-upstash

help: ## Lists the targets.
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-28s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Installs what is missing, builds, and starts the server on 127.0.0.1:8080 over a database with demo data.
	@scripts/run.sh build/release/bin "$(DATA)" "$(PORT)"

build: deps ## Builds library, server and examples; the programs are in build/release/bin/.
	@test -f build/release/build.ninja || \
	  $(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=OFF -DTRIPSAGE_BUILD_BENCH=OFF
	@$(BUILD) build/release --target programs -j $(JOBS)

test: deps-test ## Installs what the tests need, builds, and runs all of them.
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release -j $(JOBS)
	@ctest --preset release -j $(TESTS)
	@cd build/release/tests && grep -H Checks: contract.*.log | sed 's/\.log:.*Checks: \([0-9]*\).*/: \1 cases/'

test-asan: deps-test ## Runs the tests under AddressSanitizer and UndefinedBehaviorSanitizer.
	@$(CONFIGURE) --preset asan
	@$(BUILD) build/asan -j $(JOBS)
	@ctest --preset asan -j $(TESTS)

test-tsan: deps-test ## Runs the tests under ThreadSanitizer.
	@$(CONFIGURE) --preset tsan
	@$(BUILD) build/tsan -j $(JOBS)
	@ctest --preset tsan -j $(TESTS)

FUZZ_SECONDS ?= 60
fuzz: ## Looks for inputs that break a fuzz target (tests/fuzz/), FUZZ_SECONDS (60) for each.
	@scripts/install-deps.sh fuzz
	@$(CONFIGURE) --preset fuzz
	@$(BUILD) --preset fuzz -j $(JOBS)
	@for target in build/fuzz/fuzz/fuzz_*; do \
	  mkdir -p build/fuzz/found/$${target##*/fuzz_}; \
	  $$target -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -close_fd_mask=1 -artifact_prefix=build/fuzz/found/ \
	    build/fuzz/found/$${target##*/fuzz_} tests/fuzz/corpus/$${target##*/fuzz_} || exit 1; \
	done

lint: ## Checks formatting, clang-tidy, the shell scripts and the walls between the rooms.
	@scripts/install-deps.sh lint
	@$(CONFIGURE) --preset dev
	@scripts/lint.sh build/dev

bench-store: deps-test ## Measures the embedded store and writes build/bench/store.json.
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release --target bench_store -j $(JOBS)
	@mkdir -p build/bench
	@build/release/bench/bench_store build/bench/store.json

bench-postgres: deps-test ## Measures the library on PostgreSQL and writes build/bench/postgres.json.
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release --target bench_postgres -j $(JOBS)
	@mkdir -p build/bench
	@tests/rig/rig.sh run "$$(build/release/bench/bench_postgres --rig)" build/release/bench/bench_postgres build/bench/postgres.json

bench-auth: deps-test ## Measures tokens beside bare libjwt, and reads in a storm of sign-ins; writes build/bench/auth.json.
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release --target bench_auth bench_auth_storm -j $(JOBS)
	@mkdir -p build/bench
	@build/release/bench/bench_auth build/bench/auth-tokens.json
	@build/release/bench/bench_auth_storm build/bench/auth-storm.json
	@jq -s '{area: "auth", figures: map(.figures) | add}' build/bench/auth-tokens.json build/bench/auth-storm.json >build/bench/auth.json

bench-cache: ## Measures the cache, who goes from it, and its limiter; writes build/bench/cache.json.
	@scripts/install-deps.sh bench
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release --target bench_cache bench_cache_policy bench_limit -j $(JOBS)
	@mkdir -p build/bench
	@build/release/bench/bench_cache build/bench/cache-memory.json
	@build/release/bench/bench_cache_policy build/bench/cache-policy.json
	@build/release/bench/bench_limit build/bench/cache-limit.json
	@jq -s '{area: "cache", figures: map(.figures) | add}' build/bench/cache-*.json >build/bench/cache.json

bench-vector: ## Measures search by vectors beside others that do it (QUICK=--quick: small sets); writes build/bench/vector.json and plots.
	@scripts/install-deps.sh bench
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release --target bench_vectors -j $(JOBS)
	@tests/bench/vector.sh build/release $(QUICK)

bench-operate: deps-test ## Measures what it takes to operate the server; writes build/bench/operate.json.
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=ON
	@$(BUILD) build/release --target bench_operate_telemetry bench_backup bench_start tripsage-server -j $(JOBS)
	@mkdir -p build/bench
	@build/release/bench/bench_operate_telemetry build/bench/operate-telemetry.json
	@build/release/bench/bench_backup build/bench/operate-backup.json
	@if [ "$$(id -u)" = 0 ] && command -v buildah >/dev/null && command -v debootstrap >/dev/null; then tests/bench/image.sh build/release build/bench/operate-image.json; \
	else echo "Left out: the image, which needs root, buildah and debootstrap."; fi
	@jq -s '{area: "operate", figures: map(.figures) | add}' build/bench/operate-*.json >build/bench/operate.json

plans: deps-test ## Prints how PostgreSQL finds the rows of each statement and call among 1,000,000 trips.
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON
	@$(BUILD) build/release --target test_postgres_plan -j $(JOBS)
	@TRIPSAGE_PLAN_TRIPS=1000000 ctest --preset release -R '^postgres\.plan$$' --verbose

# The loader keeps a list of the libraries in /usr/local/lib; ldconfig adds ours to it.
install: build ## Installs library, headers and programs below DESTDIR/PREFIX (/usr/local).
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

supabase-migrations: ## Copies the migrations for PostgreSQL to supabase/migrations/, named as the Supabase CLI wants them.
	@scripts/supabase-migrations.sh

image: ## Builds the container image tripsage-api (docker/Dockerfile.api) with Docker, Podman or buildah.
	@docker/build-image.sh

test-image: ## Builds the image and looks at it as a container, without an engine; as root.
	@scripts/install-deps.sh image
	@$(CONFIGURE) --preset release -DTRIPSAGE_BUILD_TESTS=ON
	@$(BUILD) build/release --target test_server_stop -j $(JOBS)
	@tests/image/image_test.sh build/release

# What is given on the command line, as the guide does (make supa.secrets-min SUPABASE_ANON_KEY=...), reaches the script in its environment, and as it
# was typed: make would read a $ in it.
SUPA_VALUES = PROJECT_REF ENV SUPABASE SUPABASE_ACCESS_TOKEN SUPABASE_DB_PASSWORD DATABASE_PASSWORD SUPABASE_URL SUPABASE_ANON_KEY \
              SUPABASE_SERVICE_ROLE_KEY UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN API_EXTERNAL_URL WEBHOOK_SECRET
$(foreach name,$(SUPA_VALUES),$(if $(filter command,$(origin $(name))),$(eval override export $(name) := $$(value $(name)))))
supa.%: export MAKEFLAGS :=
supa.%: export MAKEOVERRIDES :=

supa.link: ## Links this folder to a Supabase project: PROJECT_REF=...
	@scripts/supabase.sh link

supa.db.push: ## Applies the migrations to the linked project.
	@scripts/supabase.sh db-push

supa.functions.deploy-all: ## Installs the signed webhooks of the database: PROJECT_REF=... and API_EXTERNAL_URL, WEBHOOK_SECRET.
	@scripts/supabase.sh functions-deploy-all

supa.secrets-min: ## Sets the project's address and keys as its secrets: SUPABASE_URL=... SUPABASE_ANON_KEY=... SUPABASE_SERVICE_ROLE_KEY=...
	@scripts/supabase.sh secrets-min

supa.secrets-upstash: ## Sets those of Upstash: UPSTASH_REDIS_REST_URL=... UPSTASH_REDIS_REST_TOKEN=...
	@scripts/supabase.sh secrets-upstash

clean: ## Removes build/.
	@rm -rf build

deps: ## Installs the Debian packages a build needs, if any is missing.
	@scripts/install-deps.sh build

deps-test: ## Installs the Debian packages the tests need, if any is missing.
	@scripts/install-deps.sh test
