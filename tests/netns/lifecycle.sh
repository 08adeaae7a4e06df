#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Up and down, as people type it: what `flowtun up` makes is what the file says; after `flowtun
# down`, SIGTERM, a failed `up` or a new `up` after SIGKILL nothing of it is left. The same name
# works in two namespaces at once, a full tunnel carries everything but itself.
#
#    client                     router                  gateway
#   +------------------+       +------------------+    +------------------+
#   | ft0  10.77.0.2   |       |                  |    | ft0  10.77.0.1   |
#   | wifi 198.51.100.2|-------| wifi         wan |----| wan  192.0.2.2   |
#   | lte  203.0.113.2 |-------| lte 203.0.113.1  |    | lo   198.18.0.1  |
#   +------------------+       +------------------+    +------------------+
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

network_of_two_uplinks
tunnel_configs 192.0.2.2:1935
capture gateway wan

# Everything a tunnel could leave in a namespace, without what changes by itself.
configuration() { # NAMESPACE
	in_ns "$1" bash -c '
		ip -br link; ip -br address; ip route show table all; ip -6 route show table all
		ip rule; ip -6 rule; nft list ruleset; sysctl -a --pattern "^net\.ipv[46]\.conf\.(all|default|wifi|lte|wan)" ' 2>&1 |
		sed -E 's/ expires [0-9]+sec//; s/@if[0-9]+//' | grep -vE '^(ft0|lo) ' | sort
	find /run -mindepth 1 ! -path '/run/netns*' ! -type d
}
is_clean() { # as it was when |clean| was set
	diff <(printf '%s\n' "$clean") <(configuration client) && not ip -n "$prefix-client" link show dev ft0
}

# flowtun_in NAMESPACE ARGUMENT...: what it says is in $dir/said, too.
flowtun_in() {
	local status=0 options=()
	[[ $2 != up ]] || options=(--state-dir "$dir/state-$1" --log-level debug --log-file "$dir/$1.log")
	in_ns "$1" timeout 20 "$FLOWTUN" "${@:2}" "${options[@]}" >"$dir/said" 2>&1 || status=$?
	cat "$dir/said"
	return "$status"
}
file=$(config_of client ft0)

must "up in the gateway" flowtun_in gateway up "$(config_of gateway ft0)"
clean=$(configuration client)

# --- what the file says ---

check "up" flowtun_in client up "$file"
addresses() { ip -n "$prefix-client" -j address show dev ft0 | jq -r '.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"' | sort | xargs; }
equal "addresses" "10.77.0.2/24 fd77::2/64" "$(addresses)"
routed() { ip -n "$prefix-client" route get "$1" | grep -q ' dev ft0 ' || { ip -n "$prefix-client" route get "$1"; return 1; }; }
check "a route for allowed IPs" routed 10.77.0.77
check "and for IPv6" routed fd77::77
check "none for anything else" not routed 10.78.0.1
check "answers" until_true 5 answers client 10.77.0.1
check "show" flowtun_in client show ft0
check "show prints the interface as wg does" grep -x 'interface: ft0' "$dir/said"
check "show prints the peer as wg does" grep -xF "peer: $(pub gateway)" "$dir/said"
check "show all" flowtun_in client show all
check "show all prints the interface, too" grep -x 'interface: ft0' "$dir/said"
check "show dump" flowtun_in client show ft0 dump
equal "columns of show dump" "4 8" "$(awk -F'\t' '{ print NF }' "$dir/said" | xargs)"
check "show dump holds no secret" not grep -F "$(key client)" "$dir/said"
check "show --json" flowtun_in client show ft0 --json
check "show --json holds no secret" not grep -F "$(key client)" "$dir/said"
equal "show --json" ft0 "$(json client ft0 .interface)"
secret_on_command_line() { tr '\0' '\n' < <(cat /proc/[0-9]*/cmdline 2>/dev/null) | grep -xF -f "$dir/client.key"; }
check "the secret is on no command line" not secret_on_command_line

# --- the same name again, and elsewhere ---

check "a second up of the same name fails" not flowtun_in client up "$file"
check "and says why" grep ft0 "$dir/said"
check "the first is unharmed" answers client 10.77.0.1
equal "the gateway has its own ft0" ft0 "$(json gateway ft0 .interface)"

# --- down ---

check "down by name" flowtun_in client down ft0
check "down leaves nothing" is_clean
check "the gateway's ft0 is unharmed" flowtun_in gateway show ft0
check "down of what is not there fails" not flowtun_in client down ft0
check "show of what is not there fails" not flowtun_in client show ft0
for try in 1 2 3; do
	check "up again, $try" flowtun_in client up "$file"
	check "answers, $try" until_true 5 answers client 10.77.0.1
	check "down by file, $try" flowtun_in client down "$file"
	check "down leaves nothing, $try" is_clean
done

# --- signals ---

daemon_of() { # NAMESPACE: our flowtund in there, by its program
	local pid
	for pid in $(ip netns pids "$prefix-$1"); do
		[[ $(readlink "/proc/$pid/exe") != "$(readlink -f "$FLOWTUND")" ]] || echo "$pid"
	done
}
killed() { # the daemon in the client, and it is dead
	local pid
	pid=$(daemon_of client)
	kill -s KILL "$pid" && until_true 2 not kill -0 "$pid"
}
for signal in TERM INT; do
	check "up before SIG$signal" flowtun_in client up "$file"
	must "one daemon runs" test "$(daemon_of client | wc -l)" = 1
	check "SIG$signal is sent" kill -s "$signal" "$(daemon_of client)"
	check "SIG$signal leaves nothing" until_true 5 is_clean
done
check "up before SIGKILL" flowtun_in client up "$file"
check "answers" until_true 5 answers client 10.77.0.1
must "SIGKILL" killed
check "up after SIGKILL" flowtun_in client up "$file"
check "answers after SIGKILL" until_true 5 answers client 10.77.0.1
check "down after that" flowtun_in client down ft0
check "leaves nothing" is_clean
check "up before SIGKILL" flowtun_in client up "$file"
must "SIGKILL" killed
flowtun_in client down ft0 >/dev/null 2>&1 || true # it may say that nothing runs
check "down after SIGKILL leaves nothing" until_true 5 is_clean

# --- mistakes in the file: file and line, exit 1, nothing done ---

# mistake LINE TEXT PATTERN: TEXT in place of line LINE of the client's file.
mistake() {
	local broken=$dir/broken/ft0.conf status=0
	mkdir -p "$dir/broken"
	(umask 077 && awk -v line="$1" -v text="$2" 'NR == line { print text; next } { print }' "$file" >"$broken")
	flowtun_in client up "$broken" >/dev/null || status=$?
	equal "mistake '$2': exit status" 1 "$status"
	check "mistake '$2': names file and line $1" grep -F "ft0.conf:$1:" "$dir/said"
	check "mistake '$2': says what is wrong" grep -iE -- "$3" "$dir/said"
	equal "mistake '$2': one line" 1 "$(wc -l <"$dir/said")"
	check "mistake '$2': nothing is done" is_clean
}
line_of() { grep -n "^$1" "$file" | head -n 1 | cut -d: -f1; }
mistake "$(line_of Address)" 'Address = 10.77.0.2/33' '10\.77\.0\.2/33'
mistake "$(line_of Address)" 'Adress = 10.77.0.2/24' 'Adress'
mistake "$(line_of Address)" 'MTU = 100' '100'
mistake "$(line_of Address)" 'ListenPort = 70000' '70000'
mistake "$(line_of PrivateKey)" 'PrivateKey = tooshort' 'PrivateKey'
mistake "$(line_of PublicKey)" 'PublicKey = !!!!' '!!!!'
mistake "$(line_of Endpoint)" 'Endpoint = 192.0.2.2' '192\.0\.2\.2'
mistake "$(line_of Endpoint)" 'Endpoint = 192.0.2.2:0' '192\.0\.2\.2:0'
mistake "$(line_of AllowedIPs)" 'AllowedIPs = 10.77.0.0/24, nonsense' 'nonsense'
mistake "$(line_of '\[Peer\]')" '[Pear]' 'Pear'
check "a file that is not there" not flowtun_in client up "$dir/none.conf"
check "is named" grep -F none.conf "$dir/said"
# A mistake that only the kernel finds: the port is taken.
exec_in client python3 -c 'import socket, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(("::", 4444)); time.sleep(60)' &
holder=$!
port_is_taken() { [[ -n $(in_ns client ss -Hlun 'sport = :4444') ]]; }
until_true 5 port_is_taken
mkdir -p "$dir/taken"
(umask 077 && sed 's/^Address.*/&\nListenPort = 4444/' "$file" >"$dir/taken/ft0.conf")
check "a taken port" not flowtun_in client up "$dir/taken/ft0.conf"
check "is named" grep 4444 "$dir/said"
check "nothing is done" is_clean
kill "$holder"
wait "$holder" 2>/dev/null || true

# --- a full tunnel ---

ip -n "$prefix-gateway" address add 198.18.0.1/32 dev lo
ip -n "$prefix-gateway" address add 2001:db8:1234::1/128 dev lo
sed -i 's|^AllowedIPs.*|AllowedIPs = 0.0.0.0/0, ::/0|' "$file"
clean=$(configuration client)
check "full tunnel: up" flowtun_in client up "$file"
check "full tunnel: the gateway answers inside" until_true 5 answers client 10.77.0.1
check "full tunnel: a far address is reached" answers client 198.18.0.1
check "full tunnel: a far IPv6 address is reached" answers client 2001:db8:1234::1
through_tunnel() { # ADDRESS: pings of it come out of the gateway's device
	local before
	before=$(ip -n "$prefix-gateway" -s -j link show dev ft0 | jq '.[0].stats64.rx.packets')
	in_ns client ping -n -q -c 5 -i 0.05 -W 1 "$1" >/dev/null
	at_least "full tunnel: packets to $1 through it" 5 \
		$(($(ip -n "$prefix-gateway" -s -j link show dev ft0 | jq '.[0].stats64.rx.packets') - before))
}
through_tunnel 198.18.0.1
through_tunnel 2001:db8:1234::1
check "full tunnel: what is on a cable stays on it" answers client 203.0.113.1
check "full tunnel: the uplink changes" ip -n "$prefix-client" link set wifi down
check "full tunnel: and it still answers" until_true 5 answers client 198.18.0.1
ip -n "$prefix-client" link set wifi up
ip -n "$prefix-client" address replace 2001:db8:1::2/64 dev wifi
uplink_routes
check "full tunnel: down" flowtun_in client down ft0
check "full tunnel: down leaves nothing" is_clean
check "full tunnel: up before SIGKILL" flowtun_in client up "$file"
must "full tunnel: SIGKILL" killed
check "full tunnel: up after SIGKILL" flowtun_in client up "$file"
check "full tunnel: answers" until_true 5 answers client 198.18.0.1
check "full tunnel: down after that" flowtun_in client down ft0
check "full tunnel: leaves nothing" is_clean

# --- a full tunnel to a name, and a name server that only the default route reaches ---

exec_in gateway python3 "$here/nameserver.py" 192.0.2.2 gateway.test 192.0.2.2 >"$dir/nameserver.log" 2>&1 &
nameserver=$!
must "a name server" until_true 5 grep -q ready "$dir/nameserver.log"
printf 'nameserver 192.0.2.2\noptions timeout:1 attempts:2\n' >"$dir/resolv.conf"
must "its clients" mount --bind "$dir/resolv.conf" "$(realpath /etc/resolv.conf)"
sed -i 's|^Endpoint.*|Endpoint = gateway.test:1935|' "$file"
rm -rf "$dir/state-client" # nobody remembers the gateway's address
clean=$(configuration client)
check "full tunnel to a name: up" flowtun_in client up "$file"
check "full tunnel to a name: answers" until_true 5 answers client 198.18.0.1
check "full tunnel to a name: down" flowtun_in client down ft0
check "full tunnel to a name: leaves nothing" is_clean
kill "$nameserver"
wait "$nameserver" 2>/dev/null || true

check "down in the gateway" flowtun_in gateway down ft0
finish
