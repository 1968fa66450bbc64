#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What root asks of the module itself: Module.Reset and Module.SendCommand, over the bus and by modemsslctl."""
import lab
from bench import BenchTest
from client import Refused
from lab import GLib, MODEMSSLCTL, as_other_user, wait_for
from servers import echo

MODULE = 'org.modemssl1.Module'
PATH = '/org/modemssl1/modules/cell0'


class ErrandTest(BenchTest):
    def call(self, method, *arguments):
        return self.client.call(PATH, MODULE, method, GLib.Variant('(su)', arguments) if arguments else None)

    def expect_refused(self, name, says, method, *arguments):
        with self.assertRaises(Refused) as caught:
            self.call(method, *arguments)
        self.assertEqual(caught.exception.name, 'org.modemssl1.Error.' + name)
        self.assertRegex(caught.exception.text, says)

    def connect(self):
        server = self.behave(echo, ca=self.ca)
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        return connection


class TestReset(ErrandTest):
    switches = ('boot-ms=300',)

    def test_connections_end_and_the_next_works(self):
        connection = self.connect()
        self.call('Reset')
        self.assertEqual(connection.wait_closed()[1], 'module-restarted')
        connection.release()
        self.expect_goes_on()

    def test_by_the_command_line(self):
        run = self.lab.ctl('module', 'reset', 'cell0')
        self.assertEqual((run.returncode, run.output, run.errors), (0, b'', ''))
        self.expect_goes_on()

    def test_for_root_alone(self):
        run = self.lab.run(as_other_user([MODEMSSLCTL, '--bus', 'system', 'module', 'reset', 'cell0'], in_group=True))
        self.assertEqual(run.returncode, 1)
        self.assertIn('Only root', run.errors)

    def test_while_it_restarts_already(self):
        first = self.client.start_call(PATH, MODULE, 'Reset')
        self.expect_refused('Busy', 'restarted already', 'Reset')
        first.wait()


class TestSilentReset(ErrandTest):
    switches = ('boot-ms=300', 'boot-banner=none')

    def test_connections_end_all_the_same(self):
        connection = self.connect()
        self.call('Reset')
        self.assertEqual(connection.wait_closed()[1], 'module-restarted')
        connection.release()
        self.expect_goes_on()


class TestNotAllowed(ErrandTest):
    def test_off_unless_configured(self):
        self.expect_refused('AccessDenied', r'allow-commands=yes in \[module cell0\]', 'SendCommand', 'AT+CSQ', 1000)


class TestCommands(ErrandTest):
    daemon_settings = {'allow-commands': 'yes'}

    def test_answers(self):
        for command, lines in (('AT', []), ('AT+CSQ', ['+CSQ: 21,0']), ('ATI', [
                'Quectel_Ltd', 'Quectel_BC660K-GL', 'Revision: BC660KGLAAR01A05'])):
            self.assertEqual(self.call('SendCommand', command, 5000).unpack()[0], lines)

    def test_errors(self):
        self.expect_refused('CommandFailed', r': ERROR$', 'SendCommand', 'AT+NOSUCH', 5000)
        self.call('SendCommand', 'AT+CMEE=1', 5000)
        self.expect_refused('CommandFailed', r': \+CME ERROR: 50$', 'SendCommand', 'AT+CSCON=9', 5000)
        for command, says in (('AT+QRST=1', 'use Reset'), ('AT+CSQ\rAT', 'one line'), ('AT+QSSLSEND=0,0,5', 'daemon')):
            self.expect_refused('InvalidArgument', says, 'SendCommand', command, 5000)
        for timeout_ms in (0, 99, 180001):
            self.expect_refused('InvalidArgument', 'timeout_ms', 'SendCommand', 'AT', timeout_ms)

    def test_beside_a_connection(self):
        """While both ends talk as fast as they can every command is answered, or refused because data is on its way."""
        connection = self.connect()
        connection.start_receiving()
        data = self.random.randbytes(40000)
        send = connection.start_send(data)
        answered = refused = 0
        while not send.done or answered == 0:
            try:
                self.assertEqual(self.call('SendCommand', 'AT+CSQ', 5000).unpack()[0], ['+CSQ: 21,0'])
                answered += 1
            except Refused as error:
                self.assertEqual(error.name, 'org.modemssl1.Error.Busy')
                refused += 1
        send.wait()
        self.assertEqual(connection.wait_received(len(data)), data)
        self.assertGreater(refused, 0)
        connection.close()
        connection.release()

    def test_by_the_command_line(self):
        run = self.lab.ctl('module', 'command', 'cell0', 'AT+CSQ')
        self.assertEqual((run.returncode, run.output, run.errors), (0, b'+CSQ: 21,0\n', ''))
        run = self.lab.ctl('--json', 'module', 'command', 'cell0', 'AT+CSQ')
        self.assertEqual(GLib.Variant.parse(GLib.VariantType('as'), run.output.decode(), None, None).unpack(), ['+CSQ: 21,0'])
        run = self.lab.ctl('module', 'command', 'cell0', 'AT+NOSUCH')
        self.assertEqual((run.returncode, run.output), (1, b''))
        self.assertIn('ERROR', run.errors)

    def test_for_root_alone(self):
        words = [MODEMSSLCTL, '--bus', 'system', 'module', 'command', 'cell0', 'AT+CSQ']
        run = self.lab.run(as_other_user(words, in_group=True))
        self.assertEqual((run.returncode, run.output), (1, b''))
        self.assertIn('Only root', run.errors)

    def test_nothing_of_it_is_written_anywhere(self):
        self.expect_refused('CommandFailed', 'ERROR', 'SendCommand', 'AT+SECRET="my secret"', 5000)
        wait_for(lambda: 'AT+SECRET=...' in self.daemon.read_trace(), 'the name of the command')
        self.assertNotIn('my secret', self.daemon.read_trace())
        self.assertNotIn(b'my secret', lab.read_bytes(self.daemon.process.log))


class TestNoModule(ErrandTest):
    daemon_settings = {'allow-commands': 'yes'}

    def test_not_ready(self):
        self.sim.kill()
        wait_for(lambda: self.client.manager('GetModules') == [] or
                 self.client.get(PATH, MODULE, 'State') != 'ready', 'the loss of the module')
        for method, arguments in (('Reset', ()), ('SendCommand', ('AT', 1000))):
            with self.assertRaises(Refused) as caught:
                self.call(method, *arguments)
            self.assertRegex(caught.exception.name, 'NotReady$|UnknownMethod$|UnknownObject$')


if __name__ == '__main__':
    lab.main()
