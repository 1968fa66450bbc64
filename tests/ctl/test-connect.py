#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`modemsslctl connect`: data both ways, every way to end, and what it says about it."""
import hashlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from ctl_case import INTERFACE_DIR, TIMEOUT_S, Bus, Case
from fake_service import ROOT, FakeService, Script, ServiceError
from gi.repository import Gio, GLib

CONNECT = ('connect', 'demo', 'server.example', '8883')


class Silent(Script):
    """Confirms, but the server says nothing."""

    def sent(self, connection, data, answer):
        answer()


class EchoAndClose(Script):
    """Sends everything back, and closes after so many bytes."""

    def __init__(self, n_bytes):
        self.n_bytes = n_bytes

    def sent(self, connection, data, answer):
        super().sent(connection, data, answer)
        if len(connection.sent) == self.n_bytes:
            connection.end('server-closed')


class Queue(Script):
    """Waits for a slot, third at first."""

    def opened(self, connection):
        self.move(connection, 3)
        connection.change(State=GLib.Variant('s', 'queued'), Module=GLib.Variant('o', '/'))

    def move(self, connection, position):
        connection.change(QueuePosition=GLib.Variant('u', position))

    def receiving(self, connection):
        pass


class Connect(Case):
    def start_connected(self, *arguments, **options):
        process = self.start(*CONNECT, *arguments, **options)
        self.service.wait_for(lambda: self.service.connections and self.connection.calls)
        return process

    def test_echo(self):
        data = random.Random(1).randbytes(1 << 20)
        status, out, err = self.finish(self.start(*CONNECT, '--linger', '1'), data)
        self.assertEqual((status, err), (0, ''))
        self.assertEqual(hashlib.sha256(out).hexdigest(), hashlib.sha256(data).hexdigest())
        self.assertEqual(self.connection.calls[-2:], ['Close', 'Release'])

    def test_files(self):
        data = random.Random(2).randbytes(100000)
        self.use(EchoAndClose(len(data)))
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(data)
            source.seek(0)
            process = self.start(*CONNECT, stdin=source, stdout=sink)
            status, _, err = self.finish(process)
            self.assertEqual((status, err), (0, ''))
            sink.seek(0)
            self.assertEqual(sink.read(), data)

    def test_nonblocking_descriptors(self):
        data = random.Random(3).randbytes(300000)
        self.use(EchoAndClose(len(data)))
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        process = self.start(*CONNECT, stdin=theirs, stdout=theirs)
        theirs.close()
        received = bytearray()

        def read():
            while piece := ours.recv(65536):
                received.extend(piece)

        reader = threading.Thread(target=read)
        reader.start()
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        self.assertEqual(process.wait(TIMEOUT_S), 0)
        reader.join()
        ours.close()
        self.assertEqual(bytes(received), data)

    def test_sends_in_flight(self):
        class Slow(Silent):
            answers = []

            def sent(self, connection, data, answer):
                self.answers.append(answer)

        script = Slow()
        self.use(script)
        with tempfile.TemporaryFile() as source:
            source.write(bytes(500000))
            source.seek(0)
            self.start_connected(stdin=source)
        for _ in range(6):
            self.service.wait_for(lambda: len(script.answers) >= 4)
            self.fence(5)
            self.assertEqual(len(script.answers), 4)
            self.service.run(lambda: script.answers.pop(0)())

    def test_server_closes_early(self):
        class Hasty(Script):
            def connected(self, connection):
                connection.receive(b'bye')
                connection.end('server-closed')

        self.use(Hasty())
        process = self.start(*CONNECT)
        status, out, err = process.wait(TIMEOUT_S), process.stdout.read(), process.stderr.read()
        self.assertEqual((status, out, err), (0, b'bye', b''))
        self.assertIn('Release', self.connection.calls)

    def test_server_closes_with_much_data(self):
        data = random.Random(4).randbytes(3 << 20)

        class Download(Script):
            def connected(self, connection):
                connection.receive(data)
                connection.end('server-closed')

        self.use(Download())
        status, out, err = self.finish(self.start(*CONNECT))
        self.assertEqual((status, err), (0, ''))
        self.assertEqual(out, data)

    def test_closed_before_anybody_listens(self):
        class Early(Script):
            def opened(self, connection):
                connection.end('connect-failed', -2, 'No way.')

            def receiving(self, connection):
                pass

        self.use(Early())
        self.assertEqual(self.bad(1, *CONNECT),
                         'modemsslctl: the connection ended: connect-failed (module code -2): No way.\n')

    def test_early_end_with_data(self):
        class Early(Script):
            def opened(self, connection):
                connection.properties['BytesReceived'] = GLib.Variant('t', 6)
                connection.end('server-closed')

            def receiving(self, connection):
                connection.service.later(lambda: connection.service.later(lambda: connection.receive(b'thanks')))

        self.use(Early())
        self.assertEqual(self.good(*CONNECT), 'thanks')

    def test_server_closes_before_all_is_confirmed(self):
        class Rude(Script):
            def sent(self, connection, data, answer):
                connection.end('server-closed')

        self.use(Rude())
        status, out, err = self.ctl(*CONNECT, data=b'hello')
        self.assertEqual((status, out), (0, ''))
        self.assertIn('before the last 5 bytes were confirmed', err)

    def test_reasons(self):
        for reason, code in [('owner-left', 0), ('idle-timeout', 0), ('overflow', 0), ('connect-failed', -2),
                             ('certificate', -3), ('key', -4), ('cipher', -5), ('state', -6), ('timeout', -7),
                             ('no-network', 0), ('no-sim', 0),
                             ('module-error', -9), ('settings', 0), ('credential', 0), ('protocol', 0),
                             ('module-restarted', 0), ('module-lost', 0), ('shutdown', 0), ('requested', 0),
                             ('unheard-of', 0)]:
            with self.subTest(reason=reason):
                class Failing(Script):
                    def receiving(self, connection):
                        connection.set_state('connecting')
                        connection.end(reason, code, 'Because.')

                self.use(Failing())
                self.assertEqual(self.bad(1, *CONNECT), f'modemsslctl: the connection ended: {reason} '
                                 f'(module code {code}): Because.\n')

    def test_advice_without_text(self):
        class Failing(Script):
            def receiving(self, connection):
                connection.end('cipher', -5)

        self.use(Failing())
        self.assertIn('The server needs an RSA certificate', self.bad(1, *CONNECT))

    def test_send_fails(self):
        class Failing(Script):
            def sent(self, connection, data, answer):
                raise ServiceError('SendFailed', 'The module refused the data.')

        self.use(Failing())
        self.assertEqual(self.bad(1, *CONNECT, data=b'x'), 'modemsslctl: The module refused the data.\n')
        self.assertEqual(self.connection.calls[-2:], ['Close', 'Release'])

    def test_open_fails(self):
        self.assertIn('no module “absent”', self.bad(1, *CONNECT, '--module', 'absent'))
        self.assertIn('nothing: There is no context', self.bad(1, 'connect', 'nothing', 'host', '1'))

    def test_linger_restarts(self):
        class Dripping(Silent):
            """The next byte comes before the time is over; the last only after it."""

            def connected(self, connection):
                self.drip(connection, 0)

            def drip(self, connection, n_sent):
                if n_sent == 5:
                    return
                connection.receive(b'%d' % n_sent)
                source = GLib.timeout_source_new(300)
                source.set_callback(lambda *_: self.drip(connection, n_sent + 1))
                source.attach(connection.service.context)

        self.use(Dripping())
        self.assertEqual(self.good(*CONNECT, '--linger', '1.2'), '01234')

    def test_linger_none(self):
        self.use(Silent())
        self.assertEqual(self.good(*CONNECT, '--linger', '0', data=b'x'), '')
        self.assertEqual(self.connection.calls, ['StartReceiving', 'Send', 'Close', 'Release'])

    def test_broken_pipe(self):
        process = self.start_connected()
        process.stdout.close()
        process.stdin.write(b'x')
        process.stdin.flush()
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        self.assertIn(b'cannot write standard output: Broken pipe', process.stderr.read())
        self.assertIn('Close', self.connection.calls)
        process.stdout = None

    def test_broken_pipe_after_the_server_closed(self):
        class Hasty(Script):
            def connected(self, connection):
                connection.receive(bytes(300000))
                connection.end('server-closed')

        self.use(Hasty())
        process = self.start(*CONNECT)
        process.stdout.read(10)
        self.service.wait_for(lambda: self.service.connections and self.connection.closed_sent)
        self.call_peer('Ping')
        process.stdout.close()
        process.wait(TIMEOUT_S)
        self.assertEqual((process.returncode, process.stderr.read()), (0, b''), self.connection.calls)
        process.stdout = None

    def test_closed_standard_output(self):
        process = self.start(*CONNECT, stdout=None, preexec_fn=lambda: os.close(1))
        status, _, err = self.finish(process, b'x')
        self.assertEqual(status, 1)
        self.assertIn('cannot write standard output', err)

    def test_signals(self):
        self.use(Silent())
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number=number):
                n_before = len(self.service.connections)
                process = self.start(*CONNECT)
                process.stdin.write(b'x')
                process.stdin.flush()
                self.service.wait_for(lambda: len(self.service.connections) > n_before and self.connection.sent)
                process.send_signal(number)
                self.assertEqual(process.wait(TIMEOUT_S), status)
                self.assertEqual(self.connection.calls[-2:], ['Close', 'Release'])

    def test_signal_while_connecting(self):
        class Endless(Script):
            def receiving(self, connection):
                connection.set_state('connecting')

        self.use(Endless())
        process = self.start_connected(stdin=subprocess.DEVNULL)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT_S), 130)

    def test_nothing_is_sent_before_connected(self):
        class Late(Silent):
            def receiving(self, connection):
                connection.set_state('connecting')

        self.use(Late())
        process = self.start_connected('--linger', '0')
        process.stdin.write(b'early')
        process.stdin.flush()
        self.fence(5)
        self.assertEqual(self.connection.calls, ['StartReceiving'])
        self.service.run(lambda: self.connection.set_state('connected'))
        status, _, err = self.finish(process)
        self.assertEqual((status, err, self.connection.sent), (0, '', b'early'))

    def test_hole(self):
        class Hole(Script):
            def connected(self, connection):
                connection.receive(b'abc')
                connection.skip = 2
                connection.receive(b'def')

        self.use(Hole())
        status, out, err = self.finish(self.start(*CONNECT))
        self.assertEqual((status, out), (1, b'abc'))
        self.assertEqual(err, 'modemsslctl: received data has a hole: offset 5 instead of 3\n')
        self.assertEqual(self.connection.calls[-2:], ['Close', 'Release'])

    def test_daemon_goes_away(self):
        process = self.start_connected()
        self.stop_service()
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        self.assertEqual(process.stderr.read(), b'modemsslctl: the daemon went away\n')

    def test_bus_goes_away(self):
        other = Bus()
        service = FakeService(other.address, INTERFACE_DIR)
        process = self.start(*CONNECT, address=other.address)
        service.wait_for(lambda: service.connections
                         and service.connections[-1].properties['State'].get_string() == 'connected')
        other.stop()
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        service.stop()
        self.assertIn(b'the daemon went away', process.stderr.read())

    def test_daemon_goes_away_during_send(self):
        class Stuck(Script):
            def sent(self, connection, data, answer):
                pass

        self.use(Stuck())
        process = self.start_connected()
        process.stdin.write(b'x')
        process.stdin.flush()
        self.service.wait_for(lambda: self.connection.sent)
        self.stop_service()
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        self.assertIn(b'the daemon went away', process.stderr.read())

    def fence(self, n_times):
        """Returns when the client's library has read all that was sent to it before."""
        for _ in range(n_times):
            self.call_peer('GetMachineId')

    def call_peer(self, method):
        """The library answers GetMachineId by itself; Ping is answered by the program, behind all that came before."""
        self.service.bus.call_sync(self.connection.owner, '/', 'org.freedesktop.DBus.Peer', method, None, None,
                                   Gio.DBusCallFlags.NONE, -1, None)

    def test_slow_standard_output(self):
        data = random.Random(5).randbytes(4 << 20)

        class Download(Script):
            def connected(self, connection):
                connection.receive(data)
                connection.end('server-closed')

        self.use(Download())
        process = self.start_connected()
        self.service.wait_for(lambda: self.connection.delivered >= 1 << 20)
        self.fence(3)
        self.assertLess(self.connection.delivered, (1 << 20) + (1 << 18))
        status, out, err = self.finish(process)
        self.assertEqual((status, err), (0, ''))
        self.assertEqual(out, data)

    def test_summary(self):
        status, out, err = self.ctl(*CONNECT, '--json', '--linger', '1', data=b'hello')
        self.assertEqual((status, out), (0, 'hello'))
        summary = json.loads(err)
        self.assertEqual({k: summary[k] for k in ('status', 'error', 'reason', 'bytes-sent', 'bytes-confirmed',
                                                  'bytes-received', 'connection', 'module', 'port')},
                         {'status': 0, 'error': '', 'reason': 'requested', 'bytes-sent': 5, 'bytes-confirmed': 5,
                          'bytes-received': 5, 'connection': f'{ROOT}/connections/5', 'module': f'{ROOT}/modules/m0',
                          'port': 8883})

    def test_summary_of_a_failure(self):
        class Failing(Script):
            def receiving(self, connection):
                connection.end('cipher', -5, 'Because.')

        self.use(Failing())
        status, _, err = self.ctl(*CONNECT, '--json')
        summary = json.loads(err)
        self.assertEqual((status, summary['status'], summary['reason'], summary['code']), (1, 1, 'cipher', -5))
        self.assertIn('Because.', summary['error'])

    def test_options_of_open(self):
        self.good(*CONNECT, '--module', 'm0', '--priority', '-2', '--queue-timeout', '7', '--idle-timeout', '0',
                  '--max-hold', '4294967295', '--receive-buffer', '5000', '--linger', '0')
        self.assertEqual(self.connection.options, {
            'module': 'm0', 'priority': -2, 'queue-timeout': 7, 'idle-timeout': 0, 'max-hold': 4294967295,
            'receive-buffer': 5000})

    def read_terminal(self, ours, until):
        text = ''
        while until not in text:
            text += os.read(ours, 4096).decode()
        return text

    def test_progress_in_the_queue(self):
        self.use(Queue())
        ours, theirs = os.openpty()
        process = self.start(*CONNECT, stderr=theirs)
        os.close(theirs)
        self.assertIn('waiting for a slot, as number 3', self.read_terminal(ours, '\n'))
        self.connection.script.move(self.connection, 1)
        self.assertIn('as number 1', self.read_terminal(ours, '\n'))
        self.connection.change(QueuePosition=GLib.Variant('u', 0), State=GLib.Variant('s', 'waiting-for-network'),
                               Module=GLib.Variant('o', f'{ROOT}/modules/m1'))
        self.assertIn('waiting for the module to be on the network', self.read_terminal(ours, '\n'))
        self.connection.change(ReceiveMode=GLib.Variant('s', 'none'))
        self.connection.change(State=GLib.Variant('s', 'configuring'))
        self.assertIn('connecting to server.example:8883 through m1', self.read_terminal(ours, '\n'))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT_S), 130)
        process.stdin.close()
        process.stdin = None
        os.close(ours)

    def test_the_wait_for_a_slot_is_interrupted(self):
        self.use(Queue())
        process = self.start(*CONNECT)
        self.service.wait_for(lambda: self.service.connections and self.connection.calls)
        process.send_signal(signal.SIGINT)
        self.finish(process)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.connection.calls[-2:], ['Close', 'Release'])

    def test_no_slot_in_time(self):
        self.use(Queue())
        process = self.start(*CONNECT)
        self.service.wait_for(lambda: self.service.connections and self.connection.calls)
        self.connection.end('queue-timeout', 0, 'No slot.')
        status, _, err = self.finish(process)
        self.assertEqual(status, 1)
        self.assertIn('queue-timeout', err)
        self.assertNotIn('connecting', err)

    def test_progress_on_a_terminal(self):
        ours, theirs = os.openpty()
        process = self.start(*CONNECT, '--linger', '1', stderr=theirs)
        os.close(theirs)
        process.stdin.write(b'hello')
        process.stdin.close()
        process.stdin = None
        self.assertEqual(process.wait(TIMEOUT_S), 0)
        text = b''
        while select.select([ours], [], [], 0)[0]:
            try:
                text += os.read(ours, 4096)
            except OSError:
                break
        os.close(ours)
        self.assertEqual(text.decode().splitlines(), [
            'connecting to server.example:8883 through m0…', 'connected',
            'sent 5 bytes, of which 5 were confirmed, received 5 bytes'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
