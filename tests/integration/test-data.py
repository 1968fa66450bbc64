#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data through mutual TLS to openssl s_server: 1 MB each way in every pair of formats, and payloads that look like AT."""
import lab
from bench import BenchTest
from client import SEND_BYTES, sha256
from lab import wait_for

MEGABYTE = 1 << 20
WINDOW_BYTES = 128 << 10
TRANSFER_S = 120

NASTY = [
    b'\r\nOK\r\n', b'>', b'\r\n>', b'\r\n> ', b'"', b'""",', b'\0', b'\x1a', b'\x1b', b'a\x1ab\x1bc', b'\r', b'\n',
    b'\r\nERROR\r\n', b'AT\r', b'+++', b'\r\n+QSSLURC: "closed",0,0\r\n', b'\r\n+QSSLURC: "recv",0,0,5,"hello"\r\n',
    b'\r\n+QSSLSEND: 0,0,-1\r\n', b'\r\n+QSSLOPEN: 0,0,0\r\n', b'\r\nRDY\r\n', b'\xff' * 3, b'\x00\x01\x02' * 400,
    bytes(range(256)) * 4, b'\r\nOK\r\n' * 171,
]


class TestOneMegabyte(BenchTest):
    """Both ways at the same time, compared by SHA-256. Nothing can hold a module back, so the server never runs further ahead of
    the client than the daemon's buffer is large: on a busy machine more would rightly end with an overflow."""

    def feed(self, server, connection, data):
        """Has the server send @data, at most WINDOW_BYTES beyond what the client has received."""
        fed = 0

        def on_data():
            nonlocal fed
            until = min(len(data), len(connection.received) + WINDOW_BYTES)
            if until > fed:
                server.send(data[fed:until])
                fed = until

        connection.on_data = on_data
        on_data()

    def exchange(self, send_format, receive_format):
        server = self.start_server()
        context = self.make_context(send_format=send_format, receive_format=receive_format)
        connection = self.open(context, server.port)
        connection.wait_connected()
        connection.start_receiving()
        up, down = self.random.randbytes(MEGABYTE), self.random.randbytes(MEGABYTE)
        self.feed(server, connection, down)
        self.assertEqual(connection.send(up), MEGABYTE)
        self.assertEqual(sha256(server.wait_received(MEGABYTE, TRANSFER_S)), sha256(up))
        self.assertEqual(sha256(connection.wait_received(MEGABYTE, TRANSFER_S)), sha256(down))
        statistics = connection.call('GetStatistics').unpack()[0]
        for key in ('bytes-sent', 'bytes-confirmed', 'bytes-received', 'bytes-delivered'):
            self.assertEqual(statistics[key], MEGABYTE, key)
        connection.call('Close')
        self.expect_closed(connection, 'requested')

    def test_text_text(self):
        self.exchange('text', 'text')

    def test_text_hex(self):
        self.exchange('text', 'hex')

    def test_hex_text(self):
        self.exchange('hex', 'text')

    def test_hex_hex(self):
        self.exchange('hex', 'hex')


class TestPayload(BenchTest):
    """Bytes that other drivers take for protocol, one at a time, both ways, in every pair of formats."""

    def check_formats(self, send_format, receive_format):
        server = self.start_server()
        connection = self.open(self.make_context(send_format=send_format, receive_format=receive_format), server.port)
        connection.wait_connected()
        connection.start_receiving()
        size = 0
        for payload in NASTY:
            with self.subTest(payload=payload[:40]):
                connection.send(payload)
                server.wait_received(size + len(payload))
                self.assertEqual(bytes(server.received[size:]), payload)
                server.send(payload)
                connection.wait_received(size + len(payload))
                self.assertEqual(bytes(connection.received[size:]), payload)
                size += len(payload)
        connection.call('Close')
        self.expect_closed(connection, 'requested')

    def test_text(self):
        self.check_formats('text', 'text')

    def test_hex(self):
        self.check_formats('hex', 'hex')

    def test_mixed(self):
        self.check_formats('hex', 'text')


class TestReceive(BenchTest):
    """The calls: Receive lets go only of what was asked to, Send confirms in order."""

    def test_repeated_call_loses_nothing(self):
        server = self.start_server()
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        data = self.random.randbytes(5000)
        server.send(data)
        wait_for(lambda: connection.get('BytesReceived') == 5000, 'all data at the daemon')
        self.assertEqual(connection.receive(0)[0], data)
        self.assertEqual(connection.receive(0)[0], data)
        self.assertEqual(connection.receive(1000, 10)[0], data[1000:1010])
        self.assertEqual(connection.receive(1000)[0], data[1000:])
        self.assertEqual(connection.receive(5000, timeout_ms=0), (b'', False))

    def test_end_of_data_is_told(self):
        server = self.start_server()
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        server.send(b'last words')
        self.assertEqual(connection.receive_exactly(10), b'last words')
        server.close()
        self.assertEqual(connection.receive(10), (b'', True))
        self.expect_closed(connection, 'server-closed')

    def test_calls_of_send_are_served_in_order(self):
        server = self.start_server()
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        pieces = [self.random.randbytes(self.random.randrange(1, 4000)) for _ in range(16)]
        calls = [connection.start_send(piece) for piece in pieces]
        wait_for(lambda: all(call.done for call in calls), 'all sends')
        total = 0
        for call, piece in zip(calls, pieces):
            total += len(piece)
            self.assertEqual(call.wait().unpack()[0], total)
        self.assertEqual(server.wait_received(total), b''.join(pieces))

    def test_largest_send(self):
        server = self.start_server()
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        data = self.random.randbytes(SEND_BYTES)
        self.assertEqual(connection.send(data), SEND_BYTES)
        self.assertEqual(server.wait_received(SEND_BYTES), data)


class TestAtAnySplit(BenchTest):
    """The module's output arrives in pieces of 1 to 7 bytes; the same data comes out."""
    switches = ('deliver-split=7', f'seed={lab.SEED % 4294967295}')

    def test_text(self):
        server = self.start_server()
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        connection.start_receiving()
        up, down = self.random.randbytes(20000), self.random.randbytes(20000)
        server.send(down)
        connection.send(up)
        self.assertEqual(server.wait_received(20000), up)
        self.assertEqual(connection.wait_received(20000), down)


if __name__ == '__main__':
    lab.main()
