# flowtund: configuration, control socket, wiring.
# What peers' addresses are remembered in; it has to survive a reboot.
flowtun_statedir = /var/lib/flowtun

noinst_LIBRARIES += src/daemon/libdaemon.a
src_daemon_libdaemon_a_CPPFLAGS = -I$(srcdir)/src/daemon -I$(srcdir)/src/tunnel -I$(srcdir)/src/crypto \
	-I$(srcdir)/src/linux -I$(srcdir)/src/rtmfp -I$(builddir) $(JANSSON_CFLAGS) \
	-DRUNDIR=\"$(rundir)\" -DSYSCONFDIR=\"$(sysconfdir)\" -DSTATEDIR=\"$(flowtun_statedir)\"
src_daemon_libdaemon_a_SOURCES = \
	src/daemon/addr.c \
	src/daemon/daemon.c \
	src/daemon/daemon.h \
	src/daemon/dataplane.c \
	src/daemon/network.c \
	src/daemon/peers.c \
	src/daemon/resolver.c \
	src/daemon/resolver.h \
	src/daemon/snapshot.c \
	src/daemon/args.c \
	src/daemon/config.c \
	src/daemon/config_keys.c \
	src/daemon/config_parser.h \
	src/daemon/control.c \
	src/daemon/control_claim.c \
	src/daemon/control_claim.h \
	src/daemon/control_client.c \
	src/daemon/control_test.h \
	src/daemon/daemon_addr.h \
	src/daemon/daemon_args.h \
	src/daemon/daemon_config.h \
	src/daemon/daemon_control.h \
	src/daemon/daemon_log.h \
	src/daemon/daemon_ready.h \
	src/daemon/daemon_state.h \
	src/daemon/daemon_status.h \
	src/daemon/log.c \
	src/daemon/ready.c \
	src/daemon/state.c \
	src/daemon/state_file.c \
	src/daemon/state_file.h \
	src/daemon/status.c \
	src/daemon/status_json.c \
	src/daemon/status_print.c \
	src/daemon/text.c \
	src/daemon/text.h

sbin_PROGRAMS += src/daemon/flowtund
src_daemon_flowtund_CPPFLAGS = $(src_daemon_libdaemon_a_CPPFLAGS)
src_daemon_flowtund_SOURCES = src/daemon/main.c
src_daemon_flowtund_LDADD = src/daemon/libdaemon.a src/tunnel/libtunnel.a src/crypto/libcrypto.a \
	src/linux/liblinux.a src/rtmfp/librtmfp.a $(CRYPTO_LIBS) $(LINUX_LIBS) $(JANSSON_LIBS) -lpthread

# The systemd unit; where units go is the packager's choice.
noinst_DATA = contrib/flowtun@.service
EXTRA_DIST += contrib/flowtun@.service.in
CLEANFILES += contrib/flowtun@.service
contrib/flowtun@.service: $(srcdir)/contrib/flowtun@.service.in Makefile
	$(put_paths) $(srcdir)/contrib/flowtun@.service.in >$@
