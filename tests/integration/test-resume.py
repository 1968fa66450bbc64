#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A connection that persists outlives the daemon: killed behind any byte of the dialogue, or restarted in good order. The server gets
every byte once, and so does the application, which goes on at the offsets where it was.
"""
import signal
import threading

import lab
from application import PIECE_BYTES, Application
from client import CONNECTION, Connection, Refused
from gi.repository import GLib
from killing import KILL_DELAYS_MS, PROMPT_DELAY_MS, KillTest
from lab import FULL, wait_for
from servers import DtlsServer, read_all
from tap import Tap
from variants import HARMLESS

TRIALS = 200 if FULL else 12
DEATHS = 3
# What changes how the dialogue looks around data.
SWITCHES = ('prompt', 'prompt-delay-ms', 'data-echo', 'send-result', 'hex-quotes', 'hex-case', 'hex-length', 'urc-in-data-mode',
            'reply-delay-ms', 'deliver-split', 'debug-on-at-port', 'slots', 'test-ranges', 'default-sleep')
KEPT_BYTES = 64 * 1024


def record(connection):
    """Behaviour: gives back what comes, and returns it."""
    data = b''
    while True:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
        connection.sendall(piece)


class ResumeTest(KillTest):
    settings = {}

    def choose_switches(self):
        return {}

    def setUp(self):
        lab.LabTest.setUp(self)
        self.clients = []
        switches = self.choose_switches()
        print(f'{self.id()}: {switches} {self.settings}')
        self.sim = self.lab.sim(*(f'{key}={value}' for key, value in switches.items()), name='cell0')
        self.tap = Tap(self.lab, self.sim, self.lab.path('tap'))
        self.holder = self.lab.holder()
        self.daemon = self.lab.daemon(self.sim, settings={'device': self.tap.link, 'prompt-delay': str(PROMPT_DELAY_MS)})
        self.client = self.new_client()
        self.context = self.make_context(**self.settings)
        self.data = self.random.randbytes(8 * PIECE_BYTES)

    def connect(self, server):
        connection = self.open(self.context, server.port, persist=True)
        connection.wait_connected()
        application = Application(connection.path, self.data)
        application.attach(self.client)
        return application

    def finish(self, application, server):
        """All is there: closed in good order, and the server got exactly what was sent."""
        self.assertEqual(application.received, self.data)
        self.assertEqual(application.connection.get('BytesSent'), len(self.data))
        code, reason, _ = application.connection.close()
        self.assertEqual((code, reason), (0, 'requested'))
        application.connection.release()
        self.assertEqual(server.wait_result(), self.data)

    def measure(self):
        """How many bytes pass while an undisturbed application runs."""
        server = self.behave(record, ca=self.ca)
        application = self.connect(server)
        before = self.tap.count
        self.assertTrue(application.run())
        count = self.tap.count - before
        self.finish(application, server)
        return count

    def kill_later(self, within):
        """Behind a byte of the next @within."""
        delay_ms = self.random.choice(KILL_DELAYS_MS)
        process = self.daemon.process
        self.tap.call_behind(self.random.randrange(1, within), lambda: self.kill(process) if delay_ms == 0
                             else GLib.timeout_add(delay_ms, self.kill_in_time, process))
        self.may_kill = True

    def kill_in_time(self, process):
        return self.kill(process) if self.may_kill else GLib.SOURCE_REMOVE

    def bring_back(self, application):
        """The next daemon, however the one before has ended."""
        if not self.is_killed():
            self.daemon.kill()
        # What the next daemon says of it is not what this client waits for.
        self.client.connections.pop(application.path)
        # The name comes when the connection is there, whether or not the module is ready.
        self.daemon.start(wait=False)
        self.daemon.wait_name(self.lab.bus.connect())
        self.client = self.new_client()
        self.assertIn(self.client.get(application.path, CONNECTION, 'State'), ('resuming', 'connected'))
        application.attach(self.client)

    def let_go_on(self, application):
        """Nobody kills the daemon any more."""
        self.tap.at = None
        self.may_kill = False
        while not application.run() or self.is_killed():
            self.bring_back(application)

    def go_on(self, trials):
        """Some applications, and deaths of the daemon, with random data."""
        total = self.measure()
        for trial in range(trials):
            with self.subTest(trial=trial):
                server = self.behave(record, ca=self.ca)
                application = self.connect(server)
                for _ in range(self.random.randint(1, DEATHS)):
                    self.kill_later(total // 2)
                    if application.run():
                        break
                    self.bring_back(application)
                self.let_go_on(application)
                self.finish(application, server)
        self.expect_goes_on(self.context)
        self.stop()


class TestKilled(ResumeTest):
    def test_killed(self):
        self.go_on(TRIALS)
        self.assertIn('+QSCLK: 1', self.tap.ask('AT+QSCLK?'))


class TestKilledHex(ResumeTest):
    settings = {'send_format': 'hex', 'receive_format': 'hex'}

    def test_killed(self):
        self.go_on(TRIALS // 3)


class TestVariants(ResumeTest):
    """Modules of different habits."""
    settings = {'module_debug': 4}

    def choose_switches(self):
        return {key: self.random.choice(HARMLESS[key]) for key in SWITCHES}

    def setUp(self):
        self.settings = {**self.settings, 'send_format': 'text', 'receive_format': 'text'}
        super().setUp()

    def test_killed(self):
        self.go_on(2)

    test_killed_again = test_killed_once_more = test_killed


class TestStories(ResumeTest):
    """What may happen while there is no daemon."""

    def test_restarted_in_good_order(self):
        """As by systemctl restart, in the middle of a send."""
        server = self.behave(record, ca=self.ca)
        application = self.connect(server)
        for _ in range(DEATHS):
            self.tap.call_behind(self.random.randrange(1, 5 * PIECE_BYTES), self.daemon.process.terminate)
            application.run()
            wait_for(self.is_killed, 'the end of the daemon')
            self.assertEqual(self.daemon.process.returncode, 0)
            self.bring_back(application)
        self.let_go_on(application)
        self.finish(application, server)

    def test_stopped_for_good(self):
        """Nobody comes back: the holder closes it, and the module is as it was."""
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.context, server.port, persist=True).wait_connected()
        connection.send(b'to the end')
        self.stop()
        self.assertEqual(connection.closed, [])
        self.holder.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait_result(), b'to the end')
        wait_for(lambda: self.holder.poll() is not None, 'the end of the holder')
        self.assertIn('+QSCLK: 1', self.tap.ask('AT+QSCLK?'))

    def die(self, connection):
        """Takes @connection from the client, which is one of an earlier life now."""
        self.daemon.kill()
        self.client.connections.pop(connection.path)

    def find_again(self, connection):
        self.daemon.start(wait=False)
        self.daemon.wait_name(self.lab.bus.connect())
        self.client = self.new_client()
        return Connection(self.client, connection.path)

    def serve(self, data):
        """A server that says @data, and closes, when it is told to; a persistent connection to it; the teller."""
        now = threading.Event()

        def behave(connection):
            now.wait(lab.PATIENCE_S)
            connection.sendall(data)
            connection.unwrap()
        server = self.behave(behave, ca=self.ca)
        return self.open(self.context, server.port, persist=True).wait_connected(), now.set

    def test_the_server_talks_and_closes_meanwhile(self):
        data = self.random.randbytes(20000)
        connection, tell = self.serve(data)
        self.die(connection)
        tell()
        wait_for(lambda: b'"closed"' in self.tap.said, 'the end of what the server says')
        connection = self.find_again(connection)
        received = connection.receive_exactly(len(data))
        self.assertEqual(received, data)
        self.expect_closed(connection, 'server-closed')

    def test_more_than_is_kept(self):
        """What was received before stays whole."""
        data = self.random.randbytes(2 * KEPT_BYTES)
        connection, tell = self.serve(data)
        self.die(connection)
        tell()
        wait_for(lambda: b'"closed"' in self.tap.said, 'the end of what the server says')
        connection = self.find_again(connection)
        self.expect_closed(connection, 'module-lost', says='not all')

    def test_the_module_restarts_meanwhile(self):
        connection, _ = self.serve(b'')
        self.die(connection)
        self.tap.write(b'AT+QRST=1\r')
        wait_for(lambda: b'RDY' in self.tap.said, 'the restart')
        self.expect_closed(self.find_again(connection), 'module-restarted')
        self.expect_goes_on(self.context)

    def test_data_that_was_not_received_waits(self):
        """What lay in the daemon's buffer is there again, but for what was let go of."""
        data = self.random.randbytes(30000)

        def behave(connection):
            connection.sendall(data)
            return read_all(connection)
        server = self.behave(behave, ca=self.ca)
        connection = self.open(self.context, server.port, persist=True).wait_connected()
        wait_for(lambda: connection.get('BytesReceived') == len(data), 'all data')
        self.assertEqual(connection.receive(0, 10000), (data[:10000], False))
        self.assertEqual(connection.receive(10000, 1), (data[10000:10001], False))
        self.die(connection)
        connection = self.find_again(connection)
        self.assertEqual(connection.get('BytesReceived'), len(data))
        with self.assertRaises(Refused) as caught:
            connection.receive(9999)
        self.assertTrue(caught.exception.name.endswith('Offset'))
        self.assertEqual(connection.receive_exactly(20000, 10000), data[10000:])
        connection.wait_connected()
        self.assertEqual(connection.close()[1], 'requested')
        self.assertEqual(server.wait_result(), b'')

    def test_not_with_signals(self):
        """What was handed to the bus cannot be handed out again: the object is gone, and the slot free."""
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.context, server.port, persist=True).wait_connected()
        connection.start_receiving()
        connection.send(b'whole')
        self.die(connection)
        self.daemon.start()
        self.client = self.new_client()
        with self.assertRaises(Refused):
            self.client.get(connection.path, CONNECTION, 'State')
        self.assertEqual(server.wait_result(), b'whole')
        self.expect_goes_on(self.context)

    def test_another_user_may_not(self):
        """The owner is still the owner."""
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.context, server.port, persist=True).wait_connected()
        owner = connection.get('OwnerUserId')
        self.die(connection)
        connection = self.find_again(connection).wait_connected()
        self.assertEqual(connection.get('OwnerUserId'), owner)
        connection.send(b'mine')
        connection.close()
        self.assertEqual(server.wait_result(), b'mine')

    def test_datagrams_stay_datagrams(self):
        server = DtlsServer(self.lab, self.ca, self.server)
        context = self.make_context('datagrams', protocol='dtls')
        connection = self.open(context, server.port, persist=True).wait_connected()
        sizes = [1, 900, 40]
        sent = 0
        for size in sizes:
            connection.send(b'u' * size)
            sent += size
            server.wait_received(sent)
            server.send(b'd' * size)
            wait_for(lambda count=sent: connection.get('BytesReceived') == count, 'a datagram')
        self.die(connection)
        connection = self.find_again(connection).wait_connected()
        offset = 0
        for size in sizes:
            data, _ = connection.receive(offset)
            self.assertEqual(len(data), size)
            offset += size
        server.send(b'one more')
        self.assertEqual(connection.receive(offset)[0], b'one more')
        self.assertEqual(connection.close()[1], 'requested')


if __name__ == '__main__':
    lab.main()
