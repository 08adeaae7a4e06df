# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a namespace test is made of, on top of net.sh. A test says `check WHAT COMMAND...` for what it
# is there to find out (it goes on after a failure), `must WHAT COMMAND...` for what the rest depends
# on, and ends with `finish`. Exit status: 0, 1 if any check failed, 77 if it cannot run here.

# shellcheck source=net.sh
. "$(dirname "${BASH_SOURCE[0]}")/net.sh"

checks_passed=0 checks_failed=0 finished=no

# --- judging ---------------------------------------------------------------------------------------

not() { ! "$@"; }

# check WHAT COMMAND...: one finding of the test.
check() {
	local what=$1
	shift
	if "$@" >"$dir/output" 2>&1; then # in this shell: the command may wait for our children
		checks_passed=$((checks_passed + 1))
		say "ok    $what"
	else
		checks_failed=$((checks_failed + 1))
		say "FAIL  $what"
		say "      $*"
		tail -n 20 "$dir/output" | sed 's/^/      | /'
	fi
}

# must WHAT COMMAND...: as check, but the rest makes no sense without it.
must() {
	local before=$checks_failed
	check "$@"
	((checks_failed == before)) || exit 1
}

# equal WHAT EXPECTED FOUND
same() { [[ $1 == "$2" ]] || { say "expected '$1', found '$2'"; return 1; }; }
equal() { check "$1: $3" same "$2" "$3"; }

# at_most WHAT LIMIT FOUND [UNIT], at_least ...: numbers, with fractions or without.
is_number() { [[ $1 =~ ^-?[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?$ ]]; }
compare() { # FOUND OPERATOR LIMIT
	is_number "$1" || { say "'$1' is no number"; return 1; }
	awk -v a="$1" -v b="$3" "BEGIN { exit !(a + 0 $2 b + 0) }"
}
at_most() { check "$1: $3${4:+ $4} (at most $2)" compare "$3" '<=' "$2"; }
at_least() { check "$1: $3${4:+ $4} (at least $2)" compare "$3" '>=' "$2"; }

# --- the end --------------------------------------------------------------------------------------

# The network namespaces that are ours, by inode, to find what outlives their names.
inodes() {
	local name
	for name in "${namespaces[@]}"; do
		stat -L -c %i "/run/netns/$prefix-$name" 2>/dev/null || true
	done
}

processes_in() { # INODES
	local link inode
	for link in /proc/[0-9]*/ns/net; do
		inode=$(stat -L -c %i "$link" 2>/dev/null) || continue
		if [[ -n $1 ]] && grep -qx "$inode" <<<"$1"; then
			basename "${link%/ns/net}"
		fi
	done
}

no_tunnel_devices() {
	local name found=
	for name in "${namespaces[@]}"; do
		found+=$(ip -n "$prefix-$name" -o link show type tun)
	done
	same '' "$found"
}
no_run_files() { same '' "$(find /run -mindepth 1 ! -path '/run/netns*' ! -type d)"; }
no_processes() {
	local name found=
	for name in "${namespaces[@]}"; do
		found+=$(ip netns pids "$prefix-$name" | xargs -r ps -o pid=,args= -p)
	done
	same '' "$found"
}

# finish: ends what still runs, the way an operator would, and looks for what is left of it.
finish() {
	local who ours
	for who in "${!daemon_pid[@]}"; do
		check "$who ends on SIGTERM" stop "${who%%-*}" "${who#*-}"
		unset "daemon_pid[$who]"
	done
	check "no tunnel device is left" no_tunnel_devices
	check "no control socket is left" no_run_files
	for who in "${captures[@]}"; do
		kill "$who" 2>/dev/null || true
		wait "$who" 2>/dev/null || true
	done
	check "no process is left" until_true 2 no_processes
	ours=$(inodes)
	remove_network
	check "no namespace is left" same '' "$(ip netns list | grep "^$prefix-" || true)"
	check "no process outlives its namespace" same '' "$(processes_in "$ours")"
	finished=yes
	((checks_failed == 0)) || exit 1
	exit 0
}


# A script that runs off its end, or dies of anything but a check, has failed, too.
at_end() { # STATUS
	case $1 in
	77 | 130) return ;;
	0) [[ $finished == yes ]] || { say "FAIL  $program ended without finish"; exit 1; } ;;
	*) ((checks_failed > 0)) || checks_failed=1 ;;
	esac
	say "$checks_passed passed, $checks_failed failed, 0 skipped"
}
