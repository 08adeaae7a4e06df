#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who does not know the gateway's public key gets no answer at all; who knows it but holds a wrong
# pre-shared key, or a key that is no peer's, gets no session and nothing through it.
#
#    stranger                         gateway
#   +---------------------+          +----------------------------+
#   | ft0  10.77.0.2      |          | ft0  10.77.0.1             |
#   | eth  192.0.2.2    --|----------|-- eth 192.0.2.1, port 1935 |
#   +---------------------+          +----------------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need python3

ns client gateway
veth client eth 192.0.2.2/24 gateway eth 192.0.2.1/24
keys client gateway stranger other
(umask 077 && "$FLOWTUN" genpsk >"$dir/right.psk" && "$FLOWTUN" genpsk >"$dir/wrong.psk")
capture gateway eth

# What the gateway receives and sends on its port, by length: 8 bytes of UDP header are in `udp
# length`. An RIKeying is 194 bytes or more, an RHello less.
in_ns gateway nft -f - <<-'END'
table inet watch {
	counter asked { }
	counter answered { }
	counter answered_long { }
	counter answered_icmp { }
	chain input {
		type filter hook input priority 0
		udp dport 1935 counter name asked
	}
	chain output {
		type filter hook output priority 0
		udp sport 1935 counter name answered
		udp sport 1935 udp length >= 190 counter name answered_long
		icmp type destination-unreachable counter name answered_icmp
	}
}
END
counted() { in_ns gateway nft -j list counter inet watch "$1" | jq -r '.nftables[1].counter.packets'; }
reset_counters() { in_ns gateway nft reset counters >/dev/null; }
asked_at_least() { [[ $(counted asked) -ge $1 ]]; }

device() { ip -n "$prefix-$1" -s -j link show dev ft0 | jq -r ".[0].stats64.rx.packets"; }

gateway_config() {
	config gateway ft0 <<-END
	[Interface]
	PrivateKey = $(key gateway)
	Address = 10.77.0.1/24
	ListenPort = 1935
	[Peer]
	PublicKey = $(pub client)
	PresharedKey = $(cat "$dir/right.psk")
	AllowedIPs = 10.77.0.2/32
	END
}
client_config() { # OWN-KEY GATEWAY-KEY PSK
	config client ft0 <<-END
	[Interface]
	PrivateKey = $(key "$1")
	Address = 10.77.0.2/24
	[Peer]
	PublicKey = $(pub "$2")
	PresharedKey = $(cat "$dir/$3.psk")
	AllowedIPs = 10.77.0.0/24
	Endpoint = 192.0.2.1:1935
	END
}

gateway_config
start gateway ft0

# attempt WHAT CLIENT-CONFIG-ARGUMENTS...: a client that tries for some seconds.
attempt() {
	local what=$1
	shift
	client_config "$@"
	reset_counters
	start client ft0
	check "$what: ping is not answered" not in_ns client ping -n -c 6 -i 0.5 -W 1 10.77.0.1
	check "$what: the client asks more than once" until_true 8 asked_at_least 3
	equal "$what: packets from the gateway's device" 0 "$(device gateway)"
	equal "$what: packets from the client's device" 0 "$(device client)"
	equal "$what: latest handshake at the gateway" 0 "$(json gateway ft0 '.peers[0].latest_handshake')"
	equal "$what: latest handshake at the client" 0 "$(json client ft0 '.peers[0].latest_handshake')"
	equal "$what: packets received from the peer at the gateway" 0 "$(json gateway ft0 '.peers[0].counters.rx_packets')"
	check "$what: client ends" stop client ft0
}

attempt "wrong key of the gateway" client other right
equal "wrong key of the gateway: answers" 0 "$(counted answered)"
equal "wrong key of the gateway: ICMP errors" 0 "$(counted answered_icmp)"

attempt "key that is no peer's" stranger gateway right
at_least "key that is no peer's: RHello comes" 1 "$(counted answered)"
equal "key that is no peer's: RIKeying" 0 "$(counted answered_long)"

attempt "wrong pre-shared key" client gateway wrong
at_least "wrong pre-shared key: RHello comes" 1 "$(counted answered)"

# Nobody's packets: each length once with zeros and once at random, and the first bytes of others'
# protocols.
reset_counters
check "scans are sent" in_ns client python3 - <<-'END'
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(0, 1473):
    for payload in (bytes(n), os.urandom(n), b"\x00" * 4 + os.urandom(n)):
        s.sendto(payload[:1472], ("192.0.2.1", 1935))
for payload in (b"\x01\x00\x00\x00" + os.urandom(144), b"\x38" + os.urandom(13), b"GET / HTTP/1.0\r\n\r\n"):
    s.sendto(payload, ("192.0.2.1", 1935))
END
check "scans arrive" until_true 5 asked_at_least 4000
equal "scans: answers" 0 "$(counted answered)"
equal "scans: ICMP errors" 0 "$(counted answered_icmp)"

# All of the above was not for want of a working gateway.
client_config client gateway right
start client ft0
must "the right keys: answers" until_true 10 answers client 10.77.0.1
at_least "the right keys: handshake" 1 "$(json gateway ft0 '.peers[0].latest_handshake')"

finish
