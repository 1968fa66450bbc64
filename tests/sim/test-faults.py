#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim --faults: each action at a line and at a byte does what the man page says, once; a wrong script is refused."""
import os
import subprocess
import tempfile
import unittest

from sim_lab import PATIENCE_S, PROGRAM, Ca, SimTest, TlsServer, echo


class FaultTest(SimTest):
    def fault(self, *lines):
        with tempfile.NamedTemporaryFile('w', suffix='.faults', delete=False) as script:
            script.write('\n'.join(lines) + '\n')
        self.addCleanup(os.unlink, script.name)
        self.simulator = self.sim(faults=script.name)
        return self.simulator.open(echo=False)


class LineTest(FaultTest):
    """The first OK is the one of ATE0."""

    def test_drop(self):
        port = self.fault('# a comment', '', 'drop at line 2 OK')
        port.write(b'AT\r')
        port.ask('AT+QSCLK?', '+QSCLK: 1')
        port.ask('AT')

    def test_delay(self):
        port = self.fault('delay 100 at line 2 OK')
        port.write(b'AT\r')
        port.ask('AT')
        port.lines('OK')

    def test_garble(self):
        port = self.fault('garble at line 2 OK')
        port.ask('AT', result='Z^')
        port.ask('AT')

    def test_cut(self):
        port = self.fault('cut 6 at line 1 +QSCLK:*')
        port.write(b'AT+QSCLK?\r')
        port.expect('\r\n+QSCLK\r\nOK\r\n')
        port.ask('AT+QSCLK?', '+QSCLK: 1')

    def test_insert(self):
        port = self.fault("insert '+QSSLURC: \"closed\",0,0' at line 2 OK")
        port.write(b'AT\r')
        port.lines('+QSSLURC: "closed",0,0', 'OK')

    def test_replace(self):
        port = self.fault('replace \'+QSSLCFG: 0,0,"cacert",7\' at line 1 \'+QSSLCFG: 0,0,"cacert",*\'')
        port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
        port.expect('\r\n>')
        port.write(b'abc\x1a')
        port.expect('\r\n+QSSLCFG: 0,0,"cacert",7\r\n\r\nOK\r\n')
        port.upload('cacert', b'abc')

    def test_prompt_is_a_line(self):
        port = self.fault('drop at line 1 >')
        port.write(b'AT+QSSLCFG=0,0,"cacert"\rabc\x1a')
        port.expect('\r\n+QSSLCFG: 0,0,"cacert",3\r\n\r\nOK\r\n')

    def test_sleep(self):
        port = self.fault('sleep at line 2 OK')
        port.ask('AT')
        port.write(b'AT+QSCLK?\r')
        port.ask('AT')

    def test_deep_sleep(self):
        port = self.fault('deep-sleep at line 4 OK')
        port.ask('AT+QNBIOTEVENT=1,1')
        port.ask('AT+QSSLCFG=0,0,"seclevel",2')
        port.ask('AT')
        port.lines('+QNBIOTEVENT: "ENTER DEEPSLEEP"')
        port.write(b'AT+QSCLK?\r')
        port.ask('AT+QSSLCFG=0,0,"seclevel"', '+QSSLCFG: 0,0,"seclevel",0')
        port.ask('AT+CEREG?', '+CEREG: 0,1')
        server = TlsServer(Ca().issue('server'), echo)
        self.addCleanup(server.close)
        port.open(server.port)

    def test_network(self):
        port = self.fault('lose-network at line 2 OK', 'find-network at line 4 OK')
        port.ask('AT+CEREG=1')
        port.lines('+CEREG: 2')
        port.ask('AT+CEREG?', '+CEREG: 1,2')
        port.ask('AT')
        port.lines('+CEREG: 1', '+IP: 100.64.0.7')

    def test_silence(self):
        port = self.fault('silence at line 2 OK')
        port.ask('AT')
        port.write(b'AT+QSCLK?\r')
        self.simulator.power_cycle()
        port.match(rb'^\r\nRDY\r\n.*\r\n\+IP: [0-9.]+\r\n')
        port.ask('AT')

    def test_restart(self):
        port = self.fault('restart at line 2 OK')
        port.write(b'AT\r')
        port.match(rb'\r\nOK\r\n.*\r\nRDY\r\n')

    def test_hang_up(self):
        port = self.fault('hang-up at line 2 OK')
        port.write(b'AT\r')
        self.assertEqual(self.simulator.process.wait(PATIENCE_S), 0)

    def test_two_at_a_time(self):
        port = self.fault('drop at line 2 OK', 'replace ERROR at line 3 OK')
        port.write(b'AT\r')
        port.fail('AT')
        port.ask('AT')


class ByteTest(FaultTest):
    """The answer to ATE0 is six bytes."""

    def test_garble(self):
        port = self.fault('garble at byte 8')
        port.ask('AT', result='ZK')

    def test_lose(self):
        port = self.fault('lose 2 at byte 8')
        port.write(b'AT\r')
        port.expect('\r\n\r\n')

    def test_insert(self):
        port = self.fault('insert RDY at byte 9')
        port.write(b'AT\r')
        port.expect('\r\nO\r\nRDY\r\nK\r\n')

    def test_delay(self):
        port = self.fault('delay 100 at byte 9')
        port.write(b'AT\r')
        port.ask('AT', result='OK')
        port.lines('OK')

    def test_sleep(self):
        port = self.fault('sleep at byte 7')
        port.ask('AT')
        port.write(b'AT+QSCLK?\r')
        port.ask('AT')

    def test_restart(self):
        port = self.fault('restart at byte 9')
        port.write(b'AT\r')
        port.match(rb'^\r\nO\r\nRDY\r\n')

    def test_hang_up(self):
        port = self.fault('hang-up at byte 9')
        port.write(b'AT\r')
        self.assertEqual(self.simulator.process.wait(PATIENCE_S), 0)


class ScriptTest(unittest.TestCase):
    def test_refused(self):
        for line in ('explode at line 1 OK', 'drop', 'drop at line 0 OK', 'drop at line 1', 'drop at byte 5',
                     'cut at line 1 OK', 'cut x at line 1 OK', 'lose 5 at line 1 OK', 'replace OK at byte 1',
                     'drop at line 1 OK twice', 'insert at line 1 OK', "drop at line 1 'OK"):
            with self.subTest(line=line), tempfile.NamedTemporaryFile('w', suffix='.faults') as script:
                script.write('drop at line 1 OK\n' + line + '\n')
                script.flush()
                run = subprocess.run([PROGRAM, '--link', script.name + '.tty', '--faults', script.name], text=True,
                                     stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
                self.assertEqual(run.returncode, 1)
                self.assertIn(f'{script.name}: line 2 is no fault: {line}', run.stderr)

    def test_missing(self):
        run = subprocess.run([PROGRAM, '--link', '/nonexistent/tty', '--faults', '/nonexistent/script'], text=True,
                             stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn('/nonexistent/script', run.stderr)

    def test_help_lists_every_action(self):
        text = subprocess.run([PROGRAM, '--help'], check=True, stdout=subprocess.PIPE, text=True).stdout
        for action in ('drop', 'delay', 'garble', 'cut', 'lose', 'insert', 'replace', 'sleep',
                       'deep-sleep', 'lose-network', 'find-network', 'silence', 'restart',
                       'hang-up'):
            self.assertRegex(text, rf'(?m)^  {action}[ :]')


if __name__ == '__main__':
    unittest.main()
