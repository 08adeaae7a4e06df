# IP over RTMFP: pure logic, no system calls.
noinst_LIBRARIES += src/tunnel/libtunnel.a
src_tunnel_libtunnel_a_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp
src_tunnel_libtunnel_a_CFLAGS = $(AM_CFLAGS) -std=c11
src_tunnel_libtunnel_a_SOURCES = \
	src/tunnel/tunnel.h \
	src/tunnel/tunnel_allowed_ips.h \
	src/tunnel/tunnel_control.h \
	src/tunnel/tunnel_inner.h \
	src/tunnel/icmp.h \
	src/tunnel/state.h \
	src/tunnel/waiting.h \
	src/tunnel/allowed_ips.c \
	src/tunnel/control.c \
	src/tunnel/icmp.c \
	src/tunnel/inner.c \
	src/tunnel/peer.c \
	src/tunnel/session.c \
	src/tunnel/tunnel.c \
	src/tunnel/waiting.c
