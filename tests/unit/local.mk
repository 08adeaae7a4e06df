# Unit tests (Check), one program a module.

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
check_PROGRAMS += tests/unit/test_flows_pair
TESTS += tests/unit/test_flows_pair
tests_unit_test_flows_pair_SOURCES = tests/unit/test_flows_pair.c
tests_unit_test_flows_pair_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_pair_LDADD = tests/unit/libflowssim.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
DAEMON_TEST_CPPFLAGS = -I$(srcdir)/src/daemon -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir) $(CHECK_CFLAGS) \
	-DSTATEDIR=\"$(flowtun_statedir)\"
DAEMON_TEST_LDADD = src/daemon/libdaemon.a src/crypto/libcrypto.a src/rtmfp/librtmfp.a \
	$(CRYPTO_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_config_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_status
TESTS += tests/unit/test_status
tests_unit_test_status_SOURCES = tests/unit/test_status.c
tests_unit_test_status_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_status_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_state
TESTS += tests/unit/test_state
tests_unit_test_state_SOURCES = tests/unit/test_state.c
tests_unit_test_state_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_state_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_control
TESTS += tests/unit/test_control
tests_unit_test_control_SOURCES = tests/unit/test_control.c
tests_unit_test_control_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_control_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_log
TESTS += tests/unit/test_log
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_log_LDADD = $(DAEMON_TEST_LDADD)

check_PROGRAMS += tests/unit/test_ready
TESTS += tests/unit/test_ready
tests_unit_test_ready_SOURCES = tests/unit/test_ready.c
tests_unit_test_ready_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_unit_test_ready_LDADD = $(DAEMON_TEST_LDADD)
endif

# The command, from outside; needs no Check.
check_PROGRAMS += tests/unit/fake_flowtund
TESTS += tests/unit/test_cli.sh
EXTRA_DIST += tests/unit/test_cli.sh
tests_unit_fake_flowtund_SOURCES = tests/unit/fake_flowtund.c
tests_unit_fake_flowtund_CPPFLAGS = -I$(srcdir)/src/daemon -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir)
tests_unit_fake_flowtund_LDADD = src/daemon/libdaemon.a src/crypto/libcrypto.a src/rtmfp/librtmfp.a \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_tunnel
TESTS += tests/unit/test_tunnel
tests_unit_test_tunnel_SOURCES = tests/unit/test_tunnel.c tests/unit/tunnel_world.c tests/unit/tunnel_world.h
tests_unit_test_tunnel_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_tunnel_LDADD = src/tunnel/libtunnel.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_tunnel_flows
TESTS += tests/unit/test_tunnel_flows
tests_unit_test_tunnel_flows_SOURCES = tests/unit/test_tunnel_flows.c tests/unit/tunnel_world.c tests/unit/tunnel_world.h
tests_unit_test_tunnel_flows_CPPFLAGS = -I$(srcdir)/src/tunnel -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_tunnel_flows_LDADD = src/tunnel/libtunnel.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
CRYPTO_TEST_CPPFLAGS = -I$(srcdir)/tests/unit -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp $(WOLFSSL_CFLAGS) \
	$(CHECK_CFLAGS) $(JANSSON_CFLAGS)
CRYPTO_TEST_LIBS = src/crypto/libcrypto.a src/rtmfp/librtmfp.a $(CRYPTO_LIBS) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_keys
TESTS += tests/unit/test_crypto_keys
tests_unit_test_crypto_keys_SOURCES = tests/unit/test_crypto_keys.c
tests_unit_test_crypto_keys_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_keys_LDADD = $(CRYPTO_TEST_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_noise
TESTS += tests/unit/test_crypto_noise
tests_unit_test_crypto_noise_SOURCES = tests/unit/test_crypto_noise.c tests/unit/vectors.h
tests_unit_test_crypto_noise_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_noise_LDADD = $(CRYPTO_TEST_LIBS) $(JANSSON_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_primitives
TESTS += tests/unit/test_crypto_primitives
tests_unit_test_crypto_primitives_SOURCES = tests/unit/test_crypto_primitives.c tests/unit/vectors.h
tests_unit_test_crypto_primitives_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_primitives_LDADD = $(CRYPTO_TEST_LIBS) $(JANSSON_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_window
TESTS += tests/unit/test_crypto_window
tests_unit_test_crypto_window_SOURCES = tests/unit/test_crypto_window.c
tests_unit_test_crypto_window_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_window_LDADD = $(CRYPTO_TEST_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_startup
TESTS += tests/unit/test_crypto_startup
tests_unit_test_crypto_startup_SOURCES = tests/unit/test_crypto_startup.c tests/unit/keying.h
tests_unit_test_crypto_startup_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_startup_LDADD = $(CRYPTO_TEST_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_epochs
TESTS += tests/unit/test_crypto_epochs
tests_unit_test_crypto_epochs_SOURCES = tests/unit/test_crypto_epochs.c tests/unit/keying.h
tests_unit_test_crypto_epochs_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_epochs_LDADD = $(CRYPTO_TEST_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_memory
TESTS += tests/unit/test_crypto_memory
tests_unit_test_crypto_memory_SOURCES = tests/unit/test_crypto_memory.c tests/unit/keying.h
tests_unit_test_crypto_memory_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_memory_LDFLAGS = -Wl,--wrap=aligned_alloc -Wl,--wrap=free
tests_unit_test_crypto_memory_LDADD = $(CRYPTO_TEST_LIBS)
endif

EXTRA_DIST += tests/unit/bytes.h tests/unit/prng.h tests/unit/memory.h

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_timer
TESTS += tests/unit/test_timer
tests_unit_test_timer_SOURCES = tests/unit/test_timer.c
tests_unit_test_timer_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_timer_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_idtable
TESTS += tests/unit/test_idtable
tests_unit_test_idtable_SOURCES = tests/unit/test_idtable.c
tests_unit_test_idtable_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_idtable_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_limiter
TESTS += tests/unit/test_limiter
tests_unit_test_limiter_SOURCES = tests/unit/test_limiter.c
tests_unit_test_limiter_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_limiter_LDADD = src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

# What the endpoint is tested with: a profile without cryptography (fakecrypto.h).
if HAVE_CHECK
check_LIBRARIES += tests/unit/libfakecrypto.a
tests_unit_libfakecrypto_a_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit
tests_unit_libfakecrypto_a_SOURCES = \
	tests/unit/fakecrypto.c \
	tests/unit/fakecrypto.h \
	tests/unit/fakecrypto_impl.h \
	tests/unit/fakecrypto_packet.c
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_cookie
TESTS += tests/unit/test_cookie
tests_unit_test_cookie_SOURCES = tests/unit/test_cookie.c
tests_unit_test_cookie_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_cookie_LDADD = tests/unit/libfakecrypto.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif

# The test vectors of doc/PROTOCOL.md, which freeze the profile; needs no Check.
check_PROGRAMS += tests/unit/print_vectors
TESTS += tests/unit/test_vectors.sh
EXTRA_DIST += tests/unit/test_vectors.sh
tests_unit_print_vectors_SOURCES = tests/unit/print_vectors.c
tests_unit_print_vectors_CPPFLAGS = -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir)
tests_unit_print_vectors_LDADD = src/crypto/libcrypto.a src/rtmfp/librtmfp.a $(CRYPTO_LIBS)

EXTRA_DIST += tests/data/README tests/data/noise/cacophony.json \
	tests/data/wycheproof/LICENSE tests/data/wycheproof/aes_gcm.json tests/data/wycheproof/chacha20_poly1305.json \
	tests/data/wycheproof/hkdf_sha256.json tests/data/wycheproof/hmac_sha256.json tests/data/wycheproof/x25519.json

EXTRA_DIST += tests/unit/bytes.h tests/unit/prng.h tests/unit/flows_main.h

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
check_LIBRARIES += tests/unit/libflowssim.a
tests_unit_libflowssim_a_SOURCES = tests/unit/flows_sim.h tests/unit/flows_sim.c \
	tests/unit/flows_script.h tests/unit/flows_script.c
tests_unit_libflowssim_a_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
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
