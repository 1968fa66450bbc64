#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemsslctl as a program, against a service that is scripted. Environment: MODEMSSLCTL, INTERFACE_DIR."""
import hashlib
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from fake_service import FakeService, Script, ServiceError, ROOT
from gi.repository import Gio, GLib

PROGRAM = os.environ['MODEMSSLCTL']
INTERFACE_DIR = os.environ['INTERFACE_DIR']
TIMEOUT_S = 20
DENIAL = '<policy context="mandatory"><deny send_destination="org.modemssl1"/></policy>'


class Bus:
    """A private bus that starts nothing by itself."""

    def __init__(self, extra=''):
        self.directory = tempfile.TemporaryDirectory()
        config = pathlib.Path(self.directory.name) / 'bus.conf'
        config.write_text(f'''<busconfig><type>session</type>
            <listen>unix:dir={self.directory.name}</listen>
            <policy context="default"><allow send_destination="*"/><allow eavesdrop="false"/>
            <allow own="*"/></policy>{extra}</busconfig>''')
        self.process = subprocess.Popen(['dbus-daemon', f'--config-file={config}', '--nofork', '--print-address'],
                                        stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.directory.cleanup()


def setUpModule():
    global bus
    bus = Bus()


def tearDownModule():
    bus.stop()


def environment(address):
    return dict(os.environ, DBUS_SESSION_BUS_ADDRESS=address, DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nonexistent',
                LC_ALL='C.UTF-8', TZ='UTC')


class Case(unittest.TestCase):
    def setUp(self):
        self.service = FakeService(bus.address, INTERFACE_DIR)
        self.addCleanup(self.stop_service)

    def stop_service(self):
        if self.service is not None:
            self.service.stop()
        self.service = None

    def start(self, *arguments, address=None, **options):
        options = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
        process = subprocess.Popen([PROGRAM, '--bus', 'session', *arguments],
                                   env=environment(address or bus.address), **options)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def finish(self, process, data=None):
        """Exit status, standard output and standard error (text)."""
        out, err = process.communicate(data, TIMEOUT_S)
        return process.returncode, out, err.decode() if err is not None else None

    def ctl(self, *arguments, data=b'', **options):
        status, out, err = self.finish(self.start(*arguments, **options), data)
        return status, out.decode(), err

    def good(self, *arguments, **options):
        status, out, err = self.ctl(*arguments, **options)
        self.assertEqual((status, err), (0, ''))
        return out

    def good_json(self, *arguments, **options):
        return json.loads(self.good(*arguments, '--json', **options))

    def bad(self, expected_status, *arguments, **options):
        status, out, err = self.ctl(*arguments, **options)
        self.assertEqual((status, out), (expected_status, ''), err)
        self.assertTrue(err.startswith('modemsslctl: '), err)
        self.assertNotIn('GDBus', err)
        self.assertNotIn('org.modemssl1.Error', err)
        return err

    def use(self, script):
        self.service.script = script

    @property
    def connection(self):
        return self.service.connections[-1]


class Nouns(Case):
    def add_connection(self):
        def add():
            context = self.service.objects[f'{ROOT}/contexts/demo']
            connection = self.service.add_connection(context, 'server.example', 8883, ':1.99')
            module = self.service.objects[f'{ROOT}/modules/m0']
            module.properties['SlotHolders'] = GLib.Variant('ao', [connection.path])
            return connection
        return self.service.run(add)

    def test_status(self):
        self.add_connection()
        out = self.good('status')
        self.assertIn('modemssld 9.8.7: 2 modules, 2 contexts, 2 credentials, 1 connections', out)
        self.assertRegex(out, r'm0 +ready +Quectel_BC660K-GL +5 \(demo to server.example:8883, configuring\)')
        self.assertRegex(out, r'gate\.2 +absent +- +-\n')
        self.assertIn('gate.2: The port /dev/ttyUSB7 is not there.', out)

    def test_status_json(self):
        self.add_connection()
        status = self.good_json('status')
        self.assertEqual(status['version'], '9.8.7')
        self.assertEqual((status['contexts'], status['credentials']), (2, 2))
        self.assertEqual([m['name'] for m in status['modules']], ['gate.2', 'm0'])
        self.assertEqual(status['connections'][0]['number'], 5)

    def test_module_list(self):
        lines = self.good('module', 'list').splitlines()
        self.assertRegex(lines[0], '^NAME +STATE +DEVICE')
        self.assertRegex(lines[1], '^gate.2 +absent')
        self.assertRegex(lines[2], '^m0 +ready +/dev/tty-m0 +Quectel_BC660K-GL +867713000000001 +-$')
        self.assertEqual({line.find('/dev/') for line in lines[1:]}, {lines[0].find('DEVICE')})

    def test_module_show(self):
        out = self.good('module', 'show', 'm0')
        self.assertTrue(out.startswith('name: m0\nstate: ready\n'), out)
        self.assertIn('\ncapabilities.max-send-bytes: 1024\n', out)
        self.assertIn(f'\npath: {ROOT}/modules/m0\n', out)

    def test_module_show_json(self):
        module = self.good_json('module', 'show', 'gate.2')
        self.assertEqual(module['path'], f'{ROOT}/modules/gate_2e2')
        self.assertEqual(module['capabilities'], {})
        self.assertEqual(module['sleep-locks'], 0)

    def test_module_show_all(self):
        self.assertEqual(re.findall('^name: (.*)$', self.good('module', 'show'), re.M), ['gate.2', 'm0'])
        self.assertEqual(len(self.good_json('module', 'show')), 2)

    def test_not_found(self):
        for noun in ('module', 'context', 'credential'):
            self.assertEqual(self.bad(1, noun, 'show', 'nothing'),
                             f'modemsslctl: There is no {noun} “nothing”.\n')
        self.assertEqual(self.bad(1, 'connection', 'show', '77'), 'modemsslctl: there is no connection “77”\n')
        self.assertEqual(self.bad(1, 'connection', 'close', '77'), 'modemsslctl: there is no connection 77\n')

    def test_context_show(self):
        self.assertEqual(self.good('context', 'show', 'demo').splitlines()[:3],
                         ['name: demo', 'authentication: server', 'ca-certificate: ca-1'])
        self.assertEqual(self.good_json('context', 'show', 'demo')['settings']['timeout'], 90)

    def test_context_list(self):
        self.assertRegex(self.good('context', 'list'), r'demo +server +1\.2 +ca-1 +- +90\n')
        self.assertEqual([c['name'] for c in self.good_json('context', 'list')], ['demo', 'used'])

    def test_context_create(self):
        self.assertEqual(self.good('context', 'create', 'new.one', 'timeout=120', 'ca-certificate=a=b', 'future='), '')
        self.assertIn("'timeout': <uint32 120>", self.service.created[0])
        self.assertIn("'ca-certificate': <'a=b'>", self.service.created[0])
        self.assertIn("'future': <''>", self.service.created[0])
        self.assertEqual(self.good_json('context', 'create', 'other'), {'path': f'{ROOT}/contexts/other'})
        self.assertIn('There is a context', self.bad(1, 'context', 'create', 'other'))

    def test_context_set(self):
        self.assertEqual(self.good('context', 'set', 'demo', 'module-debug=4', 'tls-version=1.1'), '')
        self.assertIn("'module-debug': <uint32 4>", self.service.configured[0])
        self.assertIn("'tls-version': <'1.1'>", self.service.configured[0])
        self.assertEqual(self.bad(1, 'context', 'set', 'demo', 'bogus=1'),
                         'modemsslctl: There is no setting “bogus”.\n')

    def test_context_delete(self):
        self.assertEqual(self.good('context', 'delete', 'demo'), '')
        self.assertNotIn('demo', self.good('context', 'list'))
        self.assertIn('in use', self.bad(1, 'context', 'delete', 'used'))

    def test_credential_show(self):
        out = self.good('credential', 'show', 'client-1')
        self.assertIn('\nclient-certificate.subject: CN=client one,O=Größe\n', out)
        self.assertIn('\nclient-certificate.not-after: 2030-03-17T17:46:40Z\n', out)
        self.assertIn('\nca-certificate: -\n', out)
        self.assertIn('\nwarnings: It ends soon.\n', out)
        self.assertIn('\nmodules: 867713000000001, 867713000000002\n', out)
        credential = self.good_json('credential', 'show', 'client-1')
        self.assertEqual(credential['client-certificate']['not-after'], 1900000000)
        self.assertEqual(credential['ca-certificate'], {})

    def test_control_characters_do_not_reach_the_terminal(self):
        for arguments in (['credential', 'list'], ['credential', 'show', 'evil']):
            out = self.good(*arguments)
            self.assertNotIn('\x1b', out)
            self.assertIn('CN=\\x1B[31mevil', out)
        self.assertEqual(self.good_json('credential', 'show', 'evil')['client-certificate']['subject'],
                         'CN=\x1b[31mevil\x1b[0m')

    def test_credential_import(self):
        with tempfile.TemporaryDirectory() as directory:
            files = {}
            for part in ('ca', 'certificate', 'key'):
                files[part] = pathlib.Path(directory) / part
                files[part].write_text(f'BEGIN {part}')
            self.good('credential', 'import', 'all', '--ca', files['ca'], '--cert', files['certificate'],
                      '--key', files['key'])
            self.assertEqual(self.service.imported, [('import', 'all', {
                'ca': b'BEGIN ca', 'certificate': b'BEGIN certificate', 'key': b'BEGIN key'})])
            self.assertIn('cannot read', self.bad(1, 'credential', 'import', 'x', '--ca', directory))

    def test_credential_import_from_standard_input(self):
        self.assertEqual(self.good_json('credential', 'import', 'piped', '--ca', '-', data=b'BEGIN piped'),
                         {'path': f'{ROOT}/credentials/piped'})
        self.assertEqual(self.service.imported, [('import', 'piped', {'ca': b'BEGIN piped'})])

    def test_credential_import_fails(self):
        self.assertIn('is no PEM', self.bad(1, 'credential', 'import', 'x', '--ca', '-', data=b'no'))
        self.assertIn('already', self.bad(1, 'credential', 'import', 'client-1', '--ca', '-', data=b'BEGIN'))
        self.assertIn('cannot read “/nonexistent/x”',
                      self.bad(1, 'credential', 'import', 'x', '--ca', '/nonexistent/x'))

    def test_credential_replace(self):
        self.good('credential', 'import', 'client-1', '--replace', '--ca', '-', data=b'BEGIN 1')
        self.good('credential', '--replace', 'import', 'brand-new', '--ca=-', data=b'BEGIN 2')
        self.assertEqual([i[:2] for i in self.service.imported],
                         [('replace', 'client-1'), ('import', 'brand-new')])

    def test_credential_delete(self):
        self.assertEqual(self.good('credential', 'delete', 'evil'), '')
        self.service.copies = ['867713000000002']
        self.assertIn('867713000000002', self.good('credential', 'delete', 'client-1'))
        self.service.run(lambda: self.service.add_credential('third'))
        self.assertEqual(self.good_json('credential', 'delete', 'third')['modules'], ['867713000000002'])

    def test_connections(self):
        for _ in range(7):
            self.add_connection()
        out = self.good('connection', 'list')
        self.assertEqual(re.findall(r'^\d+', out, re.M), ['5', '6', '7', '8', '9', '10', '11'])
        self.assertIn('\nmodule: m0\n', self.good('connection', 'show', '6'))
        self.assertEqual(self.good_json('connection', 'show', '6')['module'], f'{ROOT}/modules/m0')
        self.assertEqual(self.good('connection', 'close', '10'), '')
        self.assertEqual(self.service.connections[5].calls, ['Close'])

    def test_full_device(self):
        with open('/dev/full', 'wb') as full:
            status, _, err = self.finish(self.start('module', 'list', stdout=full))
        self.assertEqual((status, err), (1, 'modemsslctl: cannot write standard output: No space left on device\n'))


class Usage(Case):
    def usage(self, *arguments):
        err = self.bad(2, *arguments)
        self.assertIn('--help', err)
        return err

    def test_errors(self):
        for arguments, text in [
                ([], 'no command'), (['bogus'], 'bogus'), (['context'], 'list, show, create, set, delete'),
                (['context', 'bogus'], 'context bogus'), (['context', 'show'], 'missing'),
                (['context', 'show', 'a', 'b'], '“b”'), (['context', 'set', 'demo'], 'missing'),
                (['context', 'create', 'x', 'timeout'], 'KEY=VALUE'), (['context', 'create', 'x', '=1'], 'KEY=VALUE'),
                (['context', 'create', 'x', 'timeout=abc'], 'timeout'),
                (['context', 'create', 'x', 'timeout=-1'], 'timeout'),
                (['context', 'create', 'x', 'a=1', 'a=2'], 'twice'),
                (['credential', 'import', 'x'], 'nothing to import'),
                (['credential', 'import', 'x', '--cert', 'f'], 'go together'),
                (['credential', 'import', 'x', '--ca', '-', '--cert', '-', '--key', 'f'], 'only one'),
                (['connection', 'show', 'x'], 'number'), (['connection', 'close', '-5x'], ''),
                (['connect', 'demo', 'host'], 'missing'), (['connect', 'demo', 'host', '65536'], 'port'),
                (['connect', 'demo', 'host', 'https'], 'port'),
                (['connect', 'demo', 'host', '1', '--linger', 'x'], '--linger'),
                (['connect', 'demo', 'host', '1', '--linger', '-1'], '--linger'),
                (['connect', 'demo', 'host', '1', '--linger', 'nan'], '--linger'),
                (['status', '--linger', '1'], 'does not take --linger'), (['--nonsense', 'status'], '--nonsense'),
                (['--bus', 'other', 'status'], 'other'), (['context', 'show', b'\xff'], 'UTF-8')]:
            with self.subTest(arguments=arguments):
                self.assertIn(text, self.usage(*arguments))

    def test_options_anywhere(self):
        self.assertEqual(self.good('--json', 'context', 'list'), self.good('context', 'list', '--json'))
        self.assertEqual(self.good('context', '--json', 'list'), self.good('context', 'list', '--json'))

    def test_help(self):
        self.assertIn('credential import', self.good('--help'))
        self.assertIn('modemsslctl connect CONTEXT HOST PORT', self.good('connect', '--help'))
        self.assertIn('--linger', self.good('--help', 'connect'))
        self.assertNotIn('--linger', self.good('status', '--help'))
        self.assertRegex(self.good('--version'), r'^modemsslctl \d')


class NoDaemon(Case):
    def test_absent(self):
        self.stop_service()
        for arguments in (['status'], ['status', '--json'], ['connect', 'demo', 'h', '1'], ['monitor'],
                          ['context', 'show', 'demo'], ['connection', 'close', '1']):
            with self.subTest(arguments=arguments):
                self.assertIn('is modemssld running?', self.bad(3, *arguments))

    def test_no_bus(self):
        self.assertIn('session bus', self.bad(3, 'status', address='unix:path=/nonexistent'))
        self.assertIn('system bus', self.bad(3, 'status', '--bus', 'system'))

    def test_denied(self):
        other = Bus(DENIAL)
        self.addCleanup(other.stop)
        service = FakeService(other.address, INTERFACE_DIR)
        self.addCleanup(service.stop)
        self.assertIn('group modemssl', self.bad(3, 'status', address=other.address))

    def test_connect_json(self):
        self.stop_service()
        status, out, err = self.ctl('connect', 'demo', 'host', '1', '--json')
        self.assertEqual((status, out), (3, ''))
        self.assertEqual(json.loads(err)['status'], 3)


class Monitor(Case):
    def lines(self, *arguments):
        process = self.start('monitor', *arguments)
        first = process.stdout.readline().decode()
        return process, first

    def play(self):
        def events():
            context = self.service.objects[f'{ROOT}/contexts/demo']
            connection = self.service.add_connection(context, 'server.example', 8883, ':1.99')
            connection.set_state('connecting')
            connection.end('cipher', -5, 'Nothing in common.')
            self.service.remove(connection.path)
        self.service.run(events)

    def test_lines(self):
        process, first = self.lines()
        self.assertIn('modemssld is on the bus', first)
        self.play()
        lines = [process.stdout.readline().decode() for _ in range(5)]
        self.stop_service()
        self.assertIn('modemssld has left the bus', process.stdout.readline().decode())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT_S), -signal.SIGINT)

        self.assertRegex(lines[0], r'^\d\d:\d\d:\d\d\.\d{3} connection 5 added: .*state=configuring.*host=server')
        self.assertIn('connection 5 changed: state=connecting\n', lines[1])
        self.assertIn('state=closed', lines[2])
        self.assertIn('connection 5 closed: reason=cipher, code=-5, text=Nothing in common.\n', lines[3])
        self.assertIn('connection 5 removed\n', lines[4])

    def test_json(self):
        process, first = self.lines('--json')
        self.assertEqual(json.loads(first)['event'], 'daemon-appeared')
        self.play()
        events = [json.loads(process.stdout.readline()) for _ in range(5)]
        self.assertEqual([e['event'] for e in events], ['added', 'changed', 'changed', 'closed', 'removed'])
        self.assertEqual({e['kind'] for e in events}, {'connection'})
        self.assertEqual({e['object']['path'] for e in events}, {f'{ROOT}/connections/5'})
        self.assertEqual(events[0]['object']['port'], 8883)
        self.assertEqual(events[3]['object']['code'], -5)

    def test_reader_goes_away(self):
        process, _ = self.lines()
        process.stdout.close()
        self.play()
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        process.stdout = None


CONNECT = ('connect', 'demo', 'server.example', '8883')


class Silent(Script):
    """Confirms, but the server says nothing."""

    def sent(self, connection, data, answer):
        answer()


class Connect(Case):
    def start_connected(self, *arguments, **options):
        process = self.start(*CONNECT, *arguments, **options)
        self.service.wait_for(lambda: self.service.connections and self.connection.calls)
        return process

    def test_echo(self):
        data = random.Random(1).randbytes(1 << 20)
        status, out, err = self.finish(self.start(*CONNECT, '--linger', '0.2'), data)
        self.assertEqual((status, err), (0, ''))
        self.assertEqual(hashlib.sha256(out).hexdigest(), hashlib.sha256(data).hexdigest())
        self.assertEqual(self.connection.calls[-2:], ['Close', 'Release'])

    def test_files(self):
        data = random.Random(2).randbytes(100000)
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(data)
            source.seek(0)
            process = self.start(*CONNECT, '--linger=0.1', stdin=source, stdout=sink)
            status, _, err = self.finish(process)
            self.assertEqual((status, err), (0, ''))
            sink.seek(0)
            self.assertEqual(sink.read(), data)

    def test_nonblocking_descriptors(self):
        data = random.Random(3).randbytes(300000)
        process = self.start(*CONNECT, '--linger', '0.2')
        os.set_blocking(process.stdin.fileno(), True)
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.reap(process)
        process = self.start(*CONNECT, '--linger', '0.2', stdin=theirs, stdout=theirs)
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
        process = self.start(*CONNECT, '--linger', '0')
        threading.Thread(target=process.stdin.write, args=(bytes(500000),), daemon=True).start()
        for wanted in range(4, 10):
            self.service.wait_for(lambda: len(script.answers) >= 4)
            self.assertEqual(len(script.answers), 4, wanted)
            self.service.run(lambda: script.answers.pop(0)())
            self.service.wait_for(lambda: len(script.answers) == 4)

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
        self.assertIn('1 to 65535', self.bad(1, 'connect', 'demo', 'host', '0'))
        self.assertIn('no module “absent”', self.bad(1, *CONNECT, '--module', 'absent'))
        self.assertIn('no context “nothing”', self.bad(1, 'connect', 'nothing', 'host', '1'))

    def test_linger_restarts(self):
        class Dripping(Silent):
            """The next byte comes before the time is over; the last only after it."""

            def connected(self, connection):
                self.drip(connection, 0)

            def drip(self, connection, n_sent):
                if n_sent == 5:
                    return
                connection.receive(b'%d' % n_sent)
                source = GLib.timeout_source_new(250)
                source.set_callback(lambda *_: self.drip(connection, n_sent + 1))
                source.attach(connection.service.context)

        self.use(Dripping())
        self.assertEqual(self.good(*CONNECT, '--linger', '0.5'), '01234')

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
        self.service.wait_for(lambda: self.service.connections
                              and self.connection.properties['State'].get_string() == 'closed')
        self.fence(3)
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT_S), 0)
        self.assertEqual(process.stderr.read(), b'')
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
                connection.service.notify()

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
            self.service.bus.call_sync(self.connection.owner, '/', 'org.freedesktop.DBus.Peer', 'GetMachineId', None,
                                       None, Gio.DBusCallFlags.NONE, -1, None)

    def test_slow_standard_output(self):
        data = random.Random(5).randbytes(4 << 20)

        class Download(Script):
            def connected(self, connection):
                connection.receive(data)
                connection.end('server-closed')

        self.use(Download())
        process = self.start_connected()
        self.service.wait_for(lambda: self.connection.delivered >= 1 << 20)
        self.fence(50)
        self.assertLess(self.connection.delivered, (1 << 20) + (1 << 18))
        status, out, err = self.finish(process)
        self.assertEqual((status, err), (0, ''))
        self.assertEqual(out, data)

    def test_summary(self):
        status, out, err = self.ctl(*CONNECT, '--json', '--linger', '0.1', data=b'hello')
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

    def test_progress_on_a_terminal(self):
        ours, theirs = os.openpty()
        process = self.start(*CONNECT, '--linger', '0.1', stderr=theirs)
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
