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
