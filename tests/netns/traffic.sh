#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything crosses: inner IPv4 and IPv6 over outer IPv4 and IPv6; ping from the smallest to the
# largest IP packet, a flood of small ones, iperf3 over TCP in both directions and over UDP.
#
#    client                           gateway
#   +---------------------+          +---------------------+
#   | ft0  10.77.0.2      |          | ft0  10.77.0.1      |
#   |      fd77::2        |          |      fd77::1        |
#   |                     |          |                     |
#   | eth  192.0.2.2    --|----------|-- eth 192.0.2.1     |
#   |      2001:db8:f::2  |   1500   |      2001:db8:f::1  |
#   +---------------------+          +---------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ns client gateway
veth client eth 192.0.2.2/24,2001:db8:f::2/64 gateway eth 192.0.2.1/24,2001:db8:f::1/64
capture gateway eth

# Every ping is answered. -W is long: a busy machine is no reason to call a packet lost.
pings() { # COUNT ADDRESS ARGUMENT...
	in_ns client ping -n -q -c "$1" -W 5 "${@:3}" "$2" | tee "$dir/pings"
	grep -q " $1 received" "$dir/pings"
}

transfer() { # WHAT ADDRESS
	local report=$dir/iperf3.json
	check "$1: iperf3 TCP to the gateway" iperf client gateway "$2" "$report" --time 2
	at_least "$1: received" 20 "$(jq '.end.sum_received.bits_per_second / 1e6 | floor' "$report")" Mbit/s
	check "$1: iperf3 TCP to the client" iperf client gateway "$2" "$report" --time 2 --reverse
	at_least "$1: received" 20 "$(jq '.end.sum_received.bits_per_second / 1e6 | floor' "$report")" Mbit/s
	check "$1: iperf3 UDP, 1200 bytes" iperf client gateway "$2" "$report" --time 2 --udp --bitrate 20M --length 1200
	at_least "$1: datagrams sent" 4000 "$(jq '.end.sum.packets' "$report")"
	at_most "$1: lost" 1 "$(jq '.end.sum.lost_percent' "$report")" %
}

for outer in 192.0.2.1:1935 '[2001:db8:f::1]:1935'; do
	tunnel_configs "$outer"
	start gateway ft0
	start client ft0
	for inner in 10.77.0.1 fd77::1; do
		what="$inner over $outer"
		must "$what: answers" until_true 5 answers client "$inner"
		# 20 and 40 bytes of IP header, 8 of ICMP: 64 bytes in all at least, full packets, fragments.
		for size in 36 56 500 1200 1372 1400 2000 9000 30000 65000; do
			check "$what: ping with $size bytes" pings 5 "$inner" -i 0.05 -s "$size"
		done
		check "$what: 2000 small pings in a flood" pings 2000 "$inner" -f -s 16
		transfer "$what" "$inner"
	done
	check "client ends" stop client ft0
	check "gateway ends" stop gateway ft0
done

# With the largest MTU there is, the largest IP packets there are go into the tunnel whole.
tunnel_configs 192.0.2.1:1935 "MTU = 65535"
start gateway ft0
start client ft0
must "MTU 65535: answers" until_true 5 answers client 10.77.0.1
for size in 1400 1500 16000 65507; do
	check "MTU 65535: ping over IPv4 with $size bytes" pings 10 10.77.0.1 -i 0.05 -s "$size"
done
for size in 1400 1500 16000 65487; do
	check "MTU 65535: ping over IPv6 with $size bytes" pings 10 fd77::1 -i 0.05 -s "$size"
done
transfer "MTU 65535" 10.77.0.1

finish
