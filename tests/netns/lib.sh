# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the namespace tests and scripts/demo share: networks of namespaces, tunnels in them, waiting
# for conditions, captures, and an end that leaves nothing behind. Sourced first thing by each.
#
# FLOWTUN_BUILD  the build directory with flowtun and flowtund; without it, those in PATH
# KEEP=1         keep logs and captures also of a test that passes
#
# A test says `check WHAT COMMAND...` for what it is there to find out (it goes on after a failure),
# `must WHAT COMMAND...` for what the rest depends on, and ends with `finish`.
#
# The script runs in a mount namespace of its own with an empty /run and /var/lib: control sockets,
# named namespaces and state files are its own, and whatever is left of them is found.

set -Eeuo pipefail
export LC_ALL=C

test_name=$(basename "$0" .sh)

say() { printf '%s\n' "$*"; }
skip() { say "SKIP: $test_name: $*"; exit 77; }

[[ $(id -u) == 0 ]] || skip "network namespaces need root"
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed (scripts/bootstrap)"
	done
}
need unshare ip nft tcpdump jq ping iperf3

if [[ ${FLOWTUN_ISOLATED:-} != "$$" ]]; then
	[[ -c /dev/net/tun ]] || skip "there is no /dev/net/tun"
	unshare --mount --net true 2>/dev/null || skip "namespaces cannot be made here"
	export FLOWTUN_ISOLATED=$$ # exec keeps the process
	exec unshare --mount --propagation private -- bash "$0" "$@"
fi
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=0755 tmpfs /var/lib

find_program() {
	local place
	if [[ -n ${FLOWTUN_BUILD:-} ]]; then
		for place in "$FLOWTUN_BUILD" "$FLOWTUN_BUILD"/src/cli "$FLOWTUN_BUILD"/src/daemon; do
			if [[ -x $place/$1 && ! -d $place/$1 ]]; then
				(cd "$place" && printf '%s/%s\n' "$PWD" "$1")
				return
			fi
		done
		skip "no $1 in $FLOWTUN_BUILD"
	fi
	command -v "$1" || skip "no $1: set FLOWTUN_BUILD to the build directory"
}
FLOWTUN=$(find_program flowtun) || { say "$FLOWTUN"; exit 77; }
FLOWTUND=$(find_program flowtund) || { say "$FLOWTUND"; exit 77; }
PATH=$(dirname "$FLOWTUND"):$(dirname "$FLOWTUN"):$PATH

dir=$(mktemp -d "${TMPDIR:-/tmp}/flowtun-$test_name.XXXXXX")
prefix=ft$$
declare -a namespaces=()
declare -A daemon_pid=() capture_pid=()
checks_passed=0 checks_failed=0 finished=no
exec {our_stdout}>&1 # a check that ends the script has its output elsewhere

# --- waiting and judging ---------------------------------------------------------------------------

now_us() { printf '%s\n' "${EPOCHREALTIME/./}"; }
ms_since() { printf '%s\n' $(((${EPOCHREALTIME/./} - $1) / 1000)); } # MICROSECONDS

# until_true SECONDS COMMAND...: polls; 1 if the command still fails at the end.
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < end)) || return 1
		sleep 0.02
	done
}

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

# --- networks --------------------------------------------------------------------------------------

in_ns() { # NAMESPACE COMMAND...
	ip netns exec "$prefix-$1" "${@:2}"
}
# The same for `exec_in ... &`: $! is the command's own process id then.
exec_in() {
	exec ip netns exec "$prefix-$1" "${@:2}"
}

# ns NAME...: namespaces with loopback, without address probing and autoconfiguration.
ns() {
	local name
	for name; do
		ip netns add "$prefix-$name"
		namespaces+=("$name")
		in_ns "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0 \
			net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.rp_filter=0
		ip -n "$prefix-$name" link set lo up
	done
}

# veth NS-A IF-A ADDRESSES-A NS-B IF-B ADDRESSES-B: a cable; addresses separated by commas.
veth() {
	local end name addresses address
	ip link add "$2" netns "$prefix-$1" type veth peer name "$5" netns "$prefix-$4"
	for end in "$1 $2 $3" "$4 $5 $6"; do
		read -r end name addresses <<<"$end"
		for address in ${addresses//,/ }; do
			ip -n "$prefix-$end" address add "$address" dev "$name"
		done
		ip -n "$prefix-$end" link set "$name" up
	done
}

forwarding() { in_ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; }

# The network of most tests and of the demonstration:
#
#    client                              router                           gateway
#   +----------------------+            +-------------------------+      +----------------------+
#   | wifi  198.51.100.2 --|------------|-- wifi  198.51.100.1    |      |                      |
#   |   2001:db8:1::2      |            |     2001:db8:1::1       |      |                      |
#   |                      |            |         wan 192.0.2.1 --|------|-- wan 192.0.2.2      |
#   | lte   203.0.113.2  --|------------|-- lte   203.0.113.1     |      |    2001:db8:f::2     |
#   |   2001:db8:2::2      |            |     2001:db8:2::1       |      |                      |
#   +----------------------+            +-------------------------+      +----------------------+
#
# Both uplinks carry a default route; wifi has the better metric, as with any network manager.
network_of_two_uplinks() {
	ns client router gateway
	veth client wifi 198.51.100.2/24,2001:db8:1::2/64 router wifi 198.51.100.1/24,2001:db8:1::1/64
	veth client lte 203.0.113.2/24,2001:db8:2::2/64 router lte 203.0.113.1/24,2001:db8:2::1/64
	veth gateway wan 192.0.2.2/24,2001:db8:f::2/64 router wan 192.0.2.1/24,2001:db8:f::1/64
	forwarding router
	uplink_routes
	ip -n "$prefix-gateway" route add default via 192.0.2.1
	ip -n "$prefix-gateway" route add default via 2001:db8:f::1
	must "client reaches gateway over IPv4" until_true 5 answers client 192.0.2.2
	must "client reaches gateway over IPv6" until_true 5 answers client 2001:db8:f::2
}

# Gives both uplinks their default routes; harmless when they are there.
uplink_routes() {
	local c=$prefix-client
	ip -n "$c" route replace default via 198.51.100.1 dev wifi metric 100
	ip -n "$c" route replace default via 203.0.113.1 dev lte metric 200
	ip -n "$c" route replace default via 2001:db8:1::1 dev wifi metric 100
	ip -n "$c" route replace default via 2001:db8:2::1 dev lte metric 200
}

answers() { in_ns "$1" ping -n -c 1 -W 1 "$2"; } # NAMESPACE ADDRESS

# capture NAMESPACE INTERFACE: the first bytes of each packet, the newest 40 MB of them, into
# NAMESPACE-INTERFACE.pcap*; returns when it runs.
capture() {
	local log=$dir/tcpdump-$1-$2.log
	exec_in "$1" tcpdump --immediate-mode -Z root -n -i "$2" -s 128 -C 20 -W 2 -w "$dir/$1-$2.pcap" 2>"$log" &
	capture_pid[$1-$2]=$!
	must "capture on $2 of $1" until_true 5 grep -q 'listening on' "$log"
}

# --- tunnels ---------------------------------------------------------------------------------------

# keys NAME...: NAME.key and NAME.pub in $dir; key NAME and pub NAME print them.
keys() {
	local name
	for name; do
		(umask 077 && "$FLOWTUN" genkey >"$dir/$name.key")
		"$FLOWTUN" pubkey <"$dir/$name.key" >"$dir/$name.pub"
	done
}
key() { cat "$dir/$1.key"; }
pub() { cat "$dir/$1.pub"; }

# config NAMESPACE INTERFACE <<END: its configuration file, which only root may read.
config_of() { printf '%s\n' "$dir/$1/$2.conf"; }
config() {
	mkdir -p "$dir/$1"
	(umask 077 && cat >"$(config_of "$1" "$2")")
}

# The pair of most tests: ft0 in client (10.77.0.2, fd77::2) and in gateway (10.77.0.1, fd77::1).
# tunnel_configs ENDPOINT [LINES-OF-INTERFACE [LINES-OF-PEER]]: of both.
tunnel_configs() {
	[[ -e $dir/gateway.key ]] || keys client gateway
	config gateway ft0 <<-END
	[Interface]
	PrivateKey = $(key gateway)
	Address = 10.77.0.1/24, fd77::1/64
	ListenPort = 1935
	${2:-}
	[Peer]
	PublicKey = $(pub client)
	AllowedIPs = 10.77.0.2/32, fd77::2/128
	${3:-}
	END
	config client ft0 <<-END
	[Interface]
	PrivateKey = $(key client)
	Address = 10.77.0.2/24, fd77::2/64
	${2:-}
	[Peer]
	PublicKey = $(pub gateway)
	AllowedIPs = 10.77.0.0/24, fd77::/64
	Endpoint = $1
	${3:-}
	END
}

is_up() { # NAMESPACE INTERFACE
	in_ns "$1" "$FLOWTUN" show "$2" && grep '[<,]UP[,>]' < <(ip -n "$prefix-$1" -o link show dev "$2")
}

# start NAMESPACE INTERFACE [ARGUMENT...]: flowtund in the foreground of a background job; returns
# when it answers.
start() {
	local who=$1-$2
	exec_in "$1" "$FLOWTUND" --foreground --interface "$2" --state-dir "$dir/state-$1" --log-level debug \
		"${@:3}" "$(config_of "$1" "$2")" >>"$dir/$who.log" 2>&1 &
	daemon_pid[$who]=$!
	must "$2 comes up in $1" until_true 10 is_up "$1" "$2"
}

# stop NAMESPACE INTERFACE [SIGNAL]: ends it and waits for it; its exit status.
stop() {
	local pid=${daemon_pid[$1-$2]}
	unset "daemon_pid[$1-$2]"
	kill -s "${3:-TERM}" "$pid"
	wait "$pid" 2>/dev/null
}

# json NAMESPACE INTERFACE FILTER: a value of `flowtun show --json`.
json() { in_ns "$1" "$FLOWTUN" show "$2" --json | jq -er "$3"; }

# --- traffic ---------------------------------------------------------------------------------------

listens() { [[ -n $(in_ns "$1" ss -Hltn "sport = :$2") ]]; } # NAMESPACE PORT

# iperf NAMESPACE-OF-CLIENT NAMESPACE-OF-SERVER ADDRESS OUTPUT ARGUMENT...: one test; JSON in OUTPUT.
iperf_port=5200
iperf() {
	iperf_port=$((iperf_port + 1))
	exec_in "$2" iperf3 --server --one-off --port "$iperf_port" >"$dir/iperf3-server.log" 2>&1 &
	local server=$! status=0
	until_true 5 listens "$2" "$iperf_port"
	in_ns "$1" iperf3 --json --client "$3" --port "$iperf_port" --connect-timeout 3000 "${@:5}" >"$4" ||
		status=$?
	kill "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	((status == 0)) || jq -r '.error // "failed"' "$4"
	return "$status"
}

# ping_report FILE: of the output of `ping -D`: sent, received, lost, and the longest time in ms
# between two replies.
ping_report() {
	awk '
	/^\[[0-9.]+\] .*icmp_seq=.* time=/ && !/DUP!/ {
		t = substr($1, 2) + 0
		if (n++ && t - last > gap)
			gap = t - last
		last = t
	}
	/packets transmitted/ { sent = $1; received = $4 }
	END { printf "%d %d %d %.0f\n", sent, received, sent - received, gap * 1000 }' "$1"
}

# --- the end ---------------------------------------------------------------------------------------

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

# Ends every process inside our namespaces (nobody else has any there) by its id, then deletes them.
no_process_in() { [[ -z $(ip netns pids "$prefix-$1" 2>/dev/null) ]]; }
remove_network() {
	local name pids signal
	for name in "${namespaces[@]}"; do
		for signal in TERM KILL; do
			pids=$(ip netns pids "$prefix-$name" 2>/dev/null) || pids=
			[[ -n $pids ]] || break
			# shellcheck disable=SC2086 # one word each
			kill -s "$signal" $pids 2>/dev/null || true
			until_true 3 no_process_in "$name" || true
		done
		ip netns delete "$prefix-$name" 2>/dev/null || true
	done
	namespaces=()
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
	for who in "${!capture_pid[@]}"; do
		kill "${capture_pid[$who]}" 2>/dev/null || true
		wait "${capture_pid[$who]}" 2>/dev/null || true
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

on_exit() {
	local status=$? log
	trap '' INT TERM HUP # once is enough
	trap - EXIT ERR
	set +eE
	exec >&"$our_stdout" 2>&1
	remove_network >/dev/null 2>&1
	if [[ $finished == no ]] && ((status == 0)); then
		say "FAIL  $test_name ended before its end"
		status=1
	fi
	case $status in
	77) ;;
	130) say "$test_name: interrupted; everything is removed" ;;
	0) ;;
	*)
		((checks_failed > 0)) || checks_failed=1
		for log in "$dir"/*.log; do
			[[ -s $log ]] || continue
			say "--- $(basename "$log"), its last lines:"
			tail -n 25 "$log" | sed 's/^/    /'
		done ;;
	esac
	if [[ ${KEEP:-} == 1 ]] || ((status != 0 && status != 77 && status != 130)); then
		say "logs and captures: $dir"
	else
		rm -rf "$dir"
	fi
	if ((status != 77 && status != 130)); then
		say "$checks_passed passed, $checks_failed failed, 0 skipped"
	fi
	exit "$status"
}
trap on_exit EXIT
trap 'say "FAIL  $test_name, line $LINENO: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM HUP
