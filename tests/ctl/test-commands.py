#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command of modemsslctl but `connect`: what it prints, what it asks of the daemon, how it fails."""
import json
import os
import pathlib
import re
import signal
import tempfile
import unittest

from ctl_case import DENIAL, INTERFACE_DIR, TIMEOUT_S, Bus, Case
from fake_service import ROOT, FakeService
from gi.repository import GLib


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
        self.assertIn('modemssld 9.8.7 (modules: 3, contexts: 2, credentials: 2, connections: 1)', out)
        self.assertRegex(out, r'm0 +ready +Quectel_BC660K-GL +5 \(demo to server.example:8883, configuring\)')
        self.assertRegex(out, r'gate\.2 +absent +- +-\n')
        self.assertRegex(out, r'a\.away +missing +- +-\n')
        self.assertIn('gate.2: The port /dev/ttyUSB7 is not there.', out)
        self.assertIn('a.away: /dev/cell is not there\n', out)

    def test_status_json(self):
        self.add_connection()
        status = self.good_json('status')
        self.assertEqual(status['version'], '9.8.7')
        self.assertEqual((status['contexts'], status['credentials']), (2, 2))
        self.assertEqual([m['name'] for m in status['modules']], ['a.away', 'gate.2', 'm0'])
        self.assertEqual(status['connections'][0]['number'], 5)

    def test_module_list(self):
        lines = self.good('module', 'list').splitlines()
        self.assertRegex(lines[0], '^NAME +STATE +NETWORK +DEVICE')
        self.assertRegex(lines[1], '^a.away +missing +- +/dev/cell +- +- +-$')
        self.assertRegex(lines[2], '^gate.2 +absent')
        self.assertRegex(lines[3], '^m0 +ready +home +/dev/tty-m0 +Quectel_BC660K-GL +867713000000001 +-$')
        self.assertEqual({line.find('/dev/') for line in lines[1:]}, {lines[0].find('DEVICE')})

    def test_module_show(self):
        out = self.good('module', 'show', 'm0')
        self.assertTrue(out.startswith('name: m0\nstate: ready\n'), out)
        self.assertIn('\ncapabilities.max-send-bytes: 1024\n', out)
        self.assertIn('\nrecovery-step: cfun\n', out)
        self.assertIn('\nsim-state: ready\nregistration: home\naddress: 100.64.0.7\nsignal-quality: -104\n', out)
        self.assertIn('\nclock: set\nclock-offset: -1479168000\n', out)
        self.assertRegex(out, r'\nrecovery-counters\.(retry: 3|cfun: 1)\nrecovery-counters\.')
        self.assertIn('\nbreaker-open-until.demo server.example:8883: 2030-03-17T17:46:40Z\n', out)
        self.assertIn(f'\npath: {ROOT}/modules/m0\n', out)

    def test_missing_module_show(self):
        out = self.good('module', 'show', 'a.away')
        self.assertEqual(out, 'name: a.away\nstate: missing\nstate-text: /dev/cell is not there\ndevice: /dev/cell\n')
        self.assertEqual(self.good_json('module', 'show', 'a.away')['state'], 'missing')

    def test_module_show_json(self):
        module = self.good_json('module', 'show', 'gate.2')
        self.assertEqual(module['path'], f'{ROOT}/modules/gate_2e2')
        self.assertEqual(module['capabilities'], {})
        self.assertEqual(module['sleep-locks'], 0)

    def test_module_show_all(self):
        self.assertEqual(re.findall('^name: (.*)$', self.good('module', 'show'), re.M), ['a.away', 'gate.2', 'm0'])
        self.assertEqual(len(self.good_json('module', 'show')), 3)

    def test_not_found(self):
        self.assertEqual(self.bad(1, 'module', 'show', 'nothing'), 'modemsslctl: There is no module “nothing”.\n')
        for noun in ('context', 'credential'):
            self.assertEqual(self.bad(1, noun, 'show', 'nothing'),
                             f'modemsslctl: nothing: There is no {noun} of that name.\n')
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

    def test_context_warnings(self):
        self.assertEqual(self.ctl('context', 'create', 'weak'), (0, '', 'modemsslctl: warning: It is weak.\n'))

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
        self.assertRegex(self.good('credential', 'list'), r'\nclient-1 .* 1\n')
        self.assertIn('\nmodules: 867713000000001\nmodules: 867713000000002\n', out)
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
            self.assertIn('Is a directory', self.bad(1, 'credential', 'import', 'x', '--ca', directory))
            self.assertIn('File too large', self.bad(1, 'credential', 'import', 'x', '--ca', '/dev/zero'))

    def test_credential_import_from_standard_input(self):
        self.assertEqual(self.good_json('credential', 'import', 'piped', '--ca', '-', data=b'BEGIN piped'),
                         {'path': f'{ROOT}/credentials/piped'})
        self.assertEqual(self.service.imported, [('import', 'piped', {'ca': b'BEGIN piped'})])

    def test_credential_import_from_a_terminal(self):
        ours, theirs = os.openpty()
        os.write(ours, b'BEGIN typed\n\x04')
        process = self.start('credential', 'import', 'typed', '--ca', '-', stdin=theirs)
        self.assertEqual(self.finish(process), (0, b'', ''))
        self.assertEqual(self.service.imported, [('import', 'typed', {'ca': b'BEGIN typed\n'})])
        os.close(ours)
        os.close(theirs)

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
                (['connect', 'demo', 'host'], 'missing'),
                (['connect', 'demo', 'host', '65536'], 'the port is a whole number from 1 to 65535, not “65536”'),
                (['connect', 'demo', 'host', '0'], 'from 1 to 65535'),
                (['connect', 'demo', 'host', 'https'], 'port'),
                (['connect', 'demo', 'host', '1', '--linger', 'x'], '--linger'),
                (['connect', 'demo', 'host', '1', '--linger', '-1'], '--linger'),
                (['connect', 'demo', 'host', '1', '--linger', 'nan'], '--linger'),
                (['connect', 'demo', 'host', '1', '--priority', 'high'], '--priority'),
                (['connect', 'demo', 'host', '1', '--queue-timeout', '-1'], '--queue-timeout'),
                (['connect', 'demo', 'host', '1', '--max-hold', '4294967296'], '--max-hold'),
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

    def test_bus_goes_away(self):
        other = Bus()
        service = FakeService(other.address, INTERFACE_DIR)
        process = self.start('monitor', address=other.address)
        process.stdout.readline()
        other.stop()
        status, _, err = self.finish(process)
        service.stop()
        self.assertEqual((status, err), (1, 'modemsslctl: the bus went away\n'))

    def test_reader_goes_away(self):
        process, _ = self.lines()
        process.stdout.close()
        self.play()
        self.assertEqual(process.wait(TIMEOUT_S), 1)
        process.stdout = None


if __name__ == '__main__':
    unittest.main(verbosity=2)
