# The tests. One Check program a module; `make check` runs all that need no privileges.
# Scripts are told apart from programs, so that LOG_COMPILER can put valgrind before the latter.
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
include tests/unit/local.mk
include tests/sim/local.mk
include tests/borders/local.mk
include tests/netns/local.mk
