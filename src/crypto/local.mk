# The flowtun cryptography profile behind rtmfp's crypto interface; the only place that includes wolfSSL.
noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_CPPFLAGS = -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir) $(WOLFSSL_CFLAGS)
src_crypto_libcrypto_a_SOURCES = \
	src/crypto/crypto_keys.h \
	src/crypto/wolf.h \
	src/crypto/curve.h \
	src/crypto/curve.c \
	src/crypto/entropy.h \
	src/crypto/entropy.c \
	src/crypto/keys.c
CRYPTO_LIBS = $(WOLFSSL_LIBS) $(IPSEC_MB_LIBS)
