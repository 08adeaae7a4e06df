#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The test vectors in doc/PROTOCOL.md are what the code does: print_vectors makes them again, and the block between
# the two markers of appendix B must be the same to the byte. To put new ones there: test_vectors.sh --update.
set -u
srcdir=${srcdir:-.}
document=$srcdir/doc/PROTOCOL.md
begin='<!-- vectors: begin -->'
end='<!-- vectors: end -->'
dir=$(mktemp -d "${TMPDIR:-/tmp}/test_vectors.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' INT TERM HUP

if ! ./tests/unit/print_vectors >"$dir/made"; then
	echo "print_vectors failed"
	exit 1
fi
if [ "$(grep -cxF -e "$begin" -e "$end" "$document")" != 2 ]; then
	echo "$document: expected one line \"$begin\" and one \"$end\""
	exit 1
fi
if [ "${1-}" = --update ]; then
	awk -v begin="$begin" -v end="$end" -v made="$dir/made" '
		$0 == end { print "```"; within = 0 }
		!within { print }
		$0 == begin {
			print "```"
			while ((getline line <made) > 0)
				print line
			within = 1
		}' "$document" >"$dir/new" && cat "$dir/new" >"$document"
	exit
fi
# Without the fences of the code block.
awk -v begin="$begin" -v end="$end" '
	$0 == end { within = 0 }
	within && $0 != "```" { print }
	$0 == begin { within = 1 }' "$document" >"$dir/written"
if ! diff -u "$dir/written" "$dir/made"; then
	echo "$document (-) and the code (+) disagree"
	exit 1
fi
