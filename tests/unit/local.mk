# Unit tests (Check), one program a module.

if HAVE_CHECK
DAEMON_TEST_CPPFLAGS = -I$(srcdir)/src/daemon -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir) $(CHECK_CFLAGS) \
	-DSTATEDIR=\"$(flowtun_statedir)\"
DAEMON_TEST_LDADD = src/daemon/libdaemon.a src/crypto/libcrypto.a src/rtmfp/librtmfp.a \
	$(CRYPTO_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_config_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_status
TESTS += tests/unit/test_status
tests_unit_test_status_SOURCES = tests/unit/test_status.c
tests_unit_test_status_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_status_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_state
TESTS += tests/unit/test_state
tests_unit_test_state_SOURCES = tests/unit/test_state.c
tests_unit_test_state_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_state_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_control
TESTS += tests/unit/test_control
tests_unit_test_control_SOURCES = tests/unit/test_control.c
tests_unit_test_control_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_control_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_log
TESTS += tests/unit/test_log
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_log_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_ready
TESTS += tests/unit/test_ready
tests_unit_test_ready_SOURCES = tests/unit/test_ready.c
tests_unit_test_ready_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_ready_LDADD = $(DAEMON_TEST_LDADD)
endif

# The command, from outside; needs no Check.
check_PROGRAMS += tests/unit/fake_flowtund
TESTS += tests/unit/test_cli.sh
EXTRA_DIST += tests/unit/test_cli.sh
tests_unit_fake_flowtund_SOURCES = tests/unit/fake_flowtund.c
tests_unit_fake_flowtund_CPPFLAGS = -I$(srcdir)/src/daemon -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir)
tests_unit_fake_flowtund_LDADD = src/daemon/libdaemon.a src/crypto/libcrypto.a src/rtmfp/librtmfp.a \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)
