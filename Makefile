# make            programs into build/bin
# make unit       unit, golden and property tests of the libraries
# make check-golden  every recorded case of the reference, where it is at hand
# make check      those and the end-to-end tests (scripts/test runs this)
# make bench-peers  our benches beside their peers, into bench/figures/<processor>.json (bench/peers.py says what it takes)
# make lint       layers, formatting, sizes
# make install    programs, manual pages, completion, recipes (Makefile.install)
# make deb, make rpm  packages (pkg)
# make fuzz       the targets of tests/fuzz with libFuzzer (clang), into build-fuzz/fuzz; tests/fuzz/run runs them
# make SAN=address|thread BUILD=build-asan ...   sanitizer builds
# make WERROR=1 ...  warnings are errors, as in the tests; without it a newer compiler may warn of more and still builds

BUILD ?= build
# One name for a folder: objects built under its other name would not be made anew when a header changes.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
CC ?= gcc
SAN ?=
WERROR ?=

PKGS_TEXT   = yaml-0.1 jansson
PKGS_IMAGE  = libjpeg spng libwebp libwebpdemux libtiff-4
PKGS_LAUNCH = pmix
PKGS_SERVE  = libmicrohttpd
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -O3 -g -fno-math-errno -fno-trapping-math \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-unknown-warning-option -Wno-format-truncation \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -fopenmp -pthread -Isrc \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP $(if $(filter 1,$(WERROR)),-Werror) $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL = -fopenmp -pthread $(LDFLAGS)
ifeq ($(SAN),address)
CFLAGS_ALL += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
LDFLAGS_ALL += -fsanitize=address,undefined
endif
ifeq ($(SAN),fuzz)
# Address and undefined sanitizers and libFuzzer's counters; clang only, see tests/fuzz/fuzz.mk.
CFLAGS_ALL += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -Wno-pass-failed
LDFLAGS_ALL += -fsanitize=address,undefined
endif
ifeq ($(SAN),thread)
# libgomp is not known to the thread sanitizer: plain threads take its place.
CFLAGS_ALL += -fsanitize=thread -DFL_PAR_PTHREAD -O1
LDFLAGS_ALL += -fsanitize=thread
endif

include Makefile.flags

SRC   := $(wildcard src/*/*.c src/*/*/*.c)
OBJ    = $(SRC:%.c=$(BUILD)/obj/%.o)
obj_in = $(filter $(addprefix $(BUILD)/obj/src/,$(addsuffix /%,$(1))),$(OBJ))

# fleetrun sees no tensor; everything but the launcher is one library of flotilla.
LAUNCH_OBJ = $(call obj_in,base text agent launch)
# Plans are made with the arithmetic of the preflight.
CORE_OBJ   = $(filter-out $(call obj_in,launch cmd),$(OBJ)) $(BUILD)/obj/src/launch/measure/estimate.o
FLEETRUN_OBJ = $(BUILD)/obj/src/cmd/fleetrun.o
FLOTILLA_OBJ = $(filter-out $(FLEETRUN_OBJ),$(call obj_in,cmd))

TESTS  := $(wildcard tests/unit/*/*.c tests/unit/*/*/*.c tests/golden/*.c tests/property/*.c)
TEST_BIN = $(TESTS:%.c=$(BUILD)/%)
OPS_OBJ = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/ops/*.c))
SUPPORT_OBJ = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/support/*.c)) $(OPS_OBJ)
BENCH  := $(wildcard bench/*.c)
BENCH_BIN = $(BENCH:bench/%.c=$(BUILD)/bin/%)
PROGRAMS = $(BUILD)/bin/fleetrun $(BUILD)/bin/flotilla

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all always tests unit check check-golden bench bench-peers lint format clean
all: $(PROGRAMS) $(BENCH_BIN)

# Tests and benches name the headers of tests/ from there; src/ does not see them.
$(BUILD)/obj/%.o: %.c Makefile Makefile.flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(if $(filter src/%,$*),,-Itests) $(CFLAGS_$(notdir $*)) $(call folder_flags,$*) -c $< -o $@

# The file that names the commit is compiled anew when that changes.
$(BUILD)/commit: always
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@
$(BUILD)/obj/src/base/version.o: $(BUILD)/commit

$(BUILD)/libflotilla.a: $(CORE_OBJ)
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/liblaunch.a: $(LAUNCH_OBJ)
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/bin/fleetrun: $(FLEETRUN_OBJ) $(BUILD)/liblaunch.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_LAUNCH) -o $@
$(BUILD)/bin/flotilla: $(FLOTILLA_OBJ) $(BUILD)/libflotilla.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_CORE) -o $@
$(BUILD)/bin/%: $(BUILD)/obj/bench/%.o $(BUILD)/libflotilla.a
	@mkdir -p $(@D)
	$(CC) $(filter %.o,$^) $(BUILD)/libflotilla.a $(LDFLAGS_ALL) $(LIBS_CORE) -o $@
# Benches open the programs' devices; the cases of operations are those of the tests.
$(filter-out %/bench_cocoeval,$(BENCH_BIN)): $(BUILD)/obj/src/cmd/backends.o
$(BUILD)/bin/bench_ops: $(OPS_OBJ)
# Played computation, one for our bench and its peers in Python.
$(BUILD)/bin/bench_scaling: $(BUILD)/obj/bench/pace/pace.o $(BUILD)/bin/pace.so
$(BUILD)/bin/pace.so: bench/pace/pace.c
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize=% -MMD -MP,$(CFLAGS_ALL)) -fPIC -shared $< -o $@

# Tests of the launcher link the launcher's library, all others the core's, which the support needs.
FAKE_OBJ = $(addprefix $(BUILD)/obj/tests/support/,launch/fake_attempt.o scratch.o)
$(BUILD)/tests/unit/launch/watch/%: $(BUILD)/obj/tests/unit/launch/watch/%.o $(FAKE_OBJ) $(BUILD)/liblaunch.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_LAUNCH) -lcmocka -o $@
$(BUILD)/tests/unit/launch/%: $(BUILD)/obj/tests/unit/launch/%.o $(BUILD)/obj/tests/support/scratch.o $(BUILD)/liblaunch.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_LAUNCH) -lcmocka -o $@
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SUPPORT_OBJ) $(BUILD)/libflotilla.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_CORE) -lcmocka -o $@

$(BUILD)/programs/many_agents: $(BUILD)/obj/tests/support/programs/many_agents.o $(BUILD)/liblaunch.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_LAUNCH) -o $@
# Small programs that end-to-end tests use beside the real ones.
$(BUILD)/programs/%: $(BUILD)/obj/tests/support/programs/%.o $(SUPPORT_OBJ) $(BUILD)/libflotilla.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(LIBS_CORE) -lcmocka -o $@
$(BUILD)/programs/%.so: tests/support/preload/%.c
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize=%,$(CFLAGS_ALL)) -fPIC -shared $< -ldl -o $@
include tests/fuzz/fuzz.mk
PROGRAMS_E2E = $(patsubst tests/support/programs/%.c,$(BUILD)/programs/%,$(wildcard tests/support/programs/*.c)) \
	$(patsubst tests/support/preload/%.c,$(BUILD)/programs/%.so,$(wildcard tests/support/preload/*.c))

bench: $(BENCH_BIN)
bench-peers: all
	BUILD=$(BUILD) python3 bench/peers.py make
tests: $(TEST_BIN) $(PROGRAMS_E2E) $(FUZZ_BIN)
unit: $(TEST_BIN)
	BUILD=$(BUILD) tests/run $(TEST_BIN)
# Every recorded case of the reference (../shared); minutes.
check-golden: all $(BUILD)/programs/check_golden
	BUILD=$(BUILD) TEST_TIMEOUT=7200 tests/run tests/check_golden.sh
	BUILD=$(BUILD) FULL=1 tests/run tests/e2e/replay.sh
check: all unit $(PROGRAMS_E2E)
	BUILD=$(BUILD) tests/run $(filter-out %/lib.sh,$(wildcard tests/e2e/*.sh tests/cases/*.sh tests/fleet/*.sh))

lint:
	tools/lint
format:
	@clang-format --version | grep -q 'version 14' || { echo "make format: the style is clang-format 14's" \
		"(pip install clang-format==14.0.6 has it); here is: $$(clang-format --version)" >&2; exit 1; }
	clang-format -i $$(git ls-files -co --exclude-standard 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]')

include Makefile.install

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
