# What people run, and what `make dist` needs besides sources.
EXTRA_DIST += \
	scripts/bootstrap \
	scripts/build \
	scripts/demo \
	scripts/check \
	scripts/bench \
	tests/netns/.shellcheckrc \
	tests/netns/net.sh \
	tests/netns/lib.sh \
	tests/netns/nameserver.py \
	tests/netns/allowed_ips.sh \
	tests/netns/counters.sh \
	tests/netns/lifecycle.sh \
	tests/netns/restart.sh \
	tests/netns/roam.sh \
	tests/netns/silence.sh \
	tests/netns/suites.sh \
	tests/netns/traffic.sh \
	README.md HACKING.md NEWS COPYING \
	.clang-format .editorconfig .ci/run

# The compiled tests under valgrind, each in one process so that leaks are its own.
VALGRIND = valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible
check-valgrind: $(check_PROGRAMS)
	$(AM_V_at)CK_FORK=no $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$(filter $(check_PROGRAMS),$(TESTS))" \
		LOG_COMPILER="$(VALGRIND)"
.PHONY: check-valgrind
