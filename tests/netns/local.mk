# In network namespaces of their own: need root, skip with the reason without it.

if HAVE_CHECK
check_PROGRAMS += tests/netns/test_linux_tun
TESTS += tests/netns/test_linux_tun
tests_netns_test_linux_tun_SOURCES = tests/netns/test_linux_tun.c tests/netns/namespace.c tests/netns/namespace.h
tests_netns_test_linux_tun_CPPFLAGS = -I$(srcdir)/tests/netns -I$(srcdir)/src/linux -I$(builddir) \
	$(CHECK_CFLAGS) $(LIBNL_CFLAGS)
tests_netns_test_linux_tun_LDADD = src/linux/liblinux.a $(LINUX_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/netns/test_linux_netlink
TESTS += tests/netns/test_linux_netlink
tests_netns_test_linux_netlink_SOURCES = tests/netns/test_linux_netlink.c tests/netns/namespace.c \
	tests/netns/namespace.h
tests_netns_test_linux_netlink_CPPFLAGS = -I$(srcdir)/tests/netns -I$(srcdir)/src/linux -I$(builddir) \
	$(CHECK_CFLAGS)
tests_netns_test_linux_netlink_LDADD = src/linux/liblinux.a $(LINUX_LIBS) $(CHECK_LIBS)
endif
