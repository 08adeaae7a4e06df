# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Networks of namespaces with tunnels in them, traffic, captures, and an end that leaves nothing
# behind. Sourced first thing by scripts/demo and, through lib.sh, by the namespace tests.
#
# FLOWTUN_BUILD  the build directory with flowtun and flowtund; without it, those in PATH
# KEEP=1         keep logs and captures also of a run that goes well
#
# The script runs in a mount namespace of its own with an empty /run: control sockets and named
# namespaces are its own, and whatever is left of them is found.

set -Eeuo pipefail
export LC_ALL=C

program=$(basename "$0" .sh)

say() { printf '%s\n' "$*"; }
die() { say "FAIL  $*"; exit 1; }
skip() { say "SKIP: $program: $*"; exit 77; }

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
export FLOWTUN_RUNDIR=/run/flowtun

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
export FLOWTUND # what `flowtun up` starts

dir=$(mktemp -d "${TMPDIR:-/tmp}/flowtun-$program.XXXXXX")
prefix=ft$$
declare -a namespaces=()
declare -A daemon_pid=()
captures=()
exec {our_stdout}>&1 # a check that ends the script has its output elsewhere

# --- waiting ---------------------------------------------------------------------------------------

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
	until_true 5 answers client 192.0.2.2 || die "client does not reach gateway over IPv4"
	until_true 5 answers client 2001:db8:f::2 || die "client does not reach gateway over IPv6"
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
	captures+=($!)
	until_true 5 grep -q 'listening on' "$log" || die "no capture on $2 of $1"
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
	in_ns "$1" timeout 5 "$FLOWTUN" show "$2" && grep '[<,]UP[,>]' < <(ip -n "$prefix-$1" -o link show dev "$2")
}

# start NAMESPACE INTERFACE: flowtund in the foreground of a background job; returns when it answers.
start() {
	local who=$1-$2
	exec_in "$1" "$FLOWTUND" --foreground --interface "$2" --state-dir "$dir/state-$1" --log-level debug \
		"$(config_of "$1" "$2")" >>"$dir/$who.log" 2>&1 &
	daemon_pid[$who]=$!
	until_true 10 is_up "$1" "$2" || die "$2 does not come up in $1"
}

# stop NAMESPACE INTERFACE [SIGNAL]: ends it and waits for it; its exit status.
stop() {
	local pid=${daemon_pid[$1-$2]}
	unset "daemon_pid[$1-$2]"
	kill -s "${3:-TERM}" "$pid"
	wait "$pid" 2>/dev/null
}

# json NAMESPACE INTERFACE FILTER: a value of `flowtun show --json`.
json() { in_ns "$1" timeout 5 "$FLOWTUN" show "$2" --json | jq -er "$3"; }

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

# --- the end --------------------------------------------------------------------------------------

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

# at_end STATUS: a last word, before logs are removed. Others may define their own.
at_end() { :; }

on_exit() {
	local status=$? log
	trap '' INT TERM HUP # once is enough
	trap - EXIT ERR
	set +eE
	exec >&"$our_stdout" 2>&1
	remove_network >/dev/null 2>&1
	if ((status == 130)); then
		say "$program: interrupted; everything is removed"
	elif ((status != 0 && status != 77)); then
		for log in "$dir"/*.log; do
			[[ -s $log ]] || continue
			say "--- $(basename "$log"), its last lines:"
			tail -n 25 "$log" | sed 's/^/    /'
		done
	fi
	if [[ ${KEEP:-} == 1 ]] || ((status != 0 && status != 77 && status != 130)); then
		say "logs and captures: $dir"
	else
		rm -rf "$dir"
	fi
	at_end "$status"
	exit "$status"
}
trap on_exit EXIT
trap 'say "FAIL  $program: $BASH_COMMAND" >&"$our_stdout"' ERR
trap 'exit 130' INT TERM HUP
