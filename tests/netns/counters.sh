#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The counters are exact: a known number of packets of known sizes goes through, and both ends'
# device statistics and `flowtun show --json` agree to the packet and the byte, also for what was
# sent by a daemon that is killed afterwards.
#
#    client                           gateway
#   +---------------------+          +---------------------+
#   | ft0  10.77.0.2      |          | ft0  10.77.0.1      |
#   | eth  192.0.2.2    --|----------|-- eth 192.0.2.1     |
#   +---------------------+          +---------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ns client gateway
# No IPv6 in here: it sends packets that nobody asked for.
in_ns client sysctl -qw net.ipv6.conf.default.disable_ipv6=1
in_ns gateway sysctl -qw net.ipv6.conf.default.disable_ipv6=1
veth client eth 192.0.2.2/24 gateway eth 192.0.2.1/24
keys client gateway
capture gateway eth

config gateway ft0 <<END
[Interface]
PrivateKey = $(key gateway)
Address = 10.77.0.1/24
ListenPort = 1935
[Peer]
PublicKey = $(pub client)
AllowedIPs = 10.77.0.2/32
END
config client ft0 <<END
[Interface]
PrivateKey = $(key client)
Address = 10.77.0.2/24
[Peer]
PublicKey = $(pub gateway)
AllowedIPs = 10.77.0.0/24
Endpoint = 192.0.2.1:1935
END

# Datagrams for this port are counted and dropped: no answer disturbs the numbers.
in_ns gateway nft -f - <<-'END'
table inet sink {
	counter arrived { }
	chain input {
		type filter hook input priority 0
		udp dport 9 counter name arrived drop
	}
}
END
arrived() { in_ns gateway nft -j list counter inet sink arrived | jq -r '.nftables[1].counter.packets'; }

declare -A before=()
device() { ip -n "$prefix-$1" -s -j link show dev ft0 | jq -r ".[0].stats64.$2"; }
peer() { json "$1" ft0 ".peers[0].$2"; }
remember() {
	local ns side what
	for ns in client gateway; do
		for side in rx tx; do
			for what in packets bytes; do
				before[$ns-$side-$what]=$(device "$ns" "$side.$what")
			done
			for what in counters."$side"_packets counters."$side"_inner_bytes "$side"_bytes; do
				before[$ns-$what]=$(peer "$ns" "$what")
			done
		done
	done
}
device_delta() { echo $(($(device "$1" "$2.$3") - before[$1-$2-$3])); }
peer_delta() { echo $(($(peer "$1" "$2") - before[$1-$2])); }

# moved WHAT FROM TO PACKETS BYTES: what happened since `remember` in one direction.
moved() {
	equal "$1: packets that $2's device took" "$4" "$(device_delta "$2" tx packets)"
	equal "$1: bytes that $2's device took" "$5" "$(device_delta "$2" tx bytes)"
	equal "$1: packets that $3's device gave" "$4" "$(device_delta "$3" rx packets)"
	equal "$1: bytes that $3's device gave" "$5" "$(device_delta "$3" rx bytes)"
	equal "$1: packets sent, says $2" "$4" "$(peer_delta "$2" counters.tx_packets)"
	equal "$1: packets received, says $3" "$4" "$(peer_delta "$3" counters.rx_packets)"
	equal "$1: bytes of them sent, says $2" "$5" "$(peer_delta "$2" counters.tx_inner_bytes)"
	equal "$1: bytes of them received, says $3" "$5" "$(peer_delta "$3" counters.rx_inner_bytes)"
	equal "$1: bytes of datagrams received, says $3, are those sent, says $2" \
		"$(peer_delta "$2" tx_bytes)" "$(peer_delta "$3" rx_bytes)"
	at_least "$1: bytes of datagrams, with what the tunnel adds" "$5" "$(peer_delta "$3" rx_bytes)"
}

# One datagram for each write of bash's printf; fifty at most on the way, less than any queue holds.
sent=0
datagrams() { # COUNT SIZE
	local left=$1 now
	while ((left > 0)); do
		now=$((left < 50 ? left : 50))
		# shellcheck disable=SC2016 # for the inner shell
		in_ns client bash -c 'exec 3>/dev/udp/10.77.0.1/9
			printf -v payload "%*s" "$2" ""
			for ((i = 0; i < $1; i++)); do printf "%s" "$payload" >&3; done' - "$now" "$2"
		left=$((left - now)) sent=$((sent + now))
		until_true 5 have_arrived || return
	done
}
have_arrived() { [[ $(arrived) == "$sent" ]]; }

# A session's end of its business: nothing counted for as long as a delayed acknowledgement may take.
quiet() {
	local last=-1 now
	until now=$(peer client tx_bytes)$(peer client rx_bytes)$(peer gateway tx_bytes)$(peer gateway rx_bytes) &&
		[[ $now == "$last" ]]; do
		last=$now
		sleep 0.5
	done
}

start gateway ft0
start client ft0
must "answers" until_true 5 answers client 10.77.0.1
quiet

for size in 32 500 1300; do
	remember
	must "1000 datagrams of $size bytes arrive" datagrams 1000 "$size"
	quiet
	moved "$size bytes" client gateway 1000 $((1000 * (size + 28)))
	moved "$size bytes, back" gateway client 0 0
done

remember
check "500 pings" in_ns client ping -n -q -c 500 -i 0.002 -W 5 -s 200 10.77.0.1
quiet
moved "pings" client gateway 500 $((500 * 228))
moved "answers" gateway client 500 $((500 * 228))

# Packets that the device accepted and that no peer takes are counted, too: none, so far.
equal "drops at the client" 0 "$(json client ft0 '[.drops[]] | add // 0')"
equal "drops at the gateway" 0 "$(json gateway ft0 '[.drops[]] | add // 0')"

# What the other end knows is still right when one end dies without a word.
remember
must "777 datagrams arrive" datagrams 777 100
stop client ft0 KILL || true
equal "packets received from a client that was killed" 777 "$(peer_delta gateway counters.rx_packets)"
equal "packets from the gateway's device" 777 "$(device_delta gateway rx packets)"
check "the gateway ends" stop gateway ft0

start client ft0
finish
