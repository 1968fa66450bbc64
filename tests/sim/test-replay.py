#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim --replay: what it makes of transcripts, good and malformed ones."""
import os
import subprocess
import time
import unittest

from sim_lab import CTRL_Z, ESC, PATIENCE_S, PROGRAM, SimTest, make_folder, read_file

CONVERSATIONS = os.environ['CONVERSATIONS']
HEADER = '# modemssl transcript 1\n'

MALFORMED = [
    # text, line, what is said
    ('', 1, 'does not begin with'),
    ('# modemssl transcript 2\n', 1, 'does not begin with'),
    (HEADER + 'hello\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '0.1\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '0.1 >\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '0.1 ?? AT\\r\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '0.1 >>AT\\r\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '-0.1 >> AT\\r\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '1e3 >> AT\\r\n', 2, 'SECONDS MARK TEXT'),
    (HEADER + '# fine\n\n1.2.3 >> AT\\r\n', 4, 'SECONDS MARK TEXT'),
    (HEADER + '2 >> AT\\r\n1 << \\r\\nOK\\r\\n\n', 3, 'before that of an earlier'),
    (HEADER + '1 >> AT\n', 2, 'ends with \\r'),
    (HEADER + '1 >> AT\\rATI\\r\n', 2, 'ends with \\r'),
    (HEADER + '1 >> AT\\x00\\r\n', 2, 'ends with \\r'),
    (HEADER + '1 << \\q\n', 2, 'ASCII'),
    (HEADER + '1 << \\x1\n', 2, 'ASCII'),
    (HEADER + '1 << \\x1g\n', 2, 'ASCII'),
    (HEADER + '1 << \\\n', 2, 'ASCII'),
    (HEADER + '1 << ä\n', 2, 'ASCII'),
    (HEADER + '1 << a\0b\n', 2, 'ASCII'),
    (HEADER + '1 >> AT\\r\n2 => data\n', 3, 'no prompt before'),
    (HEADER + '1 >> AT\\r\n2 << a>\n3 => data\n', 4, 'no prompt before'),
    (HEADER + '1 >> AT\\r\n2 << \\r\\n>\n3 => data\n4 => more\n', 5, 'no prompt before'),
    (HEADER + '1 => data\n', 2, 'no prompt before'),
    (HEADER + '1 >> AT\\r\n2 << \\r\\n>\n3 =>\n', 4, 'no prompt before'),
    (HEADER + '1 >> AT\\r\n2 << \\r\\n>\n3 >> AT\\r\n', 4, 'got no data'),
    (HEADER + '1 >> AT\\r\n2 << \\r\\n>\n', 4, 'got no data'),
]


class ReplayTest(SimTest):
    def write(self, text):
        path = os.path.join(make_folder(), 'transcript')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def play(self, text, *switches, **options):
        """The simulator of a transcript and its port."""
        sim = self.sim(*(switches or ('time-scale=0.001',)), replay=self.write(HEADER + text), **options)
        return sim, sim.open(echo=True)

    def run_program(self, *words):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)


class TestFormat(ReplayTest):
    def test_malformed(self):
        link = os.path.join(make_folder(), 'tty')
        for text, line, says in MALFORMED:
            with self.subTest(text=text):
                path = self.write(text)
                run = self.run_program('--link', link, '--replay', path)
                self.assertEqual((run.returncode, run.stdout), (1, ''))
                self.assertIn(f'{path}: line {line} is wrong: ', run.stderr)
                self.assertIn(says, run.stderr)
                self.assertEqual(run.stderr.count('\n'), 1)

    def test_no_file(self):
        run = self.run_program('--link', '/nowhere/tty', '--replay', '/nowhere/transcript')
        self.assertEqual(run.returncode, 1)
        self.assertIn('/nowhere/transcript', run.stderr)

    def test_options_of_a_module(self):
        path = self.write(HEADER)
        for words in (['--nvram', 'x'], ['--faults', 'x'], ['--set', 'prompt=>']):
            run = self.run_program('--link', '/nowhere/tty', '--replay', path, *words)
            self.assertEqual(run.returncode, 2)
            self.assertIn('--replay answers as it was recorded', run.stderr)


class TestRules(ReplayTest):
    def test_replies_in_their_order_and_the_last_again(self):
        _, port = self.play('1 >> ATA\\r\n1 << \\r\\n1\\r\\n\\r\\nOK\\r\\n\n2 >> ATB\\r\n2 << \\r\\nOK\\r\\n\n'
                            '3 >> ATA\\r\n3 << \\r\\n2\\r\\n\\r\\nOK\\r\\n\n')
        port.ask('ATB')
        port.ask('ATA', '1')
        port.ask('ATB')
        port.ask('ATA', '2')
        port.ask('ATA', '2')
        port.ask('ATB')

    def test_what_is_read_is_what_was_written(self):
        def exchange(number, command, *lines):
            answer = ''.join(f'\\r\\n{line}' for line in lines) + ('\\r\\n' if lines else '') + '\\r\\nOK\\r\\n'
            return f'{number} >> {command}\\r\n{number} << {answer}\n'
        _, port = self.play(''.join([
            exchange(1, 'AT+S=0', '+S: 1'), exchange(2, 'AT+S=0', '+S: 1'), exchange(3, 'AT+N=1', '+N: 7'),
            exchange(4, 'AT+S=0,2'), exchange(5, 'AT+S=0', '+S: 2'), exchange(6, 'AT+S=0,1'), exchange(7, 'AT+S=0', '+S: 1')]))
        for _ in range(3):
            port.ask('AT+S=0,2')
            port.ask('AT+N=1', '+N: 7')
            port.ask('AT+S=0', '+S: 2')
            port.ask('AT+S=0,1')
            port.ask('AT+S=0', '+S: 1')
            port.ask('AT+S=0', '+S: 1')

    def test_unknown_commands_are_named_once(self):
        sim, port = self.play('1 >> AT+A?\\r\n1 << \\r\\nOK\\r\\n\n')
        port.ask('AT+B?', result='ERROR')
        port.ask('AT+B?', result='ERROR')
        port.ask('at+a?', result='ERROR')
        port.ask('AT+A?')
        port.ask('A' * 600 + 'T', result='ERROR')
        self.assertEqual(read_file(sim.errors).decode().splitlines(), [
            "modemssl-sim: the transcript has no 'AT+B?': answered with ERROR",
            "modemssl-sim: the transcript has no 'at+a?': answered with ERROR",
            "modemssl-sim: the transcript has no 'AT (a line too long)': answered with ERROR"])

    def test_noise_has_no_answer(self):
        _, port = self.play('1 >> AT\\r\n1 << \\r\\nOK\\r\\n\n')
        port.write(b'\x1b\rnoise\r')
        port.write(b'\x1b\x1bAT\r')
        port.lines('OK')

    def test_urcs_at_their_place(self):
        _, port = self.play('0 << \\r\\nRDY\\r\\n\n1 >> ATA\\r\n1.01 << \\r\\nFIRST\\r\\n\n1.02 << \\r\\nOK\\r\\n\n'
                            '1.5 << \\r\\nLATER\\r\\n\n2 >> ATB\\r\n2.01 << \\r\\nOK\\r\\n\n', 'time-scale=1')
        port.write(b'ATA\rATB\r')
        port.lines('RDY', 'FIRST', 'OK', 'OK', 'LATER')

    def test_a_line_read_in_pieces_is_one(self):
        _, port = self.play('1 >> ATA\\r\n1.1 << \\r\\nO\n1.2 << K\\r\n1.5 << \\n\n2 >> ATB\\r\n2 << \\r\\nOK\\r\\n\n')
        port.write(b'ATA\rATB\r')
        port.lines('OK', 'OK')

    def test_a_swallowed_command(self):
        _, port = self.play('1 >> AT\\r\n2 >> AT\\r\n2 << \\r\\nOK\\r\\n\n')
        port.write(b'AT\r')
        port.ask('AT')

    def test_echo(self):
        text = ('0 >> AT\\r\n1 >> ATE0\\r\n1 << ATE0\\r\\r\\nOK\\r\\n\n2 >> ATI\\r\n2 << \\r\\nX\\r\\n\\r\\nOK\\r\\n\n'
                '3 >> ATE1\\r\n3 << \\r\\nOK\\r\\n\n')
        sim, port = self.play(text)
        for _ in range(2):
            port.write(b'ATI\r')
            port.expect(b'ATI\r\r\nX\r\n\r\nOK\r\n')
            port.write(b'ATE0\r')
            port.expect(b'ATE0\r\r\nOK\r\n')
            port.ask('ATI', 'X')
            port.ask('ATE1')
        port.write(b'ATE0\r')
        port.match(rb'ATE0\r\r\nOK\r\n')
        sim.power_cycle()
        # A signal has no answer, and may fall into one: asked until the echo is back.
        deadline = time.monotonic() + PATIENCE_S
        while b'ATI\r\r\nX' not in port.received and time.monotonic() < deadline:
            port.write(b'ATI\r')
            port.read_some(0.1)
        self.assertIn(b'ATI\r\r\nX', port.received)

    def test_binary(self):
        blob = bytes(range(256))
        escaped = ''.join(f'\\x{byte:02x}' for byte in blob)
        _, port = self.play(f'1 >> AT+S=256\\r\n1 << \\r\\n>\\x20\n1 => {escaped}\n1 << \\r\\nOK\\r\\n\n'
                            f'1 << \\r\\n+R: {escaped}\\r\\n\n', 'deliver-split=3')
        port.write(b'AT+S=256\r')
        port.expect(b'\r\n> ')
        port.write(bytes(reversed(blob)))
        port.lines('OK')
        port.expect(b'\r\n+R: ' + blob + b'\r\n')

    def test_data_ends_as_it_did(self):
        text = ''.join(f'{number} >> AT+{name}\\r\n{number} << \\r\\n>\n{number} => {data}\n{number} << \\r\\n{name}\\r\\n\\r\\nOK\\r\\n\n'
                       for number, (name, data) in enumerate([('Z', 'a\\x1a'), ('E', '\\x1b'), ('C', 'abc')]))
        sim, port = self.play(text)
        for name, data, good in (('Z', b'anything' + CTRL_Z, True), ('E', b'some' + ESC, True), ('C', b'x\x1a\x1b', True),
                                 ('Z', ESC, False), ('E', CTRL_Z, False)):
            port.write(f'AT+{name}\r'.encode())
            port.expect(b'\r\n>')
            port.write(data)
            port.expect(f'\r\n{name}\r\n\r\nOK\r\n' if good else '\r\nERROR\r\n')
        self.assertEqual(read_file(sim.errors).count(b'\n'), 2)
        self.assertIn(b"has only an ESC after 'AT+E'", read_file(sim.errors))

    def test_silent_esc_and_echo_of_data(self):
        _, port = self.play('1 >> AT+E\\r\n1 << \\r\\n>\n1 => \\x1b\n2 >> AT\\r\n2 << \\r\\nOK\\r\\n\n3 >> AT+C\\r\n3 << \\r\\n>\n'
                            '3 => abc\n3 << ab\n3 << c\\r\\nOK\\r\\n\n')
        port.write(b'AT+E\r')
        port.expect(b'\r\n>')
        port.write(ESC)
        port.ask('AT')
        port.write(b'AT+C\r')
        port.expect(b'\r\n>')
        port.write(b'xyz')
        port.expect(b'xyz\r\nOK\r\n')

    def test_pace(self):
        _, port = self.play('1 >> AT\\r\n1 << \\r\\nOK\\r\\n\n', 'time-scale=0.001', baud=9600)
        port.set_baud(9600)
        port.ask('AT')


class TestConversations(ReplayTest):
    """What is kept in tests/conversations."""

    def test_all_are_well_formed(self):
        names = sorted(os.listdir(CONVERSATIONS))
        self.assertTrue(names)
        for name in names:
            with self.subTest(name=name):
                self.sim(replay=os.path.join(CONVERSATIONS, name))

    def test_the_example_of_the_note(self):
        sim = self.sim('time-scale=0.001', replay=os.path.join(CONVERSATIONS, 'note-3.1.transcript'))
        port = sim.open(echo=True)
        port.ask('AT+QSCLK=0')
        port.ask('AT+QSSLCFG=0,0,"seclevel",2')
        for key, content in (('cacert', b'CA'), ('clientcert', b'CERT'), ('clientkey', b'KEY')):
            port.upload(key, content)
        port.open(8164, host='hf.quectel.com')
        port.write(b'AT+QSSLSEND=0,0\r')
        port.expect(b'\r\n>')
        port.write(b'1234567890' + CTRL_Z)
        port.lines('OK', '+QSSLSEND: 0,0,0')
        self.assertEqual(port.receive(), b'1234567890')
        port.close_connection()
        port.ask('AT+QSCLK=1')
        self.assertEqual(read_file(sim.errors), b'')


if __name__ == '__main__':
    unittest.main(verbosity=2)
