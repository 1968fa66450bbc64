#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""DTLS: the note's example 3.2, and that a datagram stays a datagram."""
import socket

import lab
from bench import TIMEOUT_S, BenchTest
from client import Refused
from lab import wait_for
from servers import DtlsServer

MAX_SEND_BYTES = 1024


class TestDtls(BenchTest):
    def open_dtls(self, **settings):
        server = DtlsServer(self.lab, self.ca, self.server)
        connection = self.open(self.make_context(protocol='dtls', **settings), server.port)
        connection.wait_connected()
        return server, connection

    def test_example_3_2(self):
        """Two-way authentication, send, receive, close, with the commands of the note."""
        server, connection = self.open_dtls()
        connection.send(b'0987654321')
        server.wait_received(10)
        server.send(b'1234567890')
        self.assertEqual(connection.receive_exactly(10), b'1234567890')
        self.assertEqual(connection.close()[1], 'requested')
        trace = self.daemon.read_trace()
        for command in ('AT+QSCLK=0', 'AT+QSSLCFG=0,0,"dtls",1', 'AT+QSSLCFG=0,0,"seclevel",2',
                        'AT+QSSLCFG=0,0,"cacert"', 'AT+QSSLCFG=0,0,"clientcert"', 'AT+QSSLCFG=0,0,"clientkey"',
                        f'AT+QSSLOPEN=0,0,"localhost",{server.port},0', 'AT+QSSLSEND=0,0,10', 'AT+QSSLCLOSE=0,0',
                        'AT+QSCLK=1'):
            self.assertIn('> ' + command + '\n', trace)

    def test_every_version_and_format(self):
        for version in ('1.2', 'negotiate'):
            for form in ('text', 'hex'):
                with self.subTest(version=version, form=form):
                    name = f'context-{version}-{form}'
                    server, connection = self.open_dtls(name=name, dtls_version=version, send_format=form,
                                                        receive_format=form)
                    payload = bytes(range(256)) * 4
                    connection.send(payload)
                    self.assertEqual(server.wait_received(1024), payload)
                    server.send(payload)
                    self.assertEqual(connection.receive_exactly(1024), payload)
                    connection.close()
                    connection.release()
                    server.close()

    def test_one_send_is_one_datagram(self):
        """And one URC is one Received."""
        server, connection = self.open_dtls()
        pieces = []
        connection.on_data = lambda: pieces.append(len(connection.received) - sum(pieces))
        connection.start_receiving()
        for size in (1, 700, MAX_SEND_BYTES):
            before = len(server.received)
            connection.send(b'u' * size)
            server.wait_received(before + size)
            server.send(b'd' * size)
            connection.wait_received(before + size)
        self.assertEqual(pieces, [1, 700, MAX_SEND_BYTES])

    def test_receive_gives_one_datagram(self):
        server, connection = self.open_dtls()
        for size in (5, 3):
            before = connection.get('BytesReceived')
            server.send(b'x' * size)
            wait_for(lambda b=before, s=size: connection.get('BytesReceived') == b + s, 'a datagram')
        with self.assertRaises(Refused) as refused:
            connection.receive(0, 4)
        self.assertIn('5 bytes', str(refused.exception))
        self.assertEqual(connection.receive(0), (b'x' * 5, False))
        with self.assertRaises(Refused):
            connection.receive(2)
        self.assertEqual(connection.receive(5), (b'x' * 3, False))

    def test_too_large_a_datagram_is_refused_before_anything_is_sent(self):
        server, connection = self.open_dtls()
        with self.assertRaises(Refused) as refused:
            connection.send(b'x' * (MAX_SEND_BYTES + 1))
        self.assertIn(str(MAX_SEND_BYTES), str(refused.exception))
        self.assertEqual(connection.get('BytesSent'), 0)
        self.assertNotIn('AT+QSSLSEND=0,0', self.daemon.read_trace())
        connection.send(b'still there')
        self.assertEqual(server.wait_received(11), b'still there')

    def test_silent_server_ends_at_the_time_out_of_the_context(self):
        """The module itself would try for 123 s (note 2.3.2)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            context = self.make_context(protocol='dtls', timeout=TIMEOUT_S)
            connection = self.open(context, silent.getsockname()[1], host='127.0.0.1')
            self.expect_closed(connection, 'timeout')
        self.expect_goes_on(context=None)


if __name__ == '__main__':
    lab.main()
