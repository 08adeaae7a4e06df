# TUN/TAP, UDP sockets, netlink, event loop, privileges; knows nothing of RTMFP.
noinst_LIBRARIES += src/linux/liblinux.a
src_linux_liblinux_a_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(LIBNL_CFLAGS)
src_linux_liblinux_a_SOURCES =
