# Unit tests (Check), one program a module.

if HAVE_CHECK
check_LIBRARIES += tests/unit/libflowssim.a
tests_unit_libflowssim_a_SOURCES = tests/unit/flows_sim.h tests/unit/flows_sim.c
tests_unit_libflowssim_a_CPPFLAGS = -I$(srcdir)/src/rtmfp $(CHECK_CFLAGS)
endif

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_flows_pair
TESTS += tests/unit/test_flows_pair
tests_unit_test_flows_pair_SOURCES = tests/unit/test_flows_pair.c
tests_unit_test_flows_pair_CPPFLAGS = -I$(srcdir)/src/rtmfp -I$(srcdir)/tests/unit $(CHECK_CFLAGS)
tests_unit_test_flows_pair_LDADD = tests/unit/libflowssim.a src/rtmfp/librtmfp.a $(CHECK_LIBS)
endif
