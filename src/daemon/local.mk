# flowtund: configuration, control socket, wiring.
noinst_LIBRARIES += src/daemon/libdaemon.a
src_daemon_libdaemon_a_CPPFLAGS = -I$(srcdir)/src/daemon -I$(srcdir)/src/tunnel -I$(srcdir)/src/crypto \
	-I$(srcdir)/src/linux -I$(srcdir)/src/rtmfp -I$(builddir) $(JANSSON_CFLAGS) \
	-DRUNDIR=\"$(rundir)\" -DSYSCONFDIR=\"$(sysconfdir)\"
src_daemon_libdaemon_a_SOURCES =
