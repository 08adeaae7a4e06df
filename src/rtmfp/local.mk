# The protocol (RFC 7016): ISO C11, sees nothing but itself.
noinst_LIBRARIES += src/rtmfp/librtmfp.a
src_rtmfp_librtmfp_a_CPPFLAGS = -I$(srcdir)/src/rtmfp
src_rtmfp_librtmfp_a_CFLAGS = $(AM_CFLAGS) -std=c11
src_rtmfp_librtmfp_a_SOURCES = \
	src/rtmfp/ack.c \
	src/rtmfp/ack.h \
	src/rtmfp/bytering.c \
	src/rtmfp/bytering.h \
	src/rtmfp/cc.h \
	src/rtmfp/cc_rfc7016.c \
	src/rtmfp/chunk.c \
	src/rtmfp/chunk.h \
	src/rtmfp/cookie.c \
	src/rtmfp/cookie.h \
	src/rtmfp/endpoint.c \
	src/rtmfp/endpoint_impl.h \
	src/rtmfp/flows.c \
	src/rtmfp/flows.h \
	src/rtmfp/flows_check.c \
	src/rtmfp/flows_impl.h \
	src/rtmfp/idtable.c \
	src/rtmfp/idtable.h \
	src/rtmfp/limiter.c \
	src/rtmfp/limiter.h \
	src/rtmfp/list.h \
	src/rtmfp/liveness.c \
	src/rtmfp/mobility.c \
	src/rtmfp/opening.c \
	src/rtmfp/outbox.c \
	src/rtmfp/pacer.c \
	src/rtmfp/pacer.h \
	src/rtmfp/packetize.c \
	src/rtmfp/params.c \
	src/rtmfp/params.h \
	src/rtmfp/peer.c \
	src/rtmfp/pool.c \
	src/rtmfp/pool.h \
	src/rtmfp/recvbuf.c \
	src/rtmfp/recvbuf.h \
	src/rtmfp/recvflow.c \
	src/rtmfp/rekey.c \
	src/rtmfp/responder.c \
	src/rtmfp/ring.c \
	src/rtmfp/ring.h \
	src/rtmfp/rtmfp.h \
	src/rtmfp/rtmfp_crypto.h \
	src/rtmfp/rtmfp_types.h \
	src/rtmfp/rtmfp_wire.h \
	src/rtmfp/rtt.c \
	src/rtmfp/rtt.h \
	src/rtmfp/sendflow.c \
	src/rtmfp/sendqueue.c \
	src/rtmfp/sendqueue.h \
	src/rtmfp/seqset.c \
	src/rtmfp/seqset.h \
	src/rtmfp/session.c \
	src/rtmfp/session.h \
	src/rtmfp/session_impl.h \
	src/rtmfp/startup.c \
	src/rtmfp/timer.c \
	src/rtmfp/timer.h \
	src/rtmfp/txorder.c \
	src/rtmfp/txorder.h \
	src/rtmfp/types.c \
	src/rtmfp/wire.c
