# The protocol (RFC 7016): ISO C11, sees nothing but itself.
noinst_LIBRARIES += src/rtmfp/librtmfp.a
src_rtmfp_librtmfp_a_CPPFLAGS = -I$(srcdir)/src/rtmfp
src_rtmfp_librtmfp_a_CFLAGS = $(AM_CFLAGS) -std=c11
src_rtmfp_librtmfp_a_SOURCES = \
	src/rtmfp/rtmfp.h \
	src/rtmfp/rtmfp_types.h \
	src/rtmfp/rtmfp_wire.h \
	src/rtmfp/rtmfp_crypto.h \
	src/rtmfp/types.c \
	src/rtmfp/wire.c \
	src/rtmfp/chunk.h \
	src/rtmfp/chunk.c \
	src/rtmfp/seqset.h \
	src/rtmfp/seqset.c \
	src/rtmfp/ack.h \
	src/rtmfp/ack.c \
	src/rtmfp/params.h \
	src/rtmfp/params.c \
	src/rtmfp/flows.h \
	src/rtmfp/flows_impl.h \
	src/rtmfp/flows.c \
	src/rtmfp/flows_check.c \
	src/rtmfp/sendflow.c \
	src/rtmfp/recvflow.c \
	src/rtmfp/sendqueue.h \
	src/rtmfp/sendqueue.c \
	src/rtmfp/recvbuf.h \
	src/rtmfp/recvbuf.c \
	src/rtmfp/txorder.h \
	src/rtmfp/txorder.c \
	src/rtmfp/rtt.h \
	src/rtmfp/rtt.c \
	src/rtmfp/pacer.h \
	src/rtmfp/pacer.c \
	src/rtmfp/cc.h \
	src/rtmfp/cc_rfc7016.c \
	src/rtmfp/pool.h \
	src/rtmfp/pool.c \
	src/rtmfp/bytering.h \
	src/rtmfp/bytering.c \
	src/rtmfp/ring.h \
	src/rtmfp/ring.c
