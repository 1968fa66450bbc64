# SPDX-License-Identifier: LGPL-2.1-or-later
"""As much of MQTT 3.1.1 as the tests say: packets to bytes and bytes to packets. Knows no transport."""
import struct

CONNACK = 2
PUBLISH = 3
PUBACK = 4
SUBACK = 9


def encode_length(size):
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)


def packet(first, body):
    return bytes([first]) + encode_length(len(body)) + body


def text(string):
    data = string.encode()
    return struct.pack('!H', len(data)) + data


def connect(client):
    return packet(0x10, text('MQTT') + bytes([4, 2]) + struct.pack('!H', 0) + text(client))


def subscribe(identifier, topic):
    return packet(0x82, struct.pack('!H', identifier) + text(topic) + b'\0')


def publish(identifier, topic, payload):
    return packet(0x32, text(topic) + struct.pack('!H', identifier) + payload)


def disconnect():
    return packet(0xe0, b'')


def take(buffer):
    """Takes the first whole packet out of the bytearray @buffer: (type, body), or None while it is not whole."""
    size = shift = 0
    for index in range(1, min(len(buffer), 5)):
        size |= (buffer[index] & 127) << shift
        shift += 7
        if not buffer[index] & 128:
            if len(buffer) < index + 1 + size:
                return None
            kind, body = buffer[0] >> 4, bytes(buffer[index + 1:index + 1 + size])
            del buffer[:index + 1 + size]
            return kind, body
    return None


def read_publish(body):
    """Topic and payload of a PUBLISH with QoS 0."""
    size = struct.unpack_from('!H', body)[0]
    return body[2:2 + size].decode(), body[2 + size:]
