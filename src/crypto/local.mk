# The flowtun cryptography profile behind rtmfp's crypto interface; the only place that includes wolfSSL.
noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_CPPFLAGS = -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp -I$(builddir) $(WOLFSSL_CFLAGS)
src_crypto_libcrypto_a_SOURCES = \
	src/crypto/crypto_keys.h \
	src/crypto/crypto_profile.h \
	src/crypto/wolf.h \
	src/crypto/secret.h \
	src/crypto/secret.c \
	src/crypto/curve.h \
	src/crypto/curve.c \
	src/crypto/entropy.h \
	src/crypto/entropy.c \
	src/crypto/keys.c \
	src/crypto/hash.h \
	src/crypto/hash.c \
	src/crypto/aead.h \
	src/crypto/aead.c \
	src/crypto/aead_wolf.c \
	src/crypto/aead_imb.c \
	src/crypto/noise.h \
	src/crypto/noise.c \
	src/crypto/window.h \
	src/crypto/window.c \
	src/crypto/payload.h \
	src/crypto/payload.c \
	src/crypto/profile.h \
	src/crypto/profile.c \
	src/crypto/peers.c \
	src/crypto/packet.h \
	src/crypto/packet.c \
	src/crypto/handshake.h \
	src/crypto/identity.c \
	src/crypto/startup.c \
	src/crypto/rekey.c
CRYPTO_LIBS = $(WOLFSSL_LIBS) $(IPSEC_MB_LIBS)
