# The protocol (RFC 7016): ISO C11, sees nothing but itself.
noinst_LIBRARIES += src/rtmfp/librtmfp.a
src_rtmfp_librtmfp_a_CPPFLAGS = -I$(srcdir)/src/rtmfp
src_rtmfp_librtmfp_a_CFLAGS = $(AM_CFLAGS) -std=c11
src_rtmfp_librtmfp_a_SOURCES = \
	src/rtmfp/rtmfp.h \
	src/rtmfp/rtmfp_types.h \
	src/rtmfp/rtmfp_wire.h \
	src/rtmfp/chunk.h \
	src/rtmfp/rtmfp_crypto.h \
	src/rtmfp/params.h \
	src/rtmfp/params.c \
	src/rtmfp/flows.h
