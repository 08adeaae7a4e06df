#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Either end is killed under traffic and started again; traffic flows within two seconds of the
# first packet, whichever end sends it, without anybody's help.
#
#    client                           gateway
#   +---------------------+          +---------------------+
#   | ft0  10.77.0.2      |          | ft0  10.77.0.1      |
#   | eth  192.0.2.2    --|----------|-- eth 192.0.2.1     |
#   +---------------------+          +---------------------+
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

limit_ms=2000

ns client gateway
veth client eth 192.0.2.2/24,2001:db8:f::2/64 gateway eth 192.0.2.1/24,2001:db8:f::1/64
tunnel_configs 192.0.2.1:1935
capture gateway eth

address_of() { [[ $1 == client ]] && echo 10.77.0.2 || echo 10.77.0.1; }
other() { [[ $1 == client ]] && echo gateway || echo client; }

# traffic FROM: a datagram stream and pings that go on whatever happens.
background=()
traffic() {
	exec_in "$1" ping -n -q -i 0.01 "$(address_of "$(other "$1")")" >/dev/null 2>&1 &
	background+=($!)
}
no_traffic() {
	kill "${background[@]}"
	wait "${background[@]}" 2>/dev/null || true
	background=()
}

# first_answer SENDER: pings until one is answered; ms from the first packet to that.
first_answer() {
	local to begin
	to=$(address_of "$(other "$1")")
	begin=$(now_us)
	until in_ns "$1" ping -n -c 1 -W 0.1 "$to" >/dev/null 2>&1; do
		(($(ms_since "$begin") < 10000)) || break
	done
	ms_since "$begin"
}

gone() { ! ip -n "$prefix-$1" link show dev ft0; }

for killed in client gateway; do
	for sender in client gateway; do
		what="$killed killed, $sender sends first"
		start gateway ft0
		start client ft0
		must "$what: answers" until_true 5 answers client 10.77.0.1
		traffic client
		traffic gateway
		must "$what: answers under traffic" until_true 5 answers gateway 10.77.0.2
		stop "$killed" ft0 KILL || true
		check "$what: its device is gone" until_true 2 gone "$killed"
		no_traffic # the first packet afterwards is the sender's
		start "$killed" ft0
		at_most "$what: time to the first answer" "$limit_ms" "$(first_answer "$sender")" ms
		check "$what: and the other way" until_true 1 answers "$(other "$sender")" "$(address_of "$sender")"
		check "$what: client ends" stop client ft0
		check "$what: gateway ends" stop gateway ft0
	done
done

# The same with traffic that never stops, in both directions.
for killed in client gateway; do
	what="$killed killed, traffic goes on"
	start gateway ft0
	start client ft0
	must "$what: answers" until_true 5 answers client 10.77.0.1
	traffic client
	traffic gateway
	stop "$killed" ft0 KILL || true
	start "$killed" ft0
	at_most "$what: time to the first answer" "$limit_ms" "$(first_answer client)" ms
	no_traffic
	check "$what: client ends" stop client ft0
	check "$what: gateway ends" stop gateway ft0
done

# Both at once, as after a power cut.
start gateway ft0
start client ft0
must "both killed: answers" until_true 5 answers client 10.77.0.1
stop client ft0 KILL || true
stop gateway ft0 KILL || true
start gateway ft0
start client ft0
at_most "both killed: time to the first answer" "$limit_ms" "$(first_answer gateway)" ms

finish
