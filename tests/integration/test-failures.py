#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers and modules that fail: each ends in one Closed with the right reason and a sentence, and the daemon goes on."""
import os
import ssl
import tty

import lab
from bench import BenchTest
from certificates import EC, Ca
from client import Refused
from lab import wait_for, wait_missing
from servers import SilentPort, echo, free_port, hang_up, read_all

KILO = 1024


class TestServers(BenchTest):
    """What is wrong lies with the server or the certificates. The module's clock runs fast, for its time-outs."""
    switches = ('time-scale=0.02',)

    def test_wrong_ca(self):
        server = self.start_server(verify=False)
        self.import_identity('other', ca=Ca(self.lab.dir, 'other'))
        context = self.make_context('wrong', ca_certificate='other')
        self.expect_closed(self.open(context, server.port), 'certificate')
        self.expect_goes_on()

    def test_untrusted_server(self):
        stranger = Ca(self.lab.dir, 'stranger').issue('server')
        server = self.start_server(identity=stranger, verify=False)
        context = self.make_context()
        self.expect_closed(self.open(context, server.port), 'certificate')
        self.expect_goes_on(context)

    def test_client_that_the_server_does_not_trust(self):
        stranger = Ca(self.lab.dir, 'stranger').issue('device')
        self.import_identity('stranger', identity=stranger)
        server = self.behave(read_all, ca=self.ca)
        context = self.make_context('stranger', client_certificate='stranger')
        self.expect_closed(self.open(context, server.port), 'connect-failed', 'certificate', 'key', 'server-closed')
        self.assertIsInstance(server.wait_result(), ssl.SSLError)
        self.expect_goes_on()

    def test_ecdsa_server(self):
        server = self.start_server(identity=self.ca.issue('ecdsa-server', EC), verify=False)
        context = self.make_context()
        self.expect_closed(self.open(context, server.port), 'cipher')
        self.expect_goes_on(context)

    def test_refused_port(self):
        context = self.make_context()
        self.expect_closed(self.open(context, free_port()), 'connect-failed')
        self.expect_goes_on(context)

    def test_silent_port(self):
        context = self.make_context()
        self.expect_closed(self.open(context, SilentPort(self.lab).port), 'timeout')
        self.expect_goes_on(context)

    def test_unknown_host(self):
        context = self.make_context()
        self.expect_closed(self.open(context, 4433, host='no-such-host.invalid'), 'connect-failed', 'timeout',
                           'module-error')
        self.expect_goes_on(context)

    def test_server_closes_in_the_middle(self):
        data = self.random.randbytes(100 * KILO)
        server = self.behave(hang_up(data, clean=True), ca=self.ca)
        context = self.make_context()
        connection = self.open(context, server.port)
        connection.wait_connected()
        connection.start_receiving()
        self.assertEqual(connection.wait_received(len(data)), data)
        self.expect_closed(connection, 'server-closed')
        self.expect_goes_on(context)

    def test_server_resets_in_the_middle(self):
        data = self.random.randbytes(100 * KILO)
        server = self.behave(hang_up(data, clean=False), ca=self.ca)
        context = self.make_context()
        connection = self.open(context, server.port)
        connection.wait_connected()
        connection.start_receiving()
        self.expect_closed(connection, 'server-closed', 'connect-failed')
        self.assertTrue(data.startswith(connection.received))
        self.expect_goes_on(context)

    def test_server_dies_during_a_send(self):
        server = self.start_server()
        context = self.make_context()
        connection = self.open(context, server.port)
        connection.wait_connected()
        data = self.random.randbytes(64 * KILO)
        sends = [connection.start_send(data) for _ in range(8)]
        server.wait_received(20 * KILO)
        server.close()
        wait_for(lambda: all(send.done for send in sends), 'the end of all sends')
        self.expect_closed(connection, 'server-closed', 'connect-failed')
        self.assertTrue((data * 8).startswith(bytes(server.received)))
        with self.assertRaises(Refused) as refused:
            sends[-1].wait()
        self.assertIn(refused.exception.name.rpartition('.')[2], ('SendFailed', 'NotConnected'))
        self.expect_goes_on(context)


class TestUnlistedResult(BenchTest):
    """A code that the note does not list neither crashes nor counts as success."""
    switches = ('result-8=yes',)

    def test_open(self):
        code, _ = self.expect_closed(self.open(self.make_context(), free_port()), 'module-error')
        self.assertEqual(code, -8)


class TestModuleDies(BenchTest):
    """The simulator is killed in the middle of something and comes back: nothing else has to be started anew."""

    def revive(self, context):
        wait_missing(self.client.bus, 'cell0')
        self.sim.start()
        self.expect_goes_on(context)

    def test_while_idle(self):
        context = self.make_context()
        self.sim.kill()
        self.revive(context)

    def test_while_connecting(self):
        context = self.make_context()
        connection = self.open(context, SilentPort(self.lab).port)
        wait_for(lambda: connection.state == 'connecting', 'the handshake')
        self.sim.kill()
        self.expect_closed(connection, 'module-lost')
        self.revive(context)

    def test_while_receiving(self):
        server = self.start_server()
        context = self.make_context()
        connection = self.open(context, server.port)
        connection.wait_connected()
        connection.start_receiving()
        data = self.random.randbytes(2048 * KILO)
        server.send(data)
        connection.wait_received(50 * KILO)
        self.sim.kill()
        self.expect_closed(connection, 'module-lost')
        self.assertTrue(data.startswith(connection.received))
        self.revive(context)

    def test_while_sending(self):
        server = self.start_server()
        context = self.make_context()
        connection = self.open(context, server.port)
        connection.wait_connected()
        data = self.random.randbytes(64 * KILO)
        sends = [connection.start_send(data) for _ in range(8)]
        server.wait_received(20 * KILO)
        self.sim.kill()
        with self.assertRaises(Refused) as refused:
            sends[-1].wait()
        self.assertIn(refused.exception.name.rpartition('.')[2], ('SendFailed', 'NotConnected'))
        self.expect_closed(connection, 'module-lost')
        self.assertTrue((data * 8).startswith(bytes(server.received)))
        self.revive(context)

    def test_open_without_module_is_refused(self):
        context = self.make_context()
        self.sim.kill()
        wait_missing(self.client.bus, 'cell0')
        for options in ({}, {'module': 'cell0'}):
            with self.assertRaises(Refused) as refused:
                self.open(context, 4433, queue_timeout=0, **options)
            self.assertEqual(refused.exception.name, 'org.modemssl1.Error.NotReady')
            self.assertIn(self.sim.link, refused.exception.text)
        self.revive(context)


class TestForgetfulModule(BenchTest):
    """The module falls back to seclevel 0 after each close: no connection is opened on that."""
    switches = ('close-resets=seclevel',)

    def test_each_connection_is_authenticated(self):
        context = self.make_context()
        server = self.behave(echo, ca=self.ca)
        for number in range(3):
            connection = self.open(context, server.port)
            connection.wait_connected()
            connection.send(b'%d' % number)
            self.assertEqual(connection.receive_exactly(1), b'%d' % number)
            connection.call('Close')
            self.expect_closed(connection, 'requested')
            self.assertEqual(server.wait_result(), 1)

    def test_wrong_ca_is_still_noticed(self):
        context = self.make_context()
        self.expect_goes_on(context)
        stranger = self.start_server(identity=Ca(self.lab.dir, 'stranger').issue('server'), verify=False)
        self.expect_closed(self.open(context, stranger.port), 'certificate')
        self.expect_goes_on(context)


class TestModuleForgetsAll(TestForgetfulModule):
    """The same where a close resets every setting."""
    switches = ('close-resets=all',)


class TestDaemon(BenchTest):
    """The daemon itself ends or is killed."""

    def test_restart_keeps_credentials_and_contexts(self):
        self.make_context()
        self.daemon.stop()
        self.daemon.start()
        self.expect_goes_on(self.client.manager('GetContext', 'office'))

    def test_killed_with_an_open_connection(self):
        server = self.start_server()
        context = self.make_context()
        connection = self.open(context, server.port)
        connection.wait_connected()
        self.daemon.kill()
        self.daemon.start()
        # The module still holds the connection of the earlier life; the start has closed it.
        again = self.open(context, self.behave(echo, ca=self.ca).port)
        again.wait_connected()
        self.assertGreater(int(again.path.rpartition('/')[2]), int(connection.path.rpartition('/')[2]))

    def test_killed_in_the_middle_of_an_upload(self):
        """The module takes all that comes for the certificate, until somebody cancels it."""
        self.daemon.kill()
        port = os.open(self.sim.link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(port)
        os.write(port, b'AT+QSSLCFG=0,0,"clientkey"\r')
        answer = b''
        while b'>' not in answer:
            answer += os.read(port, 4096)
        os.close(port)
        self.daemon.start()
        self.expect_goes_on()

    def test_stop_closes_what_is_open(self):
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        connection.send(b'before the end')
        self.daemon.stop()
        self.assertEqual(connection.wait_closed()[1], 'shutdown')
        self.assertEqual(server.wait_result(), b'before the end')


if __name__ == '__main__':
    lab.main()
