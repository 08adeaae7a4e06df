# TUN/TAP, UDP sockets, netlink, event loop, privileges; knows nothing of RTMFP.
noinst_LIBRARIES += src/linux/liblinux.a
src_linux_liblinux_a_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(LIBNL_CFLAGS)
src_linux_liblinux_a_SOURCES = \
	src/linux/linux_loop.h \
	src/linux/linux_netlink.h \
	src/linux/linux_priv.h \
	src/linux/linux_tun.h \
	src/linux/linux_types.h \
	src/linux/linux_udp.h \
	src/linux/loop.c \
	src/linux/netlink.c \
	src/linux/netlink.h \
	src/linux/netlink_monitor.c \
	src/linux/netlink_route.c \
	src/linux/netlink_rule.c \
	src/linux/priv.c \
	src/linux/tun.c \
	src/linux/types.c \
	src/linux/udp.c \
	src/linux/udp.h \
	src/linux/udp_receive.c \
	src/linux/udp_send.c
LINUX_LIBS = $(LIBNL_LIBS)
