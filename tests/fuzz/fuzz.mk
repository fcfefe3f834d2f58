# Fuzzing: make fuzz builds the targets of tests/fuzz with libFuzzer into build-fuzz/fuzz, and make tests builds them
# around a main() that replays tests/fuzz/corpus (tests/e2e/fuzz.sh). tests/fuzz/run says how they are run.
FUZZ := $(wildcard tests/fuzz/*.c tests/fuzz/launch/*.c)
FUZZ_BIN = $(FUZZ:tests/%.c=$(BUILD)/%)
FUZZ_SHARED = $(patsubst %,$(BUILD)/obj/tests/fuzz/shared/%.o,fuzz $(if $(filter fuzz,$(SAN)),,replay))
# libFuzzer's main() takes the place of replay.c's.
FUZZ_LINK = $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer) -Wl,--wrap=fl_log

.PHONY: fuzz
fuzz:
	$(MAKE) SAN=fuzz BUILD=build-fuzz CC="$(if $(findstring clang,$(CC)),$(CC),clang)" fuzz-targets
.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_BIN)

$(BUILD)/fuzz/launch/%: $(BUILD)/obj/tests/fuzz/launch/%.o $(FUZZ_SHARED) $(BUILD)/obj/tests/support/scratch.o $(BUILD)/liblaunch.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(FUZZ_LINK) $(LIBS_LAUNCH) -o $@
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_SHARED) $(patsubst %,$(BUILD)/obj/tests/fuzz/shared/%.o,tensors picture) \
	$(BUILD)/obj/src/cmd/backends.o $(BUILD)/libflotilla.a
	@mkdir -p $(@D)
	$(CC) $^ $(LDFLAGS_ALL) $(FUZZ_LINK) $(LIBS_CORE) -o $@
