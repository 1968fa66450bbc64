#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim: every value of every switch does what --help says, and the command line refuses what it should."""
import os
import re
import select
import socket
import subprocess
import threading
import time
import unittest

from sim_lab import (CTRL_Z, ESC, PATIENCE_S, PROGRAM, Ca, SimTest, count_unread, count_unsent, echo, read_file, say,
                     unused_port)

BANNER = ('RDY', '+CFUN: 1', '+CPIN: READY', '+CEREG: 1', '+IP: 100.64.0.7')


def setUpModule():
    SwitchTest.identity = Ca().issue('server')


class SwitchTest(SimTest):
    """With a TLS server that echoes."""

    def connect(self, *switches, handler=echo):
        server = self.serve(self.identity, handler)
        port = self.port(*switches)
        port.open(server.port)
        return port

    def begin_send(self, port, length=None):
        port.write(b'AT+QSSLSEND=0,0\r' if length is None else f'AT+QSSLSEND=0,0,{length}\r'.encode())
        port.expect('\r\n>')


class DataModeTest(SwitchTest):
    def test_prompt(self):
        for value, prompt in (('>', b'>'), ('crlf>', b'\r\n>'), ('crlf>space', b'\r\n> ')):
            port = self.port('prompt=' + value)
            port.upload('cacert', b'abc', prompt=prompt)

    def test_prompt_delay(self):
        port = self.port('prompt-delay-ms=30')
        port.write(b'AT+QSSLCFG=0,0,"cacert"\rlost')
        port.expect('\r\n>')
        port.write(b'kept' + CTRL_Z)
        port.expect('\r\n+QSSLCFG: 0,0,"cacert",4\r\n\r\nOK\r\n')

    def test_data_accept(self):
        port = self.port('data-accept-ms=100')
        port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
        port.expect('\r\n>')
        # Nothing tells when the module is ready: bytes are offered until they are taken.
        while not port.received:
            port.write(b'x' + CTRL_Z)
            port.read_some(0.01)
        self.assertIn(port.match(rb'\r\n\+QSSLCFG: 0,0,"cacert",(\d)\r\n\r\nOK\r\n').group(1), (b'0', b'1'))

    def test_data_echo(self):
        for value, with_echo, without in (('no', b'', b''), ('yes', b'abc', b''), ('always', b'abc', b'abc')):
            sim = self.sim('data-echo=' + value)
            port = sim.open(echo=True)
            port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
            port.expect('AT+QSSLCFG=0,0,"cacert"\r\r\n>')
            port.write(b'abc' + CTRL_Z)
            port.expect(with_echo, '\r\n+QSSLCFG: 0,0,"cacert",3\r\n\r\nOK\r\n')
            port.write(b'ATE0\r')
            port.expect('ATE0\r\r\nOK\r\n')
            port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
            port.expect('\r\n>')
            port.write(b'abc' + CTRL_Z)
            port.expect(without, '\r\n+QSSLCFG: 0,0,"cacert",3\r\n\r\nOK\r\n')

    def test_esc(self):
        for value, answer in (('ok', ['OK']), ('error', ['ERROR']), ('silent', [])):
            port = self.port('esc=' + value)
            port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
            port.expect('\r\n>')
            port.write(b'abc' + ESC)
            port.lines(*answer)
            self.assertTrue(port.is_quiet())

    def test_esc_in_fixed(self):
        port = self.connect('esc-in-fixed=data')
        self.begin_send(port, 3)
        port.write(b'a' + ESC + b'b')
        port.lines('OK', '+QSSLSEND: 0,0,0', '+QSSLURC: "recv",0,0,3,"a\x1bb"')
        port = self.connect('esc-in-fixed=cancel')
        self.begin_send(port, 3)
        port.write(b'a' + ESC)
        port.lines('OK')
        self.assertTrue(port.is_quiet())

    def test_urc_in_data_mode(self):
        for value in ('queued', 'lost'):
            in_data_mode, has_arrived = threading.Event(), threading.Event()

            def interrupt(connection, start=in_data_mode, end=has_arrived):
                start.wait(PATIENCE_S)
                connection.sendall(b'into data mode')
                # Until the simulator's socket holds nothing more: the kernel tells.
                ends = connection.getsockname(), connection.getpeername()
                while count_unsent(connection.fileno()) or unread_bytes(*ends):
                    select.select([], [], [], 0.002)
                end.set()
                connection.recv(1)

            port = self.connect('urc-in-data-mode=' + value, handler=interrupt)
            self.begin_send(port, 1)
            in_data_mode.set()
            has_arrived.wait(PATIENCE_S)
            port.write(b'y')
            expected = ['+QSSLURC: "recv",0,0,14,"into data mode"'] if value == 'queued' else []
            port.lines(*expected, 'OK', '+QSSLSEND: 0,0,0')


def unread_bytes(server, client):
    """The receive queue of the client's end of a loopback connection, from /proc/net/tcp."""
    def as_hex(address):
        return f'{int.from_bytes(socket.inet_aton(address[0]), "little"):08X}:{address[1]:04X}'
    with open('/proc/net/tcp', encoding='ascii') as file:
        for line in file:
            words = line.split()
            if words[1:3] == [as_hex(client), as_hex(server)]:
                return int(words[4].split(':')[1], 16)
    return 0


class ResultTest(SwitchTest):
    def test_send_result(self):
        for value, lines in (('after-ok', ['OK', '+QSSLSEND: 0,0,0']), ('before-ok', ['+QSSLSEND: 0,0,0', 'OK']),
                             ('none', ['OK'])):
            port = self.connect('send-result=' + value)
            self.begin_send(port, 3)
            port.write(b'abc')
            port.lines(*lines, '+QSSLURC: "recv",0,0,3,"abc"')
            port.ask('AT')

    def test_open_result(self):
        server = self.serve(self.identity)
        for port_number, code in ((server.port, 0), (unused_port(), -2)):
            port = self.port('open-result=before-ok')
            port.write(f'AT+QSSLOPEN=0,0,"127.0.0.1",{port_number},0\r'.encode())
            port.lines(f'+QSSLOPEN: 0,0,{code}', 'OK')

    def test_open_result_late(self):
        server = self.serve(self.identity, say(b'early'))
        port = self.port('open-result-late-ms=50')
        port.ask(f'AT+QSSLOPEN=0,0,"127.0.0.1",{server.port},0')
        port.ask('AT')
        port.lines('+QSSLOPEN: 0,0,0', '+QSSLURC: "recv",0,0,5,"early"', '+QSSLURC: "closed",0,0')
        # The host gives up before: the open ends without another word.
        port.ask(f'AT+QSSLOPEN=0,0,"127.0.0.1",{server.port},0')
        port.close_connection()
        self.assertTrue(port.is_quiet())

    def test_failed_open(self):
        self.port('failed-open=at-once').open(unused_port(), -2)
        self.port('failed-open=at-timeout', 'time-scale=0.001').open(unused_port(), -7)

    def test_result_8(self):
        port = self.port('result-8=yes')
        port.open(unused_port(), -8)
        port.close_connection(-8)

    def test_close_on_closed(self):
        self.port('close-on-closed=ok-6').close_connection(-6)
        self.port('close-on-closed=error').fail('AT+QSSLCLOSE=0,0')

    def test_close_resets(self):
        for value, level, debug in (('none', 1, 3), ('seclevel', 0, 3), ('all', 0, 0)):
            server = self.serve(self.identity, say(b''))
            port = self.port('close-resets=' + value)
            port.upload('cacert', b'no certificate')
            for by_server in (False, True):
                port.ask('AT+QSSLCFG=0,0,"debug",3')
                port.open(server.port if by_server else self.serve(self.identity).port)
                port.ask('AT+QSSLCFG=0,0,"seclevel",1')
                if by_server:
                    port.match(rb'\r\n\+QSSLURC: "closed",0,0\r\n')
                else:
                    port.close_connection()
                port.ask('AT+QSSLCFG=0,0,"seclevel"', f'+QSSLCFG: 0,0,"seclevel",{level}')
                port.ask('AT+QSSLCFG=0,0,"debug"', f'+QSSLCFG: 0,0,"debug",{debug}')
                port.ask('AT+QSSLCFG=0,0,"seclevel",0')

    def test_closed_order(self):
        for value, lines in (('after-recv', ('+QSSLURC: "recv",0,0,3,"bye"', '+QSSLURC: "closed",0,0')),
                             ('before-recv', ('+QSSLURC: "closed",0,0', '+QSSLURC: "recv",0,0,3,"bye"'))):
            port = self.connect('closed-order=' + value, handler=say(b'bye'))
            port.lines(*lines)
        port = self.connect('closed-order=before-recv')
        port.send(b'open')
        self.assertEqual(port.receive(), b'open')

    def test_degrade(self):
        port = self.port('degrade-after-opens=1')
        port.open(unused_port(), -2)
        port.open(unused_port(), -1)

    def test_degrade_until(self):
        def radio(_sim, port):
            port.ask('AT+CFUN=0')
            port.write(b'AT+CFUN=1\r')
            port.lines('+IP: 100.64.0.7', 'OK')

        def restart(_sim, port):
            port.ask('AT+QRST=1')
            port.lines(*BANNER)

        def power(sim, port):
            sim.power_cycle()
            port.match(rb'\r\n\+IP: [0-9.]+\r\n')

        cures = [radio, restart, power]
        for value in cures:
            sim = self.sim('degrade-after-opens=1', 'degrade-until=' + value.__name__)
            port = sim.open()
            port.open(unused_port(), -2)
            for cure in cures:
                port.open(unused_port(), -1)
                cure(sim, port)
                if cure == value:
                    break
            port.open(unused_port(), -2)

    def test_silent_after_opens(self):
        sim = self.sim('silent-after-opens=1')
        port = sim.open()
        port.open(unused_port(), -2)
        port.write(f'AT+QSSLOPEN=0,0,"127.0.0.1",{unused_port()},0\rAT+QRST=1\r'.encode())
        sim.power_cycle()
        port.match(rb'^\r\nRDY\r\n.*\r\n\+IP: [0-9.]+\r\n')
        port.open(unused_port(), -2)


class HexTest(SwitchTest):
    def test_hex(self):
        for switches, expected in (
                ((), '3,"AB0CFF"'), (('hex-quotes=no',), '3,AB0CFF'), (('hex-case=lower',), '3,"ab0cff"'),
                (('hex-length=characters',), '6,"AB0CFF"'),
                (('hex-length=characters', 'hex-quotes=no', 'hex-case=lower'), '6,ab0cff')):
            port = self.connect(*switches)
            port.ask('AT+QSSLCFG=0,0,"dataformat",0,1')
            port.send(b'\xab\x0c\xff')
            port.lines('+QSSLURC: "recv",0,0,' + expected)


class RangesTest(SwitchTest):
    def test_test_ranges(self):
        port = self.port('test-ranges=promises')
        port.ask('AT+QSSLCLOSE=?', '+QSSLCLOSE: (0-10),(0-4)')
        port.fail('AT+QSSLCFG=1,0,"seclevel",1')
        port.fail('AT+QSSLCFG=0,1,"seclevel",1')
        port.ask('AT+QSSLCFG=0,0,"seclevel",1')
        port = self.port('test-ranges=fails')
        for command in ('CFG', 'OPEN', 'SEND', 'CLOSE'):
            port.fail(f'AT+QSSL{command}=?')

    def test_slots(self):
        server = self.serve(self.identity, say(b'a'))
        port = self.port('slots=3')
        port.ask('AT+QSSLSEND=?', '+QSSLSEND: (0),(0-2),(1-1024)')
        port.fail('AT+QSSLCFG=0,3,"seclevel"')
        port.ask('AT+QSSLCFG=0,2,"timeout",10')
        port.ask('AT+QSSLCFG=0,1,"timeout"', '+QSSLCFG: 0,1,"timeout",90')
        for slot in (2, 1):
            port.ask(f'AT+QSSLOPEN=0,{slot},"127.0.0.1",{server.port},0')
            port.lines(f'+QSSLOPEN: 0,{slot},0', f'+QSSLURC: "recv",0,{slot},1,"a"', f'+QSSLURC: "closed",0,{slot}')


class SleepAndBootTest(SwitchTest):
    def test_sleep(self):
        for switches, answer in ((('default-sleep=2',), b''), (('default-sleep=1',), b''),
                                 (('default-sleep=1', 'sleep-first-at=crlf', 'time-scale=0.01'), b'\r\n')):
            port = self.sim('sleep-after-ms=300', *switches).open(echo=True)
            port.write(b'ATE0\r')
            port.match(rb'\r\nOK\r\n')
            self.fall_asleep(port)
            port.write(b'AT\r' + (b'' if answer else b'AT\r'))
            port.expect(answer or '\r\nOK\r\n')
            port.ask('AT')

    def fall_asleep(self, port):
        """No event tells of it: the module itself goes by the time that has passed."""
        awake_until = time.monotonic() + 0.35
        while time.monotonic() < awake_until:
            port.read_some(awake_until - time.monotonic())

    def test_no_sleep(self):
        port = self.port('sleep-after-ms=1', 'default-sleep=0')
        port.ask('AT')
        port.ask('AT+QSCLK?', '+QSCLK: 0')

    def test_default_sleep(self):
        for value in '012':
            self.port('default-sleep=' + value).ask('AT+QSCLK?', '+QSCLK: ' + value)

    def test_boot(self):
        for value, pattern in (('short', rb'^\r\nRDY\r\n'), ('long', rb'^\n\rF1: 0000 0000\n\r.*Leaving the BROM\n\r\n\r\r\nRDY\r\n')):
            sim = self.sim('boot-banner=' + value, 'boot-ms=1')
            port = sim.open()
            sim.power_cycle()
            port.match(pattern)
            port.lines(*BANNER[1:])
        sim = self.sim('boot-banner=none', 'boot-ms=0')
        port = sim.open()
        sim.power_cycle()
        while not port.received:
            port.write(b'AT\r')
            port.read_some(0.02)
        port.match(rb'^(\r\nOK\r\n)+')

    def test_cold_start(self):
        port = self.sim('cold-start=yes', 'boot-ms=100').open(echo=True)
        port.write(b'AT\r')
        port.lines(*BANNER)
        port.write(b'AT\r')
        port.expect('AT\r\r\nOK\r\n')

    def test_reply_delay(self):
        port = self.port('reply-delay-ms=20')
        port.write(b'AT\rAT+CSQ\r')
        port.lines('OK', '+CSQ: 21,0\r\n\r\nOK')


class OutputTest(SwitchTest):
    def test_debug_lines(self):
        server = self.serve(self.identity)
        port = self.port('debug-on-at-port=yes')
        port.open(server.port)
        port.close_connection()
        port.ask('AT+QSSLCFG=0,0,"debug",4')
        port.write(f'AT+QSSLOPEN=0,0,"127.0.0.1",{server.port},0\r'.encode())
        port.lines(f'[SSL 3] connecting to port {server.port}', 'OK', '[SSL 2] open result 0', '+QSSLOPEN: 0,0,0')

    def test_deliver_split(self):
        port = self.port('deliver-split=3', 'seed=7')
        port.write(b'AT+QSSLCFG=0,0\r')
        sizes = []
        while not port.received.endswith(b'OK\r\n'):
            before = len(port.received)
            port.read_some()
            sizes.append(len(port.received) - before)
        self.assertGreater(sum(1 for size in sizes if size <= 3), len(sizes) * 0.8)
        self.assertEqual(port.received.count(b'+QSSLCFG'), 10)

    def test_split_to_a_host_that_does_not_read(self):
        port = self.port('deliver-split=64')
        port.write(b'ATI\r')
        while count_unread(port.fd) < 60:
            select.select([], [], [], 0.001)
        port.match(rb'OK\r\n')


class CommandLineTest(unittest.TestCase):
    def run_program(self, *words):
        return subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              check=False)

    def test_help_and_version(self):
        result = self.run_program('--help')
        self.assertEqual(result.returncode, 0)
        table = result.stdout.partition('Switches for --set')[2].partition('\n\n')[0].splitlines()[1:]
        for head, text in zip(table[::2], table[1::2], strict=True):
            self.assertRegex(head, r'^  [a-z0-9-]+=\S+ \[\S+\]$')
            self.assertRegex(text, r'^      \S')
        self.assertRegex(self.run_program('--version').stdout, r'^modemssl-sim \d+\.\d+\.\d+\n$')

    def test_mistakes(self):
        for words, message in (
                ((), '--link PATH is missing'), (('--nosuch',), 'Unknown option'), (('--link', '/x', 'y'), "'y'"),
                (('--set', 'prompt'), 'NAME=VALUE'), (('--set', 'nosuch=1'), 'prompt-delay-ms'),
                (('--set', 'esc=maybe'), 'ok|error|silent'), (('--set', 'slots=6'), '1..5'), (('--baud', '1234'), '115200'),
                (('--set', 'time-scale=x'), '0.0001..100'), (('--baud', 'x'), 'x')):
            result = self.run_program(*words)
            self.assertEqual((result.returncode, result.stdout), (2, ''), words)
            self.assertIn(message, result.stderr)

    def test_files(self):
        for words, message in ((('--link', '/'), '/: '), (('--link', '/dev/null'), 'File exists'),
                               (('--link', os.devnull + '/x'), 'directory'),
                               (('--link', '/tmp/x', '--nvram', '/dev/null/x'), '/dev/null/x'),
                               (('--link', '/tmp/x', '--log', '/dev/null/x'), '/dev/null/x')):
            result = self.run_program(*words)
            self.assertEqual((result.returncode, result.stdout), (1, ''), words)
            self.assertIn(message, result.stderr)


class TestDocument(unittest.TestCase):
    def test_every_switch_stands_in_the_document(self):
        """docs/module-behaviour.md says what each stands for."""
        path = os.path.join(os.path.dirname(__file__), '..', '..', 'docs', 'module-behaviour.md')
        document = read_file(path).decode()
        text = subprocess.run([PROGRAM, '--help'], check=True, capture_output=True, text=True, timeout=PATIENCE_S).stdout
        switches = re.findall(r'^  ([a-z0-9-]+)=\S+ \[\S+\]$', text, re.MULTILINE)
        self.assertGreater(len(switches), 30)
        self.assertEqual([name for name in switches if f'`{name}`' not in document], [])
        for name in re.findall(r'\| ((?:`[a-z0-9-]+`(?:, )?)+) \| [^|]*\|$', document, re.MULTILINE):
            self.assertLessEqual(set(re.findall('`([^`]+)`', name)), set(switches))


if __name__ == '__main__':
    unittest.main()
