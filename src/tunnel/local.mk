# IP over RTMFP: pure logic, no system calls.
noinst_LIBRARIES += src/tunnel/libtunnel.a
src_tunnel_libtunnel_a_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp
src_tunnel_libtunnel_a_SOURCES =
