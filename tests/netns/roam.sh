#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The client moves under load: its uplink changes, its address is replaced, a NAT on the way gives
# it another port. A TCP connection inside survives each move; the silence is measured and bounded.
# Also for a client that only receives.
#
#    client                     router                  gateway
#   +------------------+       +------------------+    +------------------+
#   | ft0  10.77.0.2   |       |                  |    | ft0  10.77.0.1   |
#   | wifi 198.51.100.2|-------| wifi             |    |                  |
#   |                  |       |   (NAT)      wan |----| wan  192.0.2.2   |
#   | lte  203.0.113.2 |-------| lte              |    |                  |
#   +------------------+       +------------------+    +------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

limit_ms=3000 # generous: what is usual is printed

network_of_two_uplinks
in_ns client sysctl -qw net.ipv4.conf.all.promote_secondaries=1 net.ipv4.conf.wifi.promote_secondaries=1
tunnel_configs 192.0.2.2:1935
capture gateway wan
start gateway ft0
start client ft0
must "answers" until_true 5 answers client 10.77.0.1

client_ip() { ip -n "$prefix-client" "$@"; }

# --- the moves ---

to_lte() { client_ip link set wifi down; }
to_wifi() {
	client_ip link set wifi up
	client_ip address replace 2001:db8:1::2/64 dev wifi # IPv6 addresses go when a link goes down
	uplink_routes
}
replace_address() { # NEW OLD: both are there for a moment
	client_ip address add "$1/24" dev wifi
	client_ip address delete "$2/24" dev wifi
	uplink_routes
}
exchange_address() { # NEW OLD: there is none for a moment, nor a route; lte is down
	client_ip address delete "$2/24" dev wifi
	sleep 0.3
	client_ip address add "$1/24" dev wifi
	client_ip route replace default via 198.51.100.1 dev wifi metric 100
}
# A NAT that gives ports of a range. Another zone of connection tracking is a NAT that has forgotten
# every mapping, from one packet to the next.
nat() { # ZONE PORTS
	in_ns router nft -f - <<-END
	table inet moves {
		chain zones { type filter hook prerouting priority raw; }
		chain ports { type nat hook postrouting priority srcnat; }
	}
	flush table inet moves
	add rule inet moves zones meta l4proto udp ct zone set $1
	add rule inet moves ports oifname "wan" meta l4proto udp masquerade to :$2
	END
}
no_nat() { in_ns router nft delete table inet moves; }

# --- what is seen of a move ---

replies() { awk '/ time=/ { n++ } END { print n + 0 }' "$dir/probe"; }
has_replies() { [[ $(replies) -ge $1 ]]; }
# shellcheck disable=SC2053 # a pattern is meant
seen_from() { [[ $(json gateway ft0 '.peers[0].address') == $1 ]]; }

# move WHAT SEEN DIRECTION COMMAND...: with a TCP transfer and a probe each 10 ms; afterwards the
# gateway knows the client under an address that matches SEEN.
move() {
	local what=$1 seen=$2 direction=$3 transfer probe sent received lost silence
	shift 3
	iperf client gateway 10.77.0.1 "$dir/iperf3.json" --time 4 --interval 0.5 --bitrate 50M \
		${direction:+"$direction"} >"$dir/iperf3.error" 2>&1 &
	transfer=$!
	: >"$dir/probe"
	exec_in client ping -D -n -i 0.01 -W 1 10.77.0.1 >"$dir/probe" &
	probe=$!
	must "$what: traffic flows" until_true 5 has_replies 50
	"$@"
	check "$what: gateway sees the client as $seen" until_true 5 seen_from "$seen"
	local after
	after=$(replies)
	check "$what: the probe is answered" until_true 5 has_replies $((after + 50))
	if wait "$transfer"; then transfer=0; else transfer=1; fi
	kill -INT "$probe"
	wait "$probe" || true
	equal "$what: the TCP connection survives (exit status of iperf3)" 0 "$transfer"
	at_least "$what: and carries data at its end" 1 \
		"$(jq '[.intervals[-2:][].sum.bits_per_second] | add / length / 1e6 | floor' "$dir/iperf3.json")" Mbit/s
	read -r sent received lost silence < <(ping_report "$dir/probe")
	say "      $what: of $sent probes $lost lost; longest silence $silence ms"
	at_least "$what: probes answered" 100 "$received"
	at_most "$what: longest silence" "$limit_ms" "$silence" ms
}

# The same for a client that has nothing to send: datagrams from the gateway alone, 500 a second.
move_silently() { # WHAT SEEN COMMAND...
	local what=$1 seen=$2 transfer silence before
	shift 2
	before=$(received)
	iperf client gateway 10.77.0.1 "$dir/iperf3.json" --time 5 --interval 0.1 --udp --bitrate 400k --length 100 \
		--reverse >"$dir/iperf3.error" 2>&1 &
	transfer=$!
	must "$what: traffic flows" until_true 5 has_received $((before + 300))
	"$@"
	check "$what: gateway sees the client as $seen" until_true 5 seen_from "$seen"
	if wait "$transfer"; then transfer=0; else transfer=1; fi
	equal "$what: iperf3's own connection survives (exit status)" 0 "$transfer"
	silence=$(jq '[.intervals[].sum.bytes] | reduce .[] as $b ({run: 0, longest: 0};
		.run = (if $b == 0 then .run + 100 else 0 end) | .longest = ([.longest, .run] | max)) | .longest' \
		"$dir/iperf3.json")
	say "      $what: $(jq '.end.sum.lost_packets' "$dir/iperf3.json") of $(jq '.end.sum.packets' "$dir/iperf3.json") datagrams lost"
	at_most "$what: longest silence" "$limit_ms" "$silence" ms
}
received() { ip -n "$prefix-client" -s -j link show dev ft0 | jq '.[0].stats64.rx.packets'; }
has_received() { [[ $(received) -ge $1 ]]; }

for direction in '' --reverse; do
	way=${direction:+ (download)}
	move "uplink goes down$way" '203.0.113.2:*' "$direction" to_lte
	move "better uplink comes back$way" '198.51.100.2:*' "$direction" to_wifi
done
move "address replaced" '198.51.100.77:*' '' replace_address 198.51.100.77 198.51.100.2
client_ip link set lte down
move "address exchanged, none for 0.3 s" '198.51.100.2:*' '' exchange_address 198.51.100.2 198.51.100.77
client_ip link set lte up
client_ip address replace 2001:db8:2::2/64 dev lte
uplink_routes
move "a NAT appears" '192.0.2.1:20???' '' nat 1 20000-20999
move "the NAT changes the port" '192.0.2.1:30???' '' nat 2 30000-30999
move "the NAT changes the port (download)" '192.0.2.1:20???' --reverse nat 3 20000-20999
move "the NAT disappears" '198.51.100.2:*' '' no_nat

move_silently "silent client's uplink goes down" '203.0.113.2:*' to_lte

finish
