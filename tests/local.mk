# The tests. One Check program a module; `make check` runs all that need no privileges.
include tests/unit/local.mk
include tests/sim/local.mk
include tests/netns/local.mk
