#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim against real servers: the note's examples byte by byte, payloads, and every result code from its cause."""
import hashlib
import os
import random
import socket
import ssl
import unittest

from sim_lab import (CTRL_Z, Ca, OpensslServer, SimTest, echo, reset, say, unused_port)

ALL_BYTES = bytes(range(256))
NASTY = b'\r\nOK\r\n>"+QSSLURC: "closed",0,0\r\n\x00\x1a\x1b' + ALL_BYTES


def setUpModule():
    TlsTest.ca = Ca()
    TlsTest.server = TlsTest.ca.issue('server')
    TlsTest.device = TlsTest.ca.issue('device')


class TlsTest(SimTest):
    """With one authority, server and client for all."""

    def authenticate(self, port, level, ca=None, cert=None, key=None):
        port.ask(f'AT+QSSLCFG=0,0,"seclevel",{level}')
        port.upload('cacert', ca if ca is not None else self.ca.pem)
        if level > 1:
            port.upload('clientcert', cert if cert is not None else self.device.cert_pem)
            port.upload('clientkey', key if key is not None else self.device.key_pem)


class ExampleTest(TlsTest):
    """Chapter 3 of the note. Echo is on, as after power-on."""

    def play(self, port, command, *answers):
        port.write(command.encode() + b'\r')
        port.expect(command, '\r')
        for answer in answers:
            port.expect(f'\r\n{answer}\r\n')

    def play_upload(self, port, key, content):
        self.play(port, f'AT+QSSLCFG=0,0,"{key}"')
        port.expect('\r\n>')
        port.write(content + CTRL_Z)
        port.expect(content, f'\r\n+QSSLCFG: 0,0,"{key}",{len(content)}\r\n\r\nOK\r\n')

    def play_all(self, server, port):
        self.play_upload(port, 'cacert', self.ca.pem)
        self.play_upload(port, 'clientcert', self.device.cert_pem)
        self.play_upload(port, 'clientkey', self.device.key_pem)
        self.play(port, f'AT+QSSLOPEN=0,0,"localhost",{server.port},0', 'OK', '+QSSLOPEN: 0,0,0')
        self.play(port, 'AT+QSSLSEND=0,0')
        port.expect('\r\n>')
        port.write(b'hello from the module\n' + CTRL_Z)
        port.expect('hello from the module\n', '\r\nOK\r\n', '\r\n+QSSLSEND: 0,0,0\r\n')
        server.wait_for(rb'hello from the module\n')
        server.say(b'1234567890')
        port.expect('\r\n+QSSLURC: "recv",0,0,10,"1234567890"\r\n')
        self.play(port, 'AT+QSSLCLOSE=0,0', 'OK', '+QSSLCLOSE: 0,0,0')

    def test_3_1_two_way_authentication(self):
        server = OpensslServer(self.server, self.ca)
        self.addCleanup(server.close)
        port = self.sim().open(echo=True)
        self.play(port, 'AT+QSCLK=0', 'OK')
        self.play(port, 'AT+QSSLCFG=0,0,"seclevel",2', 'OK')
        self.play_all(server, port)
        self.play(port, 'AT+QSCLK=1', 'OK')
        server.wait_for(rb'depth=0 CN = device')
        server.wait_for(rb'DONE')

    def test_3_2_dtls(self):
        for version, word in enumerate(('-dtls1', '-dtls1_2')):
            server = OpensslServer(self.server, self.ca, word)
            self.addCleanup(server.close)
            port = self.sim().open(echo=True)
            self.play(port, 'AT+QSCLK=0', 'OK')
            self.play(port, 'AT+QSSLCFG=0,0,"dtls",1', 'OK')
            self.play(port, f'AT+QSSLCFG=0,0,"dtlsversion",{version}', 'OK')
            self.play(port, 'AT+QSSLCFG=0,0,"seclevel",2', 'OK')
            self.play_all(server, port)
            server.wait_for(rb'depth=0 CN = device')


class PayloadTest(TlsTest):
    def test_versions(self):
        server = self.serve(self.server)
        port = self.port()
        for version, name in ((1, 'TLSv1'), (2, 'TLSv1.1'), (3, 'TLSv1.2'), (4, 'TLSv1.2')):
            port.ask(f'AT+QSSLCFG=0,0,"sslversion",{version}')
            port.open(server.port)
            port.send(NASTY)
            self.assertEqual(port.receive_all(len(NASTY)), NASTY)
            port.close_connection()
            self.assertEqual(server.versions[-1], name)

    def test_hex(self):
        server = self.serve(self.server)
        port = self.port()
        port.open(server.port)
        port.ask('AT+QSSLCFG=0,0,"dataformat",1,1')
        for command, end in ((f'AT+QSSLSEND=0,0,{len(NASTY)}', b''), ('AT+QSSLSEND=0,0', CTRL_Z)):
            port.write(command.encode() + b'\r')
            port.expect('\r\n>')
            port.write(NASTY.hex().encode() + end)
            port.lines('OK', '+QSSLSEND: 0,0,0', f'+QSSLURC: "recv",0,0,{len(NASTY)},"{NASTY.hex().upper()}"')
        for bad in (b'abc', b'zz', b''):
            port.write(b'AT+QSSLSEND=0,0\r')
            port.expect('\r\n>')
            port.write(bad + CTRL_Z)
            port.lines('ERROR')

    def test_limits_of_send(self):
        server = self.serve(self.server)
        port = self.port()
        port.fail('AT+QSSLSEND=0,0')
        port.fail('AT+QSSLSEND=0,0,5')
        port.open(server.port)
        for bad in ('0', '1025', '-1', 'x', '5,5', '"5"', ''):
            port.fail('AT+QSSLSEND=0,0,' + bad)
        port.send(b'x' * 1024)
        port.receive_all(1024)
        for length, result in ((1024, ('OK', '+QSSLSEND: 0,0,0')), (1025, ('ERROR',)), (0, ('ERROR',))):
            port.write(b'AT+QSSLSEND=0,0\r')
            port.expect('\r\n>')
            port.write(b'y' * length + CTRL_Z)
            port.lines(*result)
            if len(result) > 1:
                self.assertEqual(port.receive_all(length), b'y' * length)
        self.assertTrue(port.is_quiet())

    def test_much_data_to_a_host_that_reads_late(self):
        data = random.Random(1).randbytes(3_000_000)
        server = self.serve(self.server, say(data))
        sim = self.sim()
        port = sim.open()
        port.open(server.port)
        digest = hashlib.sha256()
        first = True
        length = 0
        while length < len(data):
            piece = port.receive()
            self.assertLessEqual(len(piece), 1400)
            digest.update(piece)
            length += len(piece)
            if first:
                # The server cannot get rid of it all while nobody reads: it has to wait.
                self.assertTrue(server.thread.is_alive())
                first = False
        self.assertEqual(digest.digest(), hashlib.sha256(data).digest())
        port.lines('+QSSLURC: "closed",0,0')
        port.close_connection(-6)
        with open(f'/proc/{sim.process.pid}/status', encoding='ascii') as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith('VmHWM'))
        if os.environ.get('MODEMSSL_SANITIZERS', 'none') == 'none':
            self.assertLess(peak, 32_000, 'KiB')

    def test_much_data_to_the_server(self):
        data = random.Random(2).randbytes(200_000)
        received = []

        def collect(connection):
            digest = hashlib.sha256()
            length = 0
            while length < len(data):
                piece = connection.recv(65536)
                digest.update(piece)
                length += len(piece)
            received.append(digest.digest())
            connection.sendall(b'thanks')

        server = self.serve(self.server, collect)
        port = self.port()
        port.open(server.port)
        for start in range(0, len(data), 1024):
            port.send(data[start:start + 1024])
        self.assertEqual(port.receive_all(6), b'thanks')
        self.assertEqual(received, [hashlib.sha256(data).digest()])

    def test_server_closes(self):
        for handler in (say(b'bye'), lambda connection: connection.sendall(b'bye'), ):
            server = self.serve(self.server, handler)
            port = self.port()
            port.open(server.port)
            port.lines('+QSSLURC: "recv",0,0,3,"bye"', '+QSSLURC: "closed",0,0')
            port.fail('AT+QSSLSEND=0,0')
            port.close_connection(-6)
            port.open(server.port)
            port.lines('+QSSLURC: "recv",0,0,3,"bye"', '+QSSLURC: "closed",0,0')

    def test_server_resets(self):
        server = self.serve(self.server, reset)
        port = self.port()
        port.open(server.port)
        port.lines('+QSSLURC: "closed",0,0')
        self.assertTrue(port.is_quiet())

    def test_datagrams_stay_datagrams(self):
        server = OpensslServer(self.server, self.ca, '-dtls1_2')
        self.addCleanup(server.close)
        port = self.port()
        self.authenticate(port, 2)
        port.ask('AT+QSSLCFG=0,0,"dtls",1')
        port.open(server.port)
        for piece in (b'one\n', b'two\n'):
            port.send(piece)
        server.wait_for(b'one\ntwo\n')
        for piece in (b'three', b'four'):
            server.say(piece)
            port.lines(f'+QSSLURC: "recv",0,0,{len(piece)},"{piece.decode()}"')
        port.close_connection()


class ResultCodeTest(TlsTest):
    """Chapter 4 of the note, each from a real cause."""

    def test_2_refused(self):
        port = self.port()
        port.open(unused_port(), -2)
        port.open(unused_port(), -2, host='::1')
        port.ask('AT+QSSLCFG=0,0,"dtls",1')
        port.open(unused_port(), -2)

    def test_2_no_such_host(self):
        self.port().open(443, -2, host='x' * 64 + '.invalid')  # too long for a label: no query leaves

    def test_2_closed_in_the_handshake(self):
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        port = self.port()
        port.ask(f'AT+QSSLOPEN=0,0,"127.0.0.1",{listener.getsockname()[1]},0')
        listener.accept()[0].close()
        port.lines('+QSSLOPEN: 0,0,-2')

    def test_3_untrusted_server(self):
        other = Ca()
        server = self.serve(self.server)
        port = self.port()
        self.authenticate(port, 1, ca=other.pem)
        port.open(server.port, -3)
        port.upload('cacert', b'no certificate')
        port.open(server.port, -3)
        port.upload('cacert', self.ca.pem)
        port.open(server.port, 0)
        port.close_connection()
        port.ask('AT+QSSLCFG=0,0,"seclevel",0')
        port.upload('cacert', other.pem)
        port.open(server.port, 0)

    def test_3_host_name_is_not_checked_and_dates_only_by_switch(self):
        old = self.ca.issue('old', days='-1')
        server = self.serve(old)
        port = self.port()
        self.authenticate(port, 1)
        port.open(server.port, 0)
        port.close_connection()
        port = self.port('checks-dates=yes')
        self.authenticate(port, 1)
        port.open(server.port, -3)

    def test_3_our_certificate(self):
        server = self.serve(self.server, client_ca=self.ca)
        port = self.port()
        self.authenticate(port, 2)
        port.open(server.port, 0)
        port.close_connection()
        stranger = Ca().issue('stranger')
        port.upload('clientcert', stranger.cert_pem)
        port.upload('clientkey', stranger.key_pem)
        port.open(server.port, -3)
        port.upload('clientcert', b'no certificate')
        port.open(server.port, -3)
        port.ask('AT+QSSLCFG=0,0,"seclevel",1')
        port.open(server.port, -3)

    def test_4_key(self):
        server = self.serve(self.server)
        port = self.port()
        self.authenticate(port, 2, key=self.server.key_pem)
        port.open(server.port, -4)
        port.upload('clientkey', b'no key')
        port.open(server.port, -4)

    def test_5_no_common_suite(self):
        for algorithm in (('ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'),):
            server = self.serve(self.ca.issue('ecdsa', algorithm=algorithm), ciphers='ALL:@SECLEVEL=0')
            self.port().open(server.port, -5)
        server = self.serve(self.server, ciphers='ECDHE')
        self.port().open(server.port, -5)

    def test_5_no_common_version(self):
        server = self.serve(self.server, minimum=ssl.TLSVersion.TLSv1_2)
        port = self.port()
        port.ask('AT+QSSLCFG=0,0,"sslversion",1')
        port.open(server.port, -5)
        server = self.serve(self.server, minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
        port.ask('AT+QSSLCFG=0,0,"sslversion",3')
        port.open(server.port, -5)

    def test_7_silent_server(self):
        port = self.port('time-scale=0.001')
        with socket.create_server(('127.0.0.1', 0)) as listener:
            port.open(listener.getsockname()[1], -7)
        port.ask('AT+QSSLCFG=0,0,"dtls",1')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            port.open(silent.getsockname()[1], -7)

    def test_7_send_that_does_not_get_through(self):
        stuck = []
        server = self.serve(self.server, lambda connection: stuck.append(connection.detach()))
        server.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = self.port('time-scale=0.02')
        port.ask('AT+QSSLCFG=0,0,"timeout",30')
        port.open(server.port)
        results = set()
        while results <= {b'0'}:
            port.write(b'AT+QSSLSEND=0,0,1024\r')
            port.expect('\r\n>')
            port.write(bytes(1024))
            port.expect('\r\nOK\r\n')
            results.add(port.match(rb'\r\n\+QSSLSEND: 0,0,(-?\d+)\r\n').group(1))
        self.assertEqual(results - {b'0'}, {b'-7'})
        port.lines('+QSSLURC: "closed",0,0')
        os.close(stuck[0])

    def test_1_degraded_stack(self):
        server = self.serve(self.server)
        sim = self.sim('degrade-after-opens=2')
        port = sim.open()
        for result in (0, 0, -1, -1):
            port.open(server.port, result)
            if result == 0:
                port.close_connection()
        sim.power_cycle()
        port.match(rb'\r\n\+IP: [0-9.]+\r\n')
        port.open(server.port, 0)


if __name__ == '__main__':
    unittest.main()
