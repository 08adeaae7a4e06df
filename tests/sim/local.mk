# Whole endpoints on virtual time. The library is for tests alone: nothing of it is installed.
if HAVE_CHECK
check_LIBRARIES += tests/sim/libsim.a
tests_sim_libsim_a_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/src/crypto -I$(srcdir)/tests/unit -I$(srcdir)/tests/sim \
	$(CHECK_CFLAGS)
tests_sim_libsim_a_SOURCES = \
	tests/sim/sim.h \
	tests/sim/sim_app.c \
	tests/sim/sim_check.c \
	tests/sim/sim_identity.c \
	tests/sim/sim_net.c \
	tests/sim/sim_node.c \
	tests/sim/sim_seeds.c \
	tests/sim/sim_seeds.h \
	tests/sim/sim_world.c

SIM_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/src/crypto -I$(srcdir)/tests/unit -I$(srcdir)/tests/sim $(CHECK_CFLAGS)
SIM_LIBS = tests/sim/libsim.a tests/unit/libfakecrypto.a src/crypto/libcrypto.a src/rtmfp/librtmfp.a $(CRYPTO_LIBS) $(CHECK_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_handshake
TESTS += tests/sim/test_sim_handshake
tests_sim_test_sim_handshake_SOURCES = tests/sim/test_sim_handshake.c
tests_sim_test_sim_handshake_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_handshake_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_glare
TESTS += tests/sim/test_sim_glare
tests_sim_test_sim_glare_SOURCES = tests/sim/test_sim_glare.c
tests_sim_test_sim_glare_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_glare_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_flows
TESTS += tests/sim/test_sim_flows
tests_sim_test_sim_flows_SOURCES = tests/sim/test_sim_flows.c
tests_sim_test_sim_flows_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_flows_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_liveness
TESTS += tests/sim/test_sim_liveness
tests_sim_test_sim_liveness_SOURCES = tests/sim/test_sim_liveness.c
tests_sim_test_sim_liveness_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_liveness_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_roaming
TESTS += tests/sim/test_sim_roaming
tests_sim_test_sim_roaming_SOURCES = tests/sim/test_sim_roaming.c
tests_sim_test_sim_roaming_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_roaming_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_rekey
TESTS += tests/sim/test_sim_rekey
tests_sim_test_sim_rekey_SOURCES = tests/sim/test_sim_rekey.c
tests_sim_test_sim_rekey_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_rekey_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_trouble
TESTS += tests/sim/test_sim_trouble
tests_sim_test_sim_trouble_SOURCES = tests/sim/test_sim_trouble.c
tests_sim_test_sim_trouble_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_trouble_LDADD = $(SIM_LIBS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/sim/test_sim_many
TESTS += tests/sim/test_sim_many
tests_sim_test_sim_many_SOURCES = tests/sim/test_sim_many.c
tests_sim_test_sim_many_CPPFLAGS = $(SIM_CPPFLAGS)
tests_sim_test_sim_many_LDADD = $(SIM_LIBS)
endif
