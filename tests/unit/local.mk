# Unit tests (Check), one program a module.

EXTRA_DIST += tests/data/README tests/data/profile-vectors.txt tests/data/noise/cacophony.json \
	tests/data/wycheproof/LICENSE tests/data/wycheproof/aes_gcm.json tests/data/wycheproof/chacha20_poly1305.json \
	tests/data/wycheproof/hkdf_sha256.json tests/data/wycheproof/hmac_sha256.json tests/data/wycheproof/x25519.json

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

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_answers tests/unit/print_vectors
TESTS += tests/unit/test_crypto_answers
tests_unit_test_crypto_answers_SOURCES = tests/unit/test_crypto_answers.c tests/unit/story.c tests/unit/story.h \
	tests/unit/keying.h tests/unit/vectors.h
tests_unit_test_crypto_answers_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_test_crypto_answers_LDADD = $(CRYPTO_TEST_LIBS) $(JANSSON_LIBS)
tests_unit_print_vectors_SOURCES = tests/unit/print_vectors.c tests/unit/story.c tests/unit/story.h tests/unit/keying.h
tests_unit_print_vectors_CPPFLAGS = $(CRYPTO_TEST_CPPFLAGS)
tests_unit_print_vectors_LDADD = $(CRYPTO_TEST_LIBS)
endif
