#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The flowtun command as people type it, with a flowtund that makes no tunnel (fake_flowtund). Needs no privileges.
set -u
flowtun=$(pwd)/src/cli/flowtun
FLOWTUND=$(pwd)/tests/unit/fake_flowtund
export FLOWTUND
dir=$(mktemp -d "${TMPDIR:-/tmp}/test_cli.XXXXXX") || exit 99
FLOWTUN_RUNDIR=$dir/run
export FLOWTUN_RUNDIR
cd "$dir" || exit 99
unset WG_COLOR_MODE NO_COLOR
passed=0
failed=0

cleanup() {
	"$flowtun" show interfaces 2>/dev/null | tr ' ' '\n' | while read -r name; do
		"$flowtun" down "$name"
	done
	cd / && rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 99' INT TERM HUP

# expect CODE OUT ERR COMMAND...: exit code, and patterns (of case) that standard output and error must match
expect() {
	code=$1 out=$2 err=$3
	shift 3
	"$@" >out 2>err </dev/null
	got=$?
	verdict=ok
	[ "$got" = "$code" ] || verdict="exit code $got, expected $code"
	# shellcheck disable=SC2254 # they are patterns
	case $(cat out) in $out) ;; *) verdict="stdout: $(cat out), expected: $out" ;; esac
	# shellcheck disable=SC2254
	case $(cat err) in $err) ;; *) verdict="stderr: $(cat err), expected: $err" ;; esac
	if [ "$verdict" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL: $*: $verdict"
	fi
}

# check WHAT COMMAND...: the command succeeds
check() {
	what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL: $what"
	fi
}

private=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=
public=HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=
umask 077
for name in wg0 wg1 fail0 die0 early0; do
	printf '[Interface]\nPrivateKey = %s\nListenPort = 1935\n' $private >$name.conf
done

# help, version, misuse
expect 2 '' 'Usage: flowtun <command>*' "$flowtun"
expect 0 'Usage: flowtun <command>*up *down *show *genkey *pubkey *genpsk *' '' "$flowtun" --help
expect 0 'Usage: flowtun <command>*' '' "$flowtun" help
expect 0 'flowtun [0-9]*' '' "$flowtun" --version
for command in up down show genkey pubkey genpsk; do
	expect 0 "Usage: flowtun $command*" '' "$flowtun" help $command
	expect 0 "Usage: flowtun $command*" '' "$flowtun" $command --help
done
expect 2 '' 'flowtun: found "frob", expected a command*' "$flowtun" frob
expect 2 '' 'flowtun: found "frob", expected a command*' "$flowtun" help frob
expect 2 '' 'flowtun: found nothing, expected <name|file>*' "$flowtun" up
expect 2 '' 'flowtun: found nothing, expected one <name|file>*' "$flowtun" down
expect 2 '' 'flowtun: found "b", expected one <name|file>*' "$flowtun" down a b
expect 2 '' 'flowtun: found "--frob", expected*' "$flowtun" up --frob wg0.conf
expect 2 '' 'flowtun: found "b", expected*' "$flowtun" up a b
expect 2 '' 'flowtun: found nothing after --log-level*' "$flowtun" up wg0.conf --log-level
expect 2 '' 'flowtun: found log level "loud"*' "$flowtun" up wg0.conf --log-level loud
expect 2 '' 'flowtun: found state directory "s"*' "$flowtun" up wg0.conf --state-dir s
expect 2 '' 'flowtun: found "x", expected nothing after genkey*' "$flowtun" genkey x
expect 2 '' 'flowtun: found "extra", expected*' "$flowtun" show wg0 dump extra
expect 2 '' 'flowtun: found both dump and --json*' "$flowtun" show wg0 dump --json
expect 2 '' 'flowtun: found "--xml"*' "$flowtun" show --xml

# keys
key='[A-Za-z0-9+/]*='
expect 0 "$key" '' "$flowtun" genkey
expect 0 "$key" '' "$flowtun" genpsk
"$flowtun" genkey >a && "$flowtun" genkey >b
check 'two keys differ' [ "$(cat a)" != "$(cat b)" ]
check 'a key has 44 characters' [ "$(tr -d '\n' <a | wc -c)" -eq 44 ]
check 'pubkey' [ "$(echo $private | "$flowtun" pubkey)" = $public ]
check 'pubkey without newline' [ "$(printf %s $private | "$flowtun" pubkey)" = $public ]
check 'pubkey with spaces' [ "$(printf '%s \r\n\n' $private | "$flowtun" pubkey)" = $public ]
pubkey_of() { printf '%s' "$1" | "$flowtun" pubkey; }
expect 1 '' 'flowtun: found 0 characters on standard input, expected a private key: 44*' "$flowtun" pubkey
expect 1 '' 'flowtun: found 3 characters on standard input, expected a private key*' pubkey_of abc
expect 1 '' 'flowtun: found 88 characters on standard input*' pubkey_of $private$private
expect 1 '' 'flowtun: found more than 255 characters on standard input*' pubkey_of "$(printf %0300d 0)"
expect 1 '' 'flowtun: found 44 characters on standard input that encode no 32 bytes*' pubkey_of "$(printf %044d 0)"
(umask 022 && "$flowtun" genkey >open.key 2>err)
check 'genkey warns of a file that all may read' grep -q 'Warning: writing to world accessible file' err
(umask 077 && "$flowtun" genkey >closed.key 2>err)
check 'genkey does not warn of a private file' [ ! -s err ]
if [ -w /dev/full ]; then
	full() { "$@" >/dev/full; }
	expect 1 '' 'flowtun: standard output: No space left on device' full "$flowtun" genkey
	expect 1 '' 'flowtun: standard output: No space left on device' full "$flowtun" --help
fi

# nothing is up
expect 0 '' '' "$flowtun" show
expect 0 '' '' "$flowtun" show interfaces
expect 0 '\[\]' '' "$flowtun" show --json
expect 1 '' 'flowtun: wg0 is not up in this network namespace' "$flowtun" show wg0
expect 1 '' 'flowtun: wg0 is not up in this network namespace' "$flowtun" down wg0
expect 1 '' 'flowtun: found interface "a:b"*' "$flowtun" show a:b

# what up refuses by itself
expect 1 '' 'flowtun: found no nosuch0.conf in *' "$flowtun" up nosuch0
expect 1 '' 'flowtun: nosuch0.conf: cannot be read: No such file or directory' "$flowtun" up nosuch0.conf
expect 1 '' 'flowtun: found "./a_name_that_is_too_long.conf", expected*' "$flowtun" up ./a_name_that_is_too_long.conf
printf '[Interface]\nPrivateKey = %s\nMTU = 5\n' $private >bad0.conf
expect 1 '' "flowtun: $dir/bad0.conf:3: found \"5\", expected an MTU from 576 to 65535" "$flowtun" up bad0.conf
check 'nothing was started' [ ! -e run ]

# what flowtund says
expect 1 '' 'flowtun: no such device' "$flowtun" up fail0.conf
expect 1 '' 'flowtun: flowtund ended before die0 was up' "$flowtun" up die0.conf
expect 1 '' 'flowtun: flowtund ended before early0 was up (exit status 7)' "$flowtun" up early0.conf
expect 1 '' 'flowtun: /nonexistent cannot be started: No such file or directory' env FLOWTUND=/nonexistent "$flowtun" up wg0.conf
check 'nothing was left' [ ! -e run ]

# up, show, down
expect 0 '' '' "$flowtun" up wg0.conf
expect 1 '' 'flowtun: wg0 is already run by another flowtund (pid [0-9]*) in this network namespace' "$flowtun" up ./wg0.conf
printf 'DNS = 10.0.0.1\n' >>wg1.conf
expect 0 '' "flowtun: warning: $dir/wg1.conf: without effect so far: DNS" "$flowtun" up --log-level debug "$dir/wg1.conf"
expect 0 'wg0 wg1' '' "$flowtun" show interfaces
expect 0 "interface: wg0
  public key: $public
  private key: (hidden)
  listening port: 1935

interface: wg1
*" '' "$flowtun" show
expect 0 'interface: wg0
*' '' "$flowtun" show wg0
expect 0 "wg0	(hidden)	$public	1935	off
wg1	(hidden)	$public	1935	off" '' "$flowtun" show all dump
expect 0 "(hidden)	$public	1935	off" '' "$flowtun" show wg1 dump
expect 0 '{
  "interface": "wg1",*' '' "$flowtun" show wg1 --json
expect 0 '\[
  {
    "interface": "wg0",*' '' "$flowtun" show --json
WG_COLOR_MODE=always "$flowtun" show wg0 >out
check 'colour on request' grep -q "$(printf '\033\\[32m')" out
expect 0 '' '' "$flowtun" down wg0
expect 0 'wg1' '' "$flowtun" show interfaces
expect 1 '' 'flowtun: wg0 is not up in this network namespace' "$flowtun" down wg0
expect 0 '' '' "$flowtun" up wg0.conf
expect 0 '' '' "$flowtun" down ./wg0.conf
expect 0 '' '' "$flowtun" down "$dir/wg1.conf"
check 'nothing is left' [ ! -e run ]

# a daemon that was killed is no obstacle
expect 0 '' '' "$flowtun" up wg0.conf
killed=$(cat run/*/wg0.lock)
kill -9 "$killed"
while kill -0 "$killed" 2>/dev/null; do sleep 0.01; done # SIGKILL returns before the process is gone
expect 0 '' '' "$flowtun" up wg0.conf
expect 0 '' '' "$flowtun" down wg0
check 'nothing is left after kill -9' [ ! -e run ]

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
