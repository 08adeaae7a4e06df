# doc
man_MANS = doc/flowtun.8 doc/flowtund.8
dist_man_MANS += doc/flowtun.conf.5
EXTRA_DIST += doc/flowtun.8.in doc/flowtund.8.in
CLEANFILES += doc/flowtun.8 doc/flowtund.8

# Files that name this installation's directories.
put_paths = $(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@sysconfdir[@]|$(sysconfdir)|g' -e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@rundir[@]|$(rundir)|g' -e 's|@statedir[@]|$(flowtun_statedir)|g'
doc/flowtun.8: $(srcdir)/doc/flowtun.8.in Makefile
	$(put_paths) $(srcdir)/doc/flowtun.8.in >$@
doc/flowtund.8: $(srcdir)/doc/flowtund.8.in Makefile
	$(put_paths) $(srcdir)/doc/flowtund.8.in >$@
EXTRA_DIST += \
	doc/PROTOCOL.md \
	doc/rfc7016-coverage.md \
	doc/adr/0001-sans-io-core-with-trains-and-runs.md \
	doc/adr/0002-one-crypto-table-noise-epochs-peers.md \
	doc/adr/0003-intel-ipsec-mb-chosen-at-run-time.md \
	doc/adr/0004-borrowed-writes-and-in-place-delivery.md \
	doc/adr/0005-loss-by-transmission-order.md \
	doc/adr/0006-pacing-instead-of-six-packets.md \
	doc/adr/0007-no-df-bit-until-path-mtu-discovery.md \
	doc/adr/0008-non-persistent-tun.md \
	doc/adr/0009-source-addresses.md \
	doc/adr/0010-control-socket-per-namespace.md
