# Unit tests (Check), one program a module.

if HAVE_CHECK
check_PROGRAMS += tests/unit/test_crypto_keys
TESTS += tests/unit/test_crypto_keys
tests_unit_test_crypto_keys_SOURCES = tests/unit/test_crypto_keys.c
tests_unit_test_crypto_keys_CPPFLAGS = -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp $(CHECK_CFLAGS)
tests_unit_test_crypto_keys_LDADD = src/crypto/libcrypto.a src/rtmfp/librtmfp.a $(CRYPTO_LIBS) $(CHECK_LIBS)
endif
