#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/record-module on simulated modules: what it saves, what it hides, that it leaves everything as it was found, and that its
transcripts are answered by modemssl-sim --replay as by the module.
"""
import fcntl
import importlib.machinery
import importlib.util
import os
import random
import re
import select
import signal
import subprocess
import sys
import termios
import unittest
from unittest import mock

from sim_lab import PATIENCE_S, Ca, SimTest, make_folder, read_file, unused_port

PROGRAM = os.environ['RECORD_MODULE']
SEED = int(os.environ.get('MODEMSSL_SEED') or random.SystemRandom().randrange(1 << 30))
# What the simulated module says of itself, in full.
SECRETS = [b'860536040000015', b'262011234567890', b'89490200001234567890', b'100.64.0.7', b'00C0FFEE', b'1A2B']
SESSION = {
    'prompt': ['>', 'crlf>', 'crlf>space'], 'data-echo': ['no', 'yes', 'always'], 'send-result': ['after-ok', 'before-ok'],
    'open-result': ['after-ok', 'before-ok'], 'hex-quotes': ['no', 'yes'], 'hex-case': ['upper', 'lower'],
    'hex-length': ['bytes', 'characters'], 'esc': ['ok', 'error', 'silent'], 'close-on-closed': ['ok-6', 'error'],
    'close-resets': ['none', 'seclevel', 'all'], 'test-ranges': ['works', 'promises', 'fails'],
    'default-sleep': [0, 1, 2], 'deliver-split': [0, 1, 7],
}


def load():
    """The program as a module of Python."""
    loader = importlib.machinery.SourceFileLoader('record_module', PROGRAM)
    spec = importlib.util.spec_from_loader('record_module', loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


record = load()


class RecordTest(SimTest):
    def run_program(self, port, *words):
        self.output = os.path.join(make_folder(), 'transcript')
        return subprocess.run([PROGRAM, '--sleep', '0', '--pace', '0', '-o', self.output, *words, '--', port], capture_output=True,
                              text=True, timeout=3 * PATIENCE_S, check=False)

    def record(self, sim, *words):
        run = self.run_program(sim.link, *words)
        self.assertEqual((run.returncode, run.stderr, run.stdout), (0, '', ''))
        return read_file(self.output).decode()

    def expect_trouble(self, port, says, *words):
        run = self.run_program(port, *words)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stderr, f'^record-module: .*{says}')
        self.assertEqual(run.stderr.count('\n'), 1)


def strip_times(transcript):
    """The dialogue alone: [(mark, text)], what the module said in one piece between two lines of the host."""
    joined = []
    for line in transcript.splitlines():
        found = re.match(r' *[\d.]+ (<<|>>|=>) (.*)', line)
        if found and joined and found.group(1) == '<<' == joined[-1][0]:
            joined[-1] = ('<<', joined[-1][1] + found.group(2))
        elif found:
            joined.append(found.groups())
    return joined


class TestRecording(RecordTest):
    def test_what_is_asked(self):
        transcript = self.record(self.sim())
        for line in ('>> AT+QSSLCFG=?\\r', '>> AT+QSSLCFG=0,0,"dtlsversion"\\r', '>> AT+NOSUCHCOMMAND\\r',
                     '<< \\r\\nQuectel_Ltd\\r\\nQuectel_BC660K-GL\\r\\nRevision: BC660KGLAAR01A05\\r\\n\\r\\nOK\\r\\n',
                     '<< \\r\\n+CGSN: 000000000000000\\r\\n\\r\\nOK\\r\\n',
                     '<< \\r\\n+CGPADDR: 0,"192.0.2.1"\\r\\n\\r\\nOK\\r\\n'):
            self.assertIn(line, transcript)
        for words in ('=>', 'QSSLOPEN=0', 'QSSLSEND=0', '>> AT+QSSLCFG=0,0,"cacert"'):
            self.assertNotIn(words, transcript, 'more than was asked for')

    def test_standard_output(self):
        run = subprocess.run([PROGRAM, '--sleep', '0', '--pace', '0', self.sim().link], capture_output=True, text=True,
                             timeout=PATIENCE_S, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        self.assertTrue(run.stdout.startswith('# modemssl transcript 1\n'))

    def test_nothing_is_changed(self):
        for echo, sleep in ((0, 2), (1, 0)):
            sim = self.sim()
            port = sim.open(echo=True)
            for command in (f'ATE{echo}', f'AT+QSCLK={sleep}', 'AT+QSSLCFG=0,0,"seclevel",1', 'AT+QSSLCFG=0,0,"dataformat",1,0'):
                port.write(command.encode() + b'\r')
                port.match(rb'\r\nOK\r\n')
            settings = termios.tcgetattr(port.fd)
            port.close()
            sim.ports.clear()
            self.run_program(sim.link, '--data-mode', '--connect', f'127.0.0.1:{unused_port()}')
            port = sim.open(echo=True)
            self.assertEqual(termios.tcgetattr(port.fd), settings)
            port.write(b'AT\r')
            port.expect(b'AT\r' if echo else b'', b'\r\nOK\r\n')
            port.write(b'ATE0\r')
            port.match(rb'\r\nOK\r\n')
            port.ask('AT+QSCLK?', f'+QSCLK: {sleep}')
            port.ask('AT+QSSLCFG=0,0,"seclevel"', '+QSSLCFG: 0,0,"seclevel",1')
            port.ask('AT+QSSLCFG=0,0,"sslversion"', '+QSSLCFG: 0,0,"sslversion",4')
            port.ask('AT+QSSLCFG=0,0,"dataformat"', '+QSSLCFG: 0,0,"dataformat",1,0')
            port.upload('cacert', b'still works')

    def test_sleep(self):
        first_at, answer = random.Random(SEED).choice([('swallow', []), ('crlf', [('<<', '\\r\\n')])])
        sim = self.sim('sleep-after-ms=600', 'time-scale=0.1', f'sleep-first-at={first_at}')
        transcript = self.record(sim, '--sleep', '0.8')
        asleep = strip_times(transcript[transcript.index('-- sleep\n'):transcript.index('-- put back')])
        self.assertEqual(asleep[:4 + len(answer)], [('>>', 'AT+QSCLK=1\\r'), ('<<', '\\r\\nOK\\r\\n'), ('>>', 'AT\\r'), *answer,
                                                    ('>>', 'AT\\r')])
        self.assertEqual(asleep[-1], ('<<', '\\r\\nOK\\r\\n'))

    def interrupt(self, sim, command, *words):
        """Ends the program as soon as the module has got that command; what was recorded then."""
        output = os.path.join(make_folder(), 'transcript')
        process = subprocess.Popen([PROGRAM, '--pace', '0', '-o', output, *words, sim.link], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        with open(sim.log, 'rb') as log:
            said = b''
            while command not in said:
                select.select([], [], [], 0.01)
                said += log.read()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE_S), 1)
        self.assertIn('interrupted', process.stderr.read())
        port = sim.open(echo=True)
        port.write(b'AT+QSCLK?\r')
        port.expect(b'AT+QSCLK?\r\r\n+QSCLK: 1\r\n\r\nOK\r\n')
        return read_file(output).decode()

    def test_interrupted(self):
        self.assertIn('put back', self.interrupt(self.sim('reply-delay-ms=50'), b'AT+CSQ'))

    def test_interrupted_at_a_prompt(self):
        transcript = self.interrupt(self.sim('prompt-delay-ms=50'), b'>> AT+QSSLCFG=0,0,"cacert"', '--data-mode')
        self.assertEqual(transcript.count('=> \\x1b\n'), 1)


class TestConnection(RecordTest):
    @classmethod
    def setUpClass(cls):
        cls.ca = Ca()
        cls.server = cls.ca.issue('server')

    def connect(self, *switches, words=()):
        server = self.serve(self.server)
        sim = self.sim(*switches)
        transcript = self.record(sim, '--connect', f'127.0.0.1:{server.port}', '--send', 'my secret text', *words)
        self.assertIn('>> AT+QSSLOPEN=0,0,"host.invalid",4433,0\\r', transcript)
        self.assertNotIn('127.0.0.1', transcript)
        return sim, transcript

    def test_text(self):
        _, transcript = self.connect()
        self.assertIn('=> xxxxxxxxxxxxxx\n', transcript)
        self.assertIn('+QSSLURC: "recv",0,0,14,"xxxxxxxxxxxxxx"\\r\\n', transcript)
        self.assertNotIn('secret', transcript)

    def test_hex(self):
        _, transcript = self.connect('hex-case=lower', words=('--hex',))
        self.assertIn('=> ' + '78' * 14 + '\n', transcript)
        self.assertIn('+QSSLURC: "recv",0,0,14,"' + '7a' * 14 + '"\\r\\n', transcript)
        self.assertNotIn(b'secret'.hex(), transcript.lower())

    def test_payload_when_asked(self):
        _, transcript = self.connect(words=('--keep-payload',))
        self.assertIn('=> my secret text\n', transcript)
        self.assertIn('+QSSLURC: "recv",0,0,14,"my secret text"\\r\\n', transcript)

    def test_no_server(self):
        self.expect_no_connection()

    def expect_no_connection(self):
        run = self.run_program(self.sim().link, '--connect', f'127.0.0.1:{unused_port()}')
        self.assertEqual((run.returncode, run.stderr), (0, 'record-module: no connection to the server: the module says -2\n'))

    def test_replay_is_as_the_module(self):
        """Recorded again from its replay a transcript is the same, however the module behaves; and it has no secret."""
        chance = random.Random(SEED)
        for number in range(2):
            switches = {name: chance.choice(SESSION[name]) for name in chance.sample(sorted(SESSION), 7)}
            words = ['--data-mode', *(['--hex'] if number == 1 else [])]
            with self.subTest(seed=SEED, **switches):
                sim, transcript = self.connect(*(f'{name}={value}' for name, value in switches.items()), words=words)
                for secret in SECRETS + [b'my secret text', b'my secret text'.hex().encode()]:
                    self.assertNotIn(secret, transcript.encode())
                    self.assertNotIn(secret.upper(), transcript.encode())
                path = self.output
                replay = self.sim('time-scale=0.1', replay=path)
                again = self.record(replay, '--connect', 'host.invalid:4433', '--send', 'x' * 14, *words)
                self.assertEqual(strip_times(again), strip_times(transcript))
                self.assertEqual(read_file(replay.errors), b'')
                self.assertNotEqual(sim.link, replay.link)


class TestPort(RecordTest):
    def test_in_use(self):
        sim = self.sim()
        holder = subprocess.Popen(
            [sys.executable, '-c', 'import os, sys\nos.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)\nprint(flush=True)\nsys.stdin.read()',
             sim.link], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        self.expect_trouble(sim.link, rf'in use by \S+ \(process {holder.pid}\)')
        holder.communicate()
        holder.wait(PATIENCE_S)

    def test_locked(self):
        """By a process that cannot be seen, as that of another user: this one."""
        sim = self.sim()
        port = sim.open(echo=True)
        fcntl.flock(port.fd, fcntl.LOCK_EX)
        with self.assertRaisesRegex(record.Trouble, 'locked by another process'):
            record.Port(sim.link, 115200, record.Recording())

    def test_modemmanager_gets_its_hint(self):
        with mock.patch.object(record, 'find_users', lambda device: [('7', 'ModemManager')]), self.assertRaisesRegex(record.Trouble, 'in use by ModemManager .*systemctl stop ModemManager'):
            record.Port(self.sim().link, 115200, record.Recording())

    def test_no_port(self):
        self.expect_trouble('/nowhere', 'No such file')
        self.expect_trouble('/dev/null', 'not a serial port')
        self.expect_trouble(PROGRAM, 'not a serial port')
        self.expect_trouble(self.sim().link, 'no rate of 12345 baud', '--baud', '12345')

    def test_nobody_answers(self):
        silent, port = os.openpty()
        self.addCleanup(os.close, silent)
        self.addCleanup(os.close, port)
        with mock.patch.object(record, 'WAKE_S', (0.01, 0.01)):
            opened = record.Port(os.ttyname(port), 115200, record.Recording())
            with self.assertRaisesRegex(record.Trouble, 'does not answer'):
                record.Module(opened, opened.recording, 0).begin()
            opened.close()

    def test_options(self):
        for words in (['--connect', 'nowhere'], ['--connect', 'host:70000'], ['--connect', 'a"b:1'], ['--send', ''],
                      ['--send', 'x' * 1025], ['--sleep', '-1'], ['--sleep', 'long'], ['--colour']):
            run = self.run_program('/nowhere', *words)
            self.assertEqual(run.returncode, 2, words)
            self.assertIn(words[0], run.stderr)


MASKED = [
    (b'\r\n', b'\r\n'),
    (b'+CGSN: 866123456789012\r\n', b'+CGSN: 000000000000000\r\n'),
    (b'866123456789012\r\n', b'000000000000000\r\n'),
    (b'+QCCID: 8949020000123456789F\r\n', b'+QCCID: 0000000000000000000F\r\n'),
    (b'+CMTI: "+4917012"\r\n', b'+CMTI: "+0000000"\r\n'),
    (b'+IP: 10.20.30.40\r\n', b'+IP: 192.0.2.1\r\n'),
    (b'+IP: 2a02:2e0::1:2\r\n', b'+IP: 2001:db8::1\r\n'),
    (b'+CGPADDR: 0,"32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1"\r\n', b'+CGPADDR: 0,"192.0.2.1"\r\n'),
    (b'+CEREG: 5,1,"1A2B","00C0FFEE",9\r\n', b'+CEREG: 5,1,"0000","00000000",9\r\n'),
    (b'+CCLK: "26/11/22,21:55:16+00"\r\n', b'+CCLK: "26/11/22,21:55:16+00"\r\n'),
    (b'Revision: BC660KGLAAR01A05_01.001.01.001\r\n', b'Revision: BC660KGLAAR01A05_01.001.01.001\r\n'),
    (b'F1: 0000 0000\n\r', b'F1: 0000 0000\n\r'),
    (b'ssl_cli.c:0041: connecting to my.host\r\n', b'x' * 37 + b'\r\n'),
    (b'-----BEGIN CERTIFICATE-----\r\n', b'x' * 27 + b'\r\n'),
    (b'+CME ERROR: 50\r\n', b'+CME ERROR: 50\r\n'),
    (b'+QSSLURC: "closed",0,0\r\n', b'+QSSLURC: "closed",0,0\r\n'),
    (b'+QSSLURC: "recv",0,0,4,"a\r\n"\r\n', b'+QSSLURC: "recv",0,0,4,"xxx"\r\n'),
    (b'AT+QSSLOPEN=0,0,"my.host",8883,0\r', b'AT+QSSLOPEN=0,0,"host.invalid",4433,0\r'),
    (b'+X: "my.host"\r\n', b'+X: "host.invalid"\r\n'),
]


class TestMasks(unittest.TestCase):
    def test_lines(self):
        for line, shown in MASKED:
            self.assertEqual(record.Masker(b'my.host').line(line), shown)

    def test_payload_with_anything_in_it_is_one_line(self):
        for payload in (b'\r\nOK\r\n', b'"', b'\r\n+QSSLURC: "recv",0,0,3,"abc"\r\n', b'866123456789012', bytes(range(256))):
            line = b'+QSSLURC: "recv",0,0,%d,"%s"\r\n' % (len(payload), payload)
            for end in range(len(line)):
                lines, rest = record.split(b'OK\r\n' + line[:end])
                self.assertEqual((lines, rest), ([b'OK\r\n'], line[:end]))
            self.assertEqual(record.split(line + b'\r\n>'), ([line, b'\r\n'], b'>'))

    def test_a_secret_cut_by_reads_is_masked(self):
        recording = record.Recording()
        for piece in (b'\r\n+CGSN: 8661', b'2345678', b'9012\r', b'\n\r\nOK\r\n'):
            recording.add('<<', piece)
        self.assertIn('+CGSN: 000000000000000\\r\\n', recording.render(record.Masker()))

    def test_an_echo_is_masked_as_what_it_echoes(self):
        for data, shown in ((b'866123456789012', b'x' * 15), (b'4142434445464748', b'78' * 8)):
            masker = record.Masker()
            self.assertEqual(masker.data(data), shown)
            self.assertEqual(masker.line(data + b'\r\n'), shown + b'\r\n')

    def test_what_was_cut_off_is_masked(self):
        recording = record.Recording()
        recording.add('<<', b'\r\n+QSSLURC: "recv",0,0,40,"the beginning of a sec')
        self.assertNotIn('sec', recording.render(record.Masker()).split('\n', 2)[2])


if __name__ == '__main__':
    print(f'seed {SEED}', flush=True)
    unittest.main(verbosity=2)
