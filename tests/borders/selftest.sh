#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows that borders.sh finds what it is there to find: a small tree that keeps every rule passes,
# and each single violation put into it is found where it is.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for cc in ${CC:-} cc gcc clang; do
	command -v "$cc" >/dev/null && break
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 passed=0

# A tree that keeps the rules, with what could be mistaken for a violation.
fresh() {
	rm -rf "$work/src"
	mkdir -p "$work"/src/{rtmfp,crypto,tunnel,linux,daemon,cli}
	cd "$work/src"
	cat >rtmfp/rtmfp_a.h <<-'END'
	#include <stdint.h>
	struct ops { int (*run)(int); };
	int rtmfp_a(const char *text);
	extern const struct ops rtmfp_ops;
	END
	echo 'int b(int x);' >rtmfp/b.h
	cat >rtmfp/a.c <<-'END'
	/* #include <stdio.h> is forbidden */
	#include "rtmfp_a.h"
	#include "b.h"
	#include <assert.h>
	#include <string.h>
	#include <stdlib.h>
	const struct ops rtmfp_ops = { b };
	static const int table[] = { 1, 2, 3 };
	int rtmfp_a(const char *text)
	{
		char *copy = malloc(strlen(text) + 1);
		if (!copy)
			return table[b(0)];
		memcpy(copy, text, strlen(text) + 1);
		assert(copy != text);
		free(copy);
		return 0;
	}
	END
	printf '#include "b.h"\nint b(int x)\n{\n\treturn x;\n}\n' >rtmfp/b.c
	printf '#include "config.h"\n#include "rtmfp_a.h"\n#include <wolfssl/options.h>\n' >crypto/c.c
	printf '#include "rtmfp_a.h"\n#include "t.h"\n# include <stdio.h>\n' >tunnel/t.c
	echo >tunnel/t.h
	echo >tunnel/tunnel_t.h
	printf '#include "linux_l.h"\n#include <netlink/netlink.h>\n' >linux/l.c
	echo >linux/linux_l.h
	printf '#include "linux_l.h"\n#include "rtmfp_a.h"\n#include "tunnel_t.h"\n#include <jansson.h>\n' >daemon/d.c
	printf '#include <stdio.h>\n' >cli/main.c
}

archive() {
	local file
	rm -f "$work"/*.o "$work/librtmfp.a"
	for file in rtmfp/*.c; do
		"$cc" -O1 -fPIE -I rtmfp -c -o "$work/$(basename "$file" .c).o" "$file"
	done
	ar cr "$work/librtmfp.a" "$work"/*.o
}

borders() {
	bash "$here/borders.sh" "$work/src" "$work/librtmfp.a" 2>&1
}

result() { # PASSED? NAME OUTPUT
	if [[ $1 == yes ]]; then
		passed=$((passed + 1))
		echo "ok   $2"
	else
		failed=$((failed + 1))
		printf 'FAIL %s; borders.sh said:\n%s\n' "$2" "$3"
	fi
}

# found NAME PATTERN: the tree as it is now gives exactly one finding, and it matches PATTERN.
found() {
	local output good=yes
	archive
	if output=$(borders); then
		good=no
	elif [[ $(wc -l <<<"$output") != 2 ]] || ! grep -qE -- "$2" <<<"$output"; then
		good=no
	fi
	result "$good" "$1" "$output"
	fresh
}

fresh
archive
if output=$(borders); then good=yes; else good=no; fi
result "$good" "a tree that keeps the rules passes" "$output"

echo '#include <stdio.h>' >>rtmfp/b.h
found "a system header in the core" 'rtmfp/b\.h:2: rtmfp may not use <stdio\.h>'
echo '  #  include	<time.h>' >>rtmfp/a.c
found "the same, oddly spaced" 'rtmfp/a\.c:[0-9]+: rtmfp may not use <time\.h>'
echo '#include <sys/socket.h>' >>tunnel/t.h
found "a system call in the pure logic" 'tunnel/t\.h:2: tunnel may not use <sys/socket\.h>'
echo '#include "linux_l.h"' >>tunnel/t.c
found "tunnel uses linux" 'tunnel/t\.c:[0-9]+: tunnel may not use linux'
echo '#include "rtmfp_a.h"' >>linux/l.c
found "linux uses rtmfp" 'linux/l\.c:[0-9]+: linux may not use rtmfp'
echo '#include "tunnel_t.h"' >>crypto/c.c
found "crypto uses tunnel" 'crypto/c\.c:[0-9]+: crypto may not use tunnel'
echo '#include "b.h"' >>daemon/d.c
found "a private header of another folder" 'daemon/d\.c:[0-9]+: "b\.h" is neither'
echo '#include "../rtmfp/rtmfp_a.h"' >>daemon/d.c
found "a path in an include" 'daemon/d\.c:[0-9]+: .* names a path'
echo '#include "linux_none.h"' >>daemon/d.c
found "a public header that is not there" 'daemon/d\.c:[0-9]+: there is no "linux_none\.h" in linux'
echo '#include <wolfssl/wolfcrypt/aes.h>' >>daemon/d.c
found "wolfSSL outside of crypto" 'daemon/d\.c:[0-9]+: only crypto may use <wolfssl'
echo '#include <netlink/route/link.h>' >>daemon/d.c
found "netlink outside of linux" 'daemon/d\.c:[0-9]+: only linux may use <netlink'
echo '#include <jansson.h>' >>linux/l.c
found "JSON outside of daemon and cli" 'linux/l\.c:[0-9]+: only daemon and cli'
echo '#include "config.h"' >>tunnel/t.c
found "config.h in the pure logic" 'tunnel/t\.c:[0-9]+: tunnel does not depend on the configuration'
echo '#include HEADER' >>tunnel/t.c
found "an include through a macro" 'tunnel/t\.c:[0-9]+: cannot tell what is included'
echo >tunnel/linux_wrong.h
echo '#include "linux_wrong.h"' >>tunnel/t.c
found "another folder's prefix" 'carries the prefix of linux but lives in tunnel'
mkdir other && echo 'int x;' >other/x.c
found "a folder without a rule" 'other/x\.c: belongs to no folder'
printf 'int getpid(void);\nint b2(void);\nint b2(void)\n{\n\treturn getpid();\n}\n' >>rtmfp/b.c
found "the core calls the system" 'needs getpid \(in b\.o\)'
printf 'int counter = 7;\n' >>rtmfp/b.c
found "an initialised global in the core" '\(b\.o\): writable variable counter in \.data'
printf 'static int calls;\nint b2(void);\nint b2(void)\n{\n\treturn ++calls;\n}\n' >>rtmfp/b.c
found "a static variable in the core" '\(b\.o\): writable variable calls in \.bss'
printf '_Thread_local int mine;\n' >>rtmfp/b.c
found "a thread's variable in the core" 'writable variable mine in \.tbss'
printf 'int b2(void);\nint b2(void)\n{\n\tstatic int n;\n\treturn ++n;\n}\n' >>rtmfp/b.c
found "a static variable in a function" 'writable variable (b2\.)?n(\.[0-9]+)? in \.bss'

rm "$work/librtmfp.a"
if output=$(borders); then good=no; else good=yes; fi
grep -q 'librtmfp\.a: not found' <<<"$output" || good=no
result "$good" "no archive to look at" "$output"

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
