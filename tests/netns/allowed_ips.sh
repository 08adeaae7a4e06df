#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Allowed IPs, both ways: where a packet goes (longest prefix first) and from whom a source is
# believed. What is not believed is dropped, counted, and answered to nobody.
#
#    alice                       gateway                        bob
#   +------------------+        +-------------------+          +------------------+
#   | ft0 10.77.0.2    |        | ft0 10.77.0.1     |          | ft0 10.77.0.3    |
#   |     fd77::2      |        |     fd77::1       |          |     fd77::3      |
#   | lo  10.88.1.1    |        |  alice owns       |          | lo  10.88.7.7    |
#   |     10.88.7.7    |        |    10.88.0.0/16   |          |                  |
#   |                  |        |  bob owns         |          |                  |
#   | eth 192.0.2.2  --|--------|-   10.88.7.0/24  -|----------|-- 198.51.100.2   |
#   +------------------+        +-------------------+          +------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ns alice gateway bob
veth alice eth 192.0.2.2/24 gateway eth1 192.0.2.1/24
veth bob eth 198.51.100.2/24 gateway eth2 198.51.100.1/24
keys alice gateway bob
capture gateway eth1
capture gateway eth2

config gateway ft0 <<END
[Interface]
PrivateKey = $(key gateway)
Address = 10.77.0.1/24, fd77::1/64
ListenPort = 1935
[Peer]
PublicKey = $(pub alice)
AllowedIPs = 10.77.0.2/32, 10.88.0.0/16, fd77::2/128, fd88::/32
[Peer]
PublicKey = $(pub bob)
AllowedIPs = 10.77.0.3/32, 10.88.7.0/24, fd77::3/128, fd88:0:7::/48
END
config alice ft0 <<END
[Interface]
PrivateKey = $(key alice)
Address = 10.77.0.2/24, fd77::2/64
[Peer]
PublicKey = $(pub gateway)
AllowedIPs = 10.77.0.1/32, 10.77.0.3/32, fd77::1/128, fd77::3/128
Endpoint = 192.0.2.1:1935
END
config bob ft0 <<END
[Interface]
PrivateKey = $(key bob)
Address = 10.77.0.3/24, fd77::3/64
[Peer]
PublicKey = $(pub gateway)
AllowedIPs = 10.77.0.0/24, 10.88.0.0/16, fd77::/64
Endpoint = 198.51.100.1:1935
END

# What alice claims to be, rightly and wrongly.
for address in 10.88.1.1/32 10.88.7.7/32 10.77.0.3/32 10.99.9.9/32 fd77::3/128 fd88:0:1::1/128 fd88:0:7::7/128 fd99::9/128; do
	ip -n "$prefix-alice" address add "$address" dev lo
done
ip -n "$prefix-bob" address add 10.88.7.7/32 dev lo
ip -n "$prefix-bob" address add fd88:0:7::7/128 dev lo
ip -n "$prefix-gateway" address add 10.77.0.99/32 dev lo
ip -n "$prefix-gateway" address add fd77::99/128 dev lo

start gateway ft0
start alice ft0
start bob ft0
must "the gateway answers alice" until_true 5 answers alice fd77::1
must "the gateway answers bob" until_true 5 answers bob fd77::1
must "alice answers the gateway" answers gateway 10.77.0.2
must "bob answers the gateway" answers gateway 10.77.0.3

received() { ip -n "$prefix-$1" -s -j link show dev ft0 | jq '.[0].stats64.rx.packets'; }
dropped() { json "$1" ft0 '[.drops[]] | add // 0'; }
pings_from() { in_ns "$1" ping -n -c 5 -i 0.05 -W 1 -I "$2" "$3"; } # NAMESPACE SOURCE ADDRESS

# refused WHAT SOURCE DESTINATION: of five pings from alice none passes the gateway's check.
refused() {
	local gateway_before drops_before bob_before alice_before
	gateway_before=$(received gateway)
	bob_before=$(received bob)
	alice_before=$(received alice)
	drops_before=$(dropped gateway)
	check "$1: not answered" not pings_from alice "$2" "$3"
	equal "$1: dropped and counted at the gateway" $((drops_before + 5)) "$(dropped gateway)"
	equal "$1: nothing comes out of the gateway's device" "$gateway_before" "$(received gateway)"
	equal "$1: nothing reaches bob" "$bob_before" "$(received bob)"
	equal "$1: nothing comes back to alice" "$alice_before" "$(received alice)"
}

check "alice's own source" pings_from alice 10.77.0.2 10.77.0.1
check "alice's own IPv6 source" pings_from alice fd77::2 fd77::1
check "alice's own prefix" pings_from alice 10.88.1.1 10.77.0.1
check "alice's own IPv6 prefix" pings_from alice fd88:0:1::1 fd77::1
refused "bob's address from alice" 10.77.0.3 10.77.0.1
refused "bob's IPv6 address from alice" fd77::3 fd77::1
refused "bob's prefix inside alice's from alice" 10.88.7.7 10.77.0.1
refused "bob's IPv6 prefix inside alice's from alice" fd88:0:7::7 fd77::1
refused "nobody's address from alice" 10.99.9.9 10.77.0.1
refused "nobody's IPv6 address from alice" fd99::9 fd77::1

# goes_to WHO ADDRESS OTHER: the longest prefix decides, whether somebody answers or not.
goes_to() {
	local before other_before
	before=$(received "$1")
	other_before=$(received "$3")
	in_ns gateway ping -n -q -c 5 -i 0.05 -W 0.2 "$2" >/dev/null || true
	equal "packets to $2 go to $1" $((before + 5)) "$(received "$1")"
	equal "packets to $2 do not go to $3" "$other_before" "$(received "$3")"
}
goes_to alice 10.88.1.1 bob
goes_to alice 10.88.200.200 bob
goes_to bob 10.88.7.7 alice
goes_to bob 10.88.7.200 alice
goes_to alice fd88:0:1::1 bob
goes_to alice fd88:0:6:ffff::1 bob
goes_to bob fd88:0:7::7 alice
goes_to bob fd88:0:7:ffff::1 alice
check "bob answers for the longer prefix" pings_from gateway 10.77.0.1 10.88.7.7
check "alice answers for the shorter one" pings_from gateway 10.77.0.1 10.88.1.1

# A client does not believe its gateway everything either.
for source in 10.77.0.99 fd77::99; do
	destination=10.77.0.2
	[[ $source == fd* ]] && destination=fd77::2
	before=$(received alice) drops_before=$(dropped alice)
	check "$source is none of the gateway's, says alice: not answered" not pings_from gateway "$source" "$destination"
	equal "$source: dropped and counted at alice" $((drops_before + 5)) "$(dropped alice)"
	equal "$source: nothing comes out of alice's device" "$before" "$(received alice)"
	if [[ $source == 10.* ]]; then
		check "$source is the gateway's, says bob" pings_from gateway "$source" 10.77.0.3
	fi
done

# Where no peer owns the destination, the sender's own end drops and counts.
drops_before=$(dropped alice)
check "nobody owns 10.77.0.50" not pings_from alice 10.77.0.2 10.77.0.50
equal "dropped and counted at alice" $((drops_before + 5)) "$(dropped alice)"

# From peer to peer through the gateway, once it forwards.
forwarding gateway
check "alice reaches bob through the gateway" pings_from alice 10.77.0.2 10.77.0.3
check "the same over IPv6" pings_from alice fd77::2 fd77::3

finish
