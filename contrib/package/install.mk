# man, install, uninstall, dist, deb: part of the Makefile.
#
# `make install` never overwrites what is below $(SYSCONFDIR)/sluice: a file
# that was edited stays, and ours goes beside it as NAME.new. `make uninstall`
# takes away what install put there, edited files excepted.

CONFIG_FILES = contrib/sluice.conf $(wildcard rules/*.rules rules/*.test \
	rules/tables/*.txt)
DOC_FILES    = $(wildcard README.md CHANGES.md SECURITY.md LICENSE)
# Kept in their folders: postfix/main.cf.sluice, recipes/NAME.rules …
EXAMPLES     = $(patsubst contrib/%,%,$(wildcard contrib/postfix/* \
	contrib/sendmail/* contrib/redis/* contrib/stunnel/* \
	contrib/prometheus/* contrib/grafana/*))
RECIPES      = $(patsubst rules/%,%,$(wildcard rules/recipes/*))
MAN_SOURCES  = $(wildcard man/*.[1-9])
MAN_PAGES    = $(MAN_SOURCES:%=$(BUILD)/%)

D_SBIN   = $(DESTDIR)$(PREFIX)/sbin
D_BIN    = $(DESTDIR)$(PREFIX)/bin
D_CONF   = $(DESTDIR)$(SYSCONFDIR)/sluice
D_DOC    = $(DESTDIR)$(DOCDIR)
# The unit names its programs and files by Debian's places.
UNIT_SED = s|/usr/\(s*bin/sluice\)|$(PREFIX)/\1|g; \
	s|/etc/sluice|$(SYSCONFDIR)/sluice|g

.PHONY: man

man: $(MAN_PAGES)

$(BUILD)/man/%: man/% man/expand.awk $(wildcard rules/recipes/*.rules)
	@mkdir -p $(@D)
	@LC_ALL=C awk -f man/expand.awk $< > $@.part && mv $@.part $@

install: programs man
	@install -d $(D_SBIN) $(D_BIN) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(BASHDIR) \
		$(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) $(D_DOC)
	@install -m 755 $(BUILD)/sluiced $(D_SBIN)/sluiced
	@install -m 755 $(BUILD)/sluice $(D_BIN)/sluice
	@for page in $(MAN_PAGES); do \
		folder=$(DESTDIR)$(MANDIR)/man$${page##*.}; \
		install -d $$folder && install -m 644 $$page $$folder/ || exit; \
	done
	@sed '$(UNIT_SED)' contrib/systemd/sluice.service \
		> $(DESTDIR)$(UNITDIR)/sluice.service
	@chmod 644 $(DESTDIR)$(UNITDIR)/sluice.service
	@install -m 644 contrib/systemd/sluice.sysusers \
		$(DESTDIR)$(SYSUSERSDIR)/sluice.conf
	@install -m 644 contrib/completion/sluice.bash $(DESTDIR)$(BASHDIR)/sluice
	@install -m 644 contrib/completion/sluice.zsh $(DESTDIR)$(ZSHDIR)/_sluice
	@install -m 644 contrib/completion/sluice.fish \
		$(DESTDIR)$(FISHDIR)/sluice.fish
	@install -m 644 $(DOC_FILES) $(D_DOC)/
	@for file in $(EXAMPLES); do \
		install -D -m 644 contrib/$$file $(D_DOC)/examples/$$file || exit; \
	done
	@for file in $(RECIPES); do \
		install -D -m 644 rules/$$file $(D_DOC)/examples/$$file || exit; \
	done
	@contrib/package/config.sh put $(D_CONF) $(CONFIG_FILES)
	@$(if $(DESTDIR),:,contrib/package/own.sh $(D_CONF))

uninstall:
	@rm -f $(D_SBIN)/sluiced $(D_BIN)/sluice \
		$(DESTDIR)$(UNITDIR)/sluice.service \
		$(DESTDIR)$(SYSUSERSDIR)/sluice.conf \
		$(DESTDIR)$(BASHDIR)/sluice $(DESTDIR)$(ZSHDIR)/_sluice \
		$(DESTDIR)$(FISHDIR)/sluice.fish
	@for page in $(notdir $(MAN_SOURCES)); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page; \
	done
	@rm -rf $(D_DOC)
	@contrib/package/config.sh take $(D_CONF) $(CONFIG_FILES)

dist:
	@contrib/package/dist.sh $(BUILD)/dist

deb:
	@tests/setup/packages.sh build deb
	@contrib/package/deb.sh $(BUILD)/deb

test-deb:
	@tests/setup/packages.sh build deb
	@tests/deb.sh
