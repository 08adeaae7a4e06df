# TUN/TAP, UDP sockets, netlink, event loop, privileges; knows nothing of RTMFP.
noinst_LIBRARIES += src/linux/liblinux.a
src_linux_liblinux_a_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(LIBNL_CFLAGS)
src_linux_liblinux_a_SOURCES = \
	src/linux/linux_loop.h \
	src/linux/linux_netlink.h \
	src/linux/linux_priv.h \
	src/linux/linux_tun.h \
	src/linux/linux_types.h \
	src/linux/linux_udp.h
