# flowtun: the command people type.
bin_PROGRAMS += src/cli/flowtun
src_cli_flowtun_CPPFLAGS = -I$(srcdir)/src/cli -I$(srcdir)/src/daemon -I$(srcdir)/src/crypto -I$(srcdir)/src/rtmfp \
	-I$(builddir) -DSYSCONFDIR=\"$(sysconfdir)\" -DSBINDIR=\"$(sbindir)\"
src_cli_flowtun_SOURCES = \
	src/cli/cli.h \
	src/cli/keys.c \
	src/cli/main.c \
	src/cli/show.c \
	src/cli/target.c \
	src/cli/updown.c
src_cli_flowtun_LDADD = src/daemon/libdaemon.a src/crypto/libcrypto.a src/rtmfp/librtmfp.a \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/bash-completion/flowtun
