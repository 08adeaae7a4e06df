#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Both suites carry traffic, and the initiator's choice and the responder's offer meet in the one
# that both allow, or nowhere.
#
#    client                           gateway
#   +---------------------+          +---------------------+
#   | ft0  10.77.0.2      |          | ft0  10.77.0.1      |
#   | eth  192.0.2.2    --|----------|-- eth 192.0.2.1     |
#   +---------------------+          +---------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ns client gateway
veth client eth 192.0.2.2/24 gateway eth 192.0.2.1/24
keys client gateway
capture gateway eth

suite_configs() { # OF-CLIENT OF-GATEWAY
	tunnel_configs 192.0.2.1:1935 "Suite = $2"
	mv "$(config_of gateway ft0)" "$dir/gateway.conf"
	tunnel_configs 192.0.2.1:1935 "Suite = $1"
	mv "$dir/gateway.conf" "$(config_of gateway ft0)"
}

both_say() { # PATTERN
	local end suite
	for end in client gateway; do
		suite=$(json "$end" ft0 '.peers[0].suite')
		[[ ${suite,,} =~ $1 ]] || { say "$end says '$suite', expected $1"; return 1; }
	done
}

# CLIENT GATEWAY WHAT-BOTH-SAY
while read -r client gateway suite; do
	what="client $client, gateway $gateway"
	suite_configs "$client" "$gateway"
	start gateway ft0
	start client ft0
	must "$what: answers" until_true 5 answers client 10.77.0.1
	check "$what: both ends say $suite" both_say "$suite"
	check "$what: 200 pings" in_ns client ping -n -q -c 200 -i 0.005 -W 5 -s 1000 10.77.0.1
	check "$what: iperf3 TCP" iperf client gateway 10.77.0.1 "$dir/iperf3.json" --time 1
	at_least "$what: received" 10 "$(jq '.end.sum_received.bits_per_second / 1e6 | floor' "$dir/iperf3.json")" Mbit/s
	check "$what: client ends" stop client ft0
	check "$what: gateway ends" stop gateway ft0
done <<-'END'
	aes aes aes
	chacha chacha chacha
	auto chacha chacha
	chacha auto chacha
	auto aes aes
	aes auto aes
	auto auto aes|chacha
END

for pair in 'aes chacha' 'chacha aes'; do
	read -r client gateway <<<"$pair"
	what="client $client, gateway $gateway"
	suite_configs "$client" "$gateway"
	start gateway ft0
	start client ft0
	check "$what: no session" not in_ns client ping -n -c 3 -i 0.5 -W 1 10.77.0.1
	equal "$what: latest handshake at the gateway" 0 "$(json gateway ft0 '.peers[0].latest_handshake')"
	check "$what: client ends" stop client ft0
	check "$what: gateway ends" stop gateway ft0
done

finish
