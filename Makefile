# Sluice. `make demo` shows it, `make test` proves it; both install what they
# need on Debian. All output goes below $(BUILD).

BUILD   ?= build
ifeq ($(origin CC),default)
CC       = gcc
endif
# Redis over TLS: where hiredis was built with it (Debian 12's was not).
TLS_PKGS := $(shell pkg-config --exists hiredis_ssl libssl && \
	echo hiredis_ssl libssl libcrypto)
# Many patterns at once; hyperscan or vectorscan.
HS_PKGS := $(shell pkg-config --exists libhs && echo libhs)
# Attachments: only where helpers can be locked in.
INSPECT_PKGS := $(shell pkg-config --exists libseccomp && { echo libseccomp; \
	pkg-config --exists libarchive && echo libarchive; \
	pkg-config --exists libmagic && echo libmagic; })
PKGS     = hiredis libpcre2-8 libidn2 libmd milter $(TLS_PKGS) $(HS_PKGS) \
	$(INSPECT_PKGS)
FEATURES = $(if $(TLS_PKGS),-DSLUICE_TLS) $(if $(HS_PKGS),-DSLUICE_HS) \
	$(if $(filter libarchive,$(INSPECT_PKGS)),-DSLUICE_ARCHIVE) \
	$(if $(filter libmagic,$(INSPECT_PKGS)),-DSLUICE_MAGIC)
VERSION  = 0.1.0

# Where `make install` puts things. DESTDIR goes before all of them.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
FISHDIR    ?= $(PREFIX)/share/fish/vendor_completions.d
DOCDIR     ?= $(PREFIX)/share/doc/sluice

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
       -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wcast-qual \
       -Wwrite-strings -Wimplicit-fallthrough -Wnull-dereference \
       -Wno-overlength-strings
WARN_GCC = -Wlogical-op -Wduplicated-cond -Wduplicated-branches
IS_GCC := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),,yes)
WERROR  ?= $(if $(CI),-Werror)
OPT     ?= -O2 -D_FORTIFY_SOURCE=2
HARDEN  ?= -fstack-protector-strong -fPIE
SANITIZE ?=
CFLAGS  ?= -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"' -Imilter \
	-I$(BUILD)/gen $(FEATURES) $(WARN) $(if $(IS_GCC),$(WARN_GCC)) $(WERROR) $(OPT) \
	$(HARDEN) -pthread $(SANITIZE) $(CFLAGS) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# Both programs look for sluice.conf below it: a build for another folder is a
# $(BUILD) of its own.
ifneq ($(SYSCONFDIR),/etc)
ALL_CFLAGS += -DCONF_DEFAULT_PATH='"$(SYSCONFDIR)/sluice/sluice.conf"'
endif
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -pthread $(SANITIZE) $(LDFLAGS)
LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

# The lowest layer last: an archive may only need those behind it.
LAYERS   = tool daemon conf engine rules store inspect mime base
SRCS     = $(wildcard milter/*/*.c milter/*/*/*.c)
OBJS     = $(SRCS:%.c=$(BUILD)/obj/%.o)
MAINS    = $(BUILD)/obj/milter/daemon/main.o $(BUILD)/obj/milter/tool/main.o
ARCHIVES = $(LAYERS:%=$(BUILD)/lib%.a)
# `make units ONLY=test_url` builds one of them.
ONLY     = $(basename $(notdir $(wildcard tests/unit/test_*.c)))
UNITS    = $(ONLY:%=$(BUILD)/unit/%)
# What they and the scripts beside them start or preload.
UNIT_TOOLS = delay_proxy mime_dump hasty.so nothreads.so

.PHONY: all programs units test test-debian13 demo lint check-asan \
	check-tsan fuzz bench soak format update-golden clean packages \
	install uninstall dist deb test-deb flags
.SECONDARY:

all: programs man

programs: $(BUILD)/sluiced $(BUILD)/sluice

$(BUILD)/sluiced: $(BUILD)/obj/milter/daemon/main.o $(ARCHIVES)
	@echo "  link $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/sluice: $(BUILD)/obj/milter/tool/main.o $(ARCHIVES)
	@echo "  link $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

define ARCHIVE_RULE
$(BUILD)/lib$(1).a: $(filter-out $(MAINS),$(filter $(BUILD)/obj/milter/$(1)/%,$(OBJS)))
	@rm -f $$@
	@ar qcs $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call ARCHIVE_RULE,$(layer))))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A script becomes whole (a line of its own may include another file), then a C
# string and its SHA-1, by which Redis knows it.
$(BUILD)/gen/%.lua: milter/store/%.lua milter/store/charge_seldom.lua
	@mkdir -p $(@D)
	@sed -e '/^--#include charge_seldom.lua$$/{r milter/store/charge_seldom.lua' \
		-e 'd;}' $< > $@

$(BUILD)/gen/%_lua.h: $(BUILD)/gen/%.lua
	@{ echo '/* Made from $<. */'; \
	   printf 'static const char $*_lua_sha1[] = "%s";\n' \
		"$$(sha1sum < $< | cut -c1-40)"; \
	   echo 'static const char $*_lua[] ='; \
	   sed 's/\\/\\\\/g; s/"/\\"/g; s/^/\t"/; s/$$/\\n"/' $<; echo ';'; } > $@

$(BUILD)/obj/milter/store/redis/script.o: $(BUILD)/gen/charge_lua.h
$(BUILD)/obj/milter/store/redis/merge.o: $(BUILD)/gen/merge_lua.h

$(BUILD)/unit/%: tests/unit/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  test $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -Itests/unit $(ALL_LDFLAGS) -o $@ $< \
		$(ARCHIVES) $(LIBS) -lcmocka

# Programs that tests and the benchmark start.
$(BUILD)/lib/%: tests/lib/%.c
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

# What tests put before the C library.
$(BUILD)/lib/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $<

# Of these the program itself is the subject.
SUBJECTS = mime_dump content_cost content_parts
$(SUBJECTS:%=$(BUILD)/lib/%): $(BUILD)/lib/%: tests/lib/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVES) $(LIBS)

# content_cost without libhs: the file that uses it comes first.
$(BUILD)/lib/content_cost_pcre: tests/lib/content_cost.c \
		milter/rules/prefilter.c $(ARCHIVES)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -DSLUICE_HS,$(ALL_CFLAGS)) $(ALL_LDFLAGS) -o $@ \
		$(filter %.c,$^) $(ARCHIVES) $(LIBS)

$(BUILD)/bench/store_bench: tests/bench/store_bench.c \
		$(wildcard tests/bench/client*.c) tests/bench/client.h $(ARCHIVES)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) $(ARCHIVES) \
		$(LIBS)

$(BUILD)/bench/%: tests/bench/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVES) $(LIBS)

# What `make lint` compiles with, by another compiler.
flags:
	@printf '%s\n' '$(subst ','\'',$(ALL_CFLAGS))'

units: $(UNITS) $(UNIT_TOOLS:%=$(BUILD)/lib/%)

-include $(OBJS:.o=.d) $(UNITS:=.d)

packages:
	@tests/setup/packages.sh

test:
	@tests/setup/packages.sh
	@tests/run.sh

update-golden:
	@UPDATE=1 tests/run.sh golden

check-asan:
	@tests/setup/packages.sh
	@tests/run.sh asan

check-tsan:
	@tests/setup/packages.sh
	@tests/run.sh tsan

demo:
	@tests/setup/packages.sh
	@$(MAKE) -s -j2 programs
	@tests/demo.sh

test-debian13:
	@tests/setup/packages.sh debian13
	@tests/debian13.sh

lint:
	@tests/lint.sh

fuzz:
	@tests/setup/packages.sh fuzz
	@tests/fuzz/run.sh

# MINUTES=20 CLIENTS=50 SEED=N, see tests/soak/run.sh
soak:
	@tests/setup/packages.sh
	@$(MAKE) -s -j2 programs
	@tests/soak/run.sh

bench:
	@tests/setup/packages.sh
	@$(MAKE) -s -j2 programs
	@tests/bench/run.sh

include contrib/package/install.mk

format:
	@find milter tests -name '*.[ch]' | xargs clang-format -i

clean:
	rm -rf $(BUILD)
