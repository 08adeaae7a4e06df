# Unit tests (Check), one program a module.

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_linux_loop
TESTS += tests/unit/test_linux_loop
tests_unit_test_linux_loop_SOURCES = tests/unit/test_linux_loop.c
tests_unit_test_linux_loop_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(CHECK_CFLAGS)
tests_unit_test_linux_loop_LDADD = src/linux/liblinux.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_linux_priv
TESTS += tests/unit/test_linux_priv
tests_unit_test_linux_priv_SOURCES = tests/unit/test_linux_priv.c
tests_unit_test_linux_priv_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(CHECK_CFLAGS)
tests_unit_test_linux_priv_LDADD = src/linux/liblinux.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_linux_udp
TESTS += tests/unit/test_linux_udp
tests_unit_test_linux_udp_SOURCES = tests/unit/test_linux_udp.c
tests_unit_test_linux_udp_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(CHECK_CFLAGS)
tests_unit_test_linux_udp_LDADD = src/linux/liblinux.a $(CHECK_LIBS)
endif
