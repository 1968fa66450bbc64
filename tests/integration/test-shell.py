#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a shell user does: modemsslctl against the daemon, and the examples of README.md run as they are written."""
import json
import os
import re

import lab
from bench import BenchTest
from certificates import fingerprint
from client import sha256
from lab import MODEMSSL_SIM, MODEMSSLCTL, MODEMSSLD, SOURCE_ROOT, LabTest
from servers import echo, free_port, hang_up

README = os.path.join(SOURCE_ROOT, 'README.md')
EXAMPLE = re.compile(r'<!-- run -->\n```sh\n(.*?)```', re.S)
README_PORT = '4433'
MEGABYTE = 1 << 20
TRANSFER_S = 300


class CommandTest(BenchTest):
    def ctl(self, *words, status=0, **options):
        run = self.lab.ctl(*words, **options)
        self.assertEqual(run.returncode, status, run.errors)
        return run.output.decode()

    def ctl_json(self, *words):
        return json.loads(self.ctl('--json', *words))

    def ctl_fails(self, *words, says):
        """The command fails with one line on standard error, and nothing on standard output."""
        run = self.lab.ctl(*words)
        self.assertNotEqual(run.returncode, 0)
        self.assertEqual(run.output, b'')
        self.assertIn(says.lower(), run.errors.lower())
        self.assertEqual(run.errors.count('\n'), 1, run.errors)

    def import_device(self):
        self.ctl('credential', 'import', 'device', '--ca', self.ca.cert, '--cert', self.device.cert, '--key',
                 self.device.key)

    def create_office(self):
        self.import_device()
        self.ctl('context', 'create', 'office', 'authentication=mutual', 'ca-certificate=device',
                 'client-certificate=device', 'timeout=30')


class TestCommands(CommandTest):
    def test_status(self):
        self.assertIn('cell0', self.ctl('status'))

    def test_modules(self):
        self.assertIn('cell0', self.ctl('module', 'list'))
        shown = self.ctl('module', 'show', 'cell0')
        for word in ('ready', 'Quectel_BC660K-GL', self.sim.link):
            self.assertIn(word, shown)
        self.ctl_fails('module', 'show', 'cell9', says='cell9')

    def test_credentials(self):
        self.import_device()
        self.assertIn('device', self.ctl('credential', 'list'))
        self.assertIn(fingerprint(self.device.cert), self.ctl('credential', 'show', 'device'))
        self.assertIn(fingerprint(self.ca.cert), json.dumps(self.ctl_json('credential', 'show', 'device')))
        self.ctl_fails('credential', 'import', 'device', '--ca', self.ca.cert, says='device')
        self.ctl_fails('credential', 'import', 'other', '--ca', self.lab.path('missing.pem'), says='missing.pem')
        self.ctl_fails('credential', 'import', 'other', '--cert', self.device.cert, says='key')
        self.ctl('credential', 'delete', 'device')
        self.assertNotIn('device', self.ctl('credential', 'list'))

    def test_contexts(self):
        self.create_office()
        self.assertIn('office', self.ctl('context', 'list'))
        self.assertIn('mutual', self.ctl('context', 'show', 'office'))
        self.ctl('context', 'set', 'office', 'timeout=45', 'send-format=hex')
        self.assertIn('45', self.ctl('context', 'show', 'office'))
        self.ctl_fails('context', 'set', 'office', 'colour=blue', says='colour')
        self.ctl_fails('context', 'set', 'office', 'timeout=soon', says='timeout')
        self.ctl_fails('context', 'show', 'elsewhere', says='elsewhere')
        self.ctl_fails('credential', 'delete', 'device', says='device')
        self.ctl('context', 'delete', 'office')
        self.assertNotIn('office', self.ctl('context', 'list'))

    def test_connect_echo(self):
        self.create_office()
        port = str(self.behave(echo, ca=self.ca).port)
        self.assertEqual(self.ctl('connect', 'office', 'localhost', port, '--linger', '1', input=b'hello'), 'hello')

    def test_connect_ends_when_the_server_closes(self):
        self.create_office()
        port = str(self.behave(hang_up(b'bye', clean=True), ca=self.ca).port)
        self.assertEqual(self.ctl('connect', 'office', 'localhost', port, '--linger', '3600'), 'bye')

    def test_connect_fails_with_a_sentence(self):
        self.create_office()
        self.ctl_fails('connect', 'office', 'localhost', str(free_port()), says='could not reach')
        self.ctl_fails('connect', 'office', 'local"host', '4433', says='host')
        self.ctl_fails('connect', 'office', 'localhost', '0', says='port')
        self.ctl_fails('connect', 'elsewhere', 'localhost', '4433', says='elsewhere')

    def test_connections(self):
        connection = self.open(self.make_context(), self.behave(echo, ca=self.ca).port)
        connection.wait_connected()
        number = connection.path.rpartition('/')[2]
        self.assertIn('connected', self.ctl('connection', 'list'))
        self.assertIn('localhost', self.ctl('connection', 'show', number))
        self.ctl('connection', 'close', number)
        self.expect_closed(connection, 'requested')
        self.ctl_fails('connection', 'show', '999', says='999')

    def test_wrong_usage(self):
        for words in (['frobnicate'], ['module', 'frobnicate'], ['connect', 'office'], ['--colour']):
            self.assertEqual(self.lab.ctl(*words).returncode, 2, words)


class TestPaced(CommandTest):
    """What moves much data, at the pace of a line: nothing can hold a module back."""
    baud = 4000000

    def test_connect_one_megabyte(self):
        self.create_office()
        port = str(self.behave(echo, ca=self.ca).port)
        data = self.random.randbytes(MEGABYTE)
        run = self.lab.ctl('connect', 'office', 'localhost', port, input=data, timeout_s=TRANSFER_S)
        self.assertEqual((run.returncode, run.errors), (0, ''))
        self.assertEqual(sha256(run.output), sha256(data))


class TestWithoutDaemon(LabTest):
    def test_says_what_is_missing(self):
        run = self.lab.ctl('status')
        self.assertNotEqual(run.returncode, 0)
        self.assertIn('modemssld', run.errors)


class TestReadme(LabTest):
    """The examples, in their order, in one shell with a session bus of its own; only the port is another."""

    def test_examples(self):
        with open(README, encoding='utf-8') as file:
            examples = EXAMPLE.findall(file.read())
        self.assertGreaterEqual(len(examples), 5)
        port = str(free_port())
        script = 'trap \'kill $(jobs -p) 2>/dev/null; wait\' EXIT\nset -eu\n' + ''.join(examples).replace(README_PORT, port)
        environment = self.lab.environment()
        environment.pop('DBUS_SYSTEM_BUS_ADDRESS')
        folders = [os.path.dirname(path) for path in (MODEMSSLD, MODEMSSLCTL, MODEMSSL_SIM)]
        environment['PATH'] = ':'.join([*folders, environment['PATH']])
        os.mkdir(self.lab.path('home'))
        run = self.lab.run(['dbus-run-session', '--', 'bash', self.lab.write('readme.sh', script)], env=environment,
                           cwd=self.lab.path('home'), timeout_s=TRANSFER_S)
        output = run.output.decode(errors='replace')
        self.assertEqual(run.returncode, 0, output + run.errors)
        # What openssl s_server -rev gives back to "hello", once as text and once as the bytes of busctl.
        self.assertIn('olleh', output)
        self.assertIn('111 108 108 101 104', output)


if __name__ == '__main__':
    lab.main()
