# The borders between the folders of src/, and a proof that the test for them can fail.
TESTS += tests/borders/borders.sh tests/borders/selftest.sh
EXTRA_DIST += tests/borders/borders.sh tests/borders/selftest.sh
