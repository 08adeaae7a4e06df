# Unit tests (Check), one program a module.

if HAVE_CHECK
check_LIBRARIES += tests/unit/libflowssim.a
tests_unit_libflowssim_a_SOURCES = tests/unit/flows_sim.h tests/unit/flows_sim.c \
	tests/unit/flows_script.h tests/unit/flows_script.c
tests_unit_libflowssim_a_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_pair
TESTS += tests/unit/test_flows_pair
tests_unit_test_flows_pair_SOURCES = tests/unit/test_flows_pair.c
tests_unit_test_flows_pair_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_pair_LDADD = tests/unit/libflowssim.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

EXTRA_DIST += tests/unit/bytes.h tests/unit/prng.h tests/unit/flows_main.h

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_types
TESTS += tests/unit/test_types
tests_unit_test_types_SOURCES = tests/unit/test_types.c
tests_unit_test_types_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_types_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_wire
TESTS += tests/unit/test_wire
tests_unit_test_wire_SOURCES = tests/unit/test_wire.c
tests_unit_test_wire_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_wire_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_chunk
TESTS += tests/unit/test_chunk
tests_unit_test_chunk_SOURCES = tests/unit/test_chunk.c
tests_unit_test_chunk_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_chunk_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_seqset
TESTS += tests/unit/test_seqset
tests_unit_test_seqset_SOURCES = tests/unit/test_seqset.c
tests_unit_test_seqset_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_seqset_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_ack
TESTS += tests/unit/test_ack
tests_unit_test_ack_SOURCES = tests/unit/test_ack.c
tests_unit_test_ack_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_ack_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

EXTRA_DIST += tests/data/rtmfp-packets.txt

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_packets
TESTS += tests/unit/test_packets
tests_unit_test_packets_SOURCES = tests/unit/test_packets.c
tests_unit_test_packets_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS) \
	-DTEST_DATA=\"$(abs_srcdir)/tests/data\"
tests_unit_test_packets_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_linux_loop
TESTS += tests/unit/test_linux_loop
tests_unit_test_linux_loop_SOURCES = tests/unit/test_linux_loop.c
tests_unit_test_linux_loop_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(CHECK_CFLAGS)
tests_unit_test_linux_loop_LDADD = src/linux/liblinux.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_linux_priv
TESTS += tests/unit/test_linux_priv
tests_unit_test_linux_priv_SOURCES = tests/unit/test_linux_priv.c
tests_unit_test_linux_priv_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(CHECK_CFLAGS)
tests_unit_test_linux_priv_LDADD = src/linux/liblinux.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_linux_udp
TESTS += tests/unit/test_linux_udp
tests_unit_test_linux_udp_SOURCES = tests/unit/test_linux_udp.c
tests_unit_test_linux_udp_CPPFLAGS = -I$(srcdir)/src/linux -I$(builddir) $(CHECK_CFLAGS)
tests_unit_test_linux_udp_LDADD = src/linux/liblinux.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_keys
TESTS += tests/unit/test_crypto_keys
tests_unit_test_crypto_keys_SOURCES = tests/unit/test_crypto_keys.c
tests_unit_test_crypto_keys_CPPFLAGS = -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp $(CHECK_CFLAGS)
tests_unit_test_crypto_keys_LDADD = src/crypto/libcrypto.a src/rtmfp/librtmfp.a $(CRYPTO_LIBS) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_allowed_ips
TESTS += tests/unit/test_allowed_ips
tests_unit_test_allowed_ips_SOURCES = tests/unit/test_allowed_ips.c
tests_unit_test_allowed_ips_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_allowed_ips_LDADD = src/tunnel/libtunnel.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_inner
TESTS += tests/unit/test_inner
tests_unit_test_inner_SOURCES = tests/unit/test_inner.c
tests_unit_test_inner_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_inner_LDADD = src/tunnel/libtunnel.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_control_messages
TESTS += tests/unit/test_control_messages
tests_unit_test_control_messages_SOURCES = tests/unit/test_control_messages.c
tests_unit_test_control_messages_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_control_messages_LDADD = src/tunnel/libtunnel.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_txorder
TESTS += tests/unit/test_flows_txorder
tests_unit_test_flows_txorder_SOURCES = tests/unit/test_flows_txorder.c
tests_unit_test_flows_txorder_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_txorder_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_queue
TESTS += tests/unit/test_flows_queue
tests_unit_test_flows_queue_SOURCES = tests/unit/test_flows_queue.c
tests_unit_test_flows_queue_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_queue_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_recvbuf
TESTS += tests/unit/test_flows_recvbuf
tests_unit_test_flows_recvbuf_SOURCES = tests/unit/test_flows_recvbuf.c
tests_unit_test_flows_recvbuf_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_recvbuf_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_rtt
TESTS += tests/unit/test_rtt
tests_unit_test_rtt_SOURCES = tests/unit/test_rtt.c
tests_unit_test_rtt_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_rtt_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_pacer
TESTS += tests/unit/test_pacer
tests_unit_test_pacer_SOURCES = tests/unit/test_pacer.c
tests_unit_test_pacer_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_pacer_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_cc
TESTS += tests/unit/test_cc
tests_unit_test_cc_SOURCES = tests/unit/test_cc.c
tests_unit_test_cc_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_cc_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_send
TESTS += tests/unit/test_flows_send
tests_unit_test_flows_send_SOURCES = tests/unit/test_flows_send.c
tests_unit_test_flows_send_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_send_LDADD = tests/unit/libflowssim.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_recv
TESTS += tests/unit/test_flows_recv
tests_unit_test_flows_recv_SOURCES = tests/unit/test_flows_recv.c
tests_unit_test_flows_recv_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_recv_LDADD = tests/unit/libflowssim.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_hostile
TESTS += tests/unit/test_flows_hostile
tests_unit_test_flows_hostile_SOURCES = tests/unit/test_flows_hostile.c
tests_unit_test_flows_hostile_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_hostile_LDADD = tests/unit/libflowssim.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif
