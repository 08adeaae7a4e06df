#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server that knows one name: nameserver.py ADDRESS NAME ANSWER (IPv4). Says "ready", then serves until killed."""
import socket
import struct
import sys

address, name, answer = sys.argv[1:4]
known = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((address, 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    end = query.find(b"\0", 12) + 5
    if len(query) < 17 or end > len(query):
        continue
    question = query[12:end]
    kind = struct.unpack("!H", question[-4:-2])[0]
    ours = question[:-4].lower() == known
    records = b""
    if ours and kind == 1:
        records = struct.pack("!HHHIH", 0xC00C, 1, 1, 5, 4) + socket.inet_aton(answer)
    flags = 0x8580 if ours else 0x8583
    server.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, 1 if records else 0, 0, 0) + question + records, client)
