#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon as a program: its options, the shipped configuration, wrong configurations, and a bus that is not there."""
import os
import re
import signal
import stat

import lab
from bench import BenchTest
from client import Client
from lab import MODEMSSLD, SOURCE_ROOT, LabTest, read_bytes, wait_for, wait_module

SHIPPED = os.path.join(SOURCE_ROOT, 'data', 'modemssld.conf')


class DaemonTest(LabTest):
    def run_daemon(self, *options, **environment):
        return self.lab.run([MODEMSSLD, '--state-dir', self.lab.path('state'), *options],
                            env={**self.lab.environment(), **environment})

    def run_with(self, text):
        return self.run_daemon('--bus', 'system', '--config', self.lab.write('wrong.conf', text))

    def start_with(self, config):
        process = self.lab.start([MODEMSSLD, '--bus', 'system', '--config', config, '--state-dir',
                                  self.lab.path('state'), '--log-level', 'debug'], 'daemon')
        process.expected_status = 0
        client = Client(self.lab.bus)
        self.lab.closers.append(client.close)
        wait_for(lambda: process.poll() is not None or self.has_owner(client), 'the name of the daemon')
        self.assertIsNone(process.poll(), read_bytes(process.log))
        return process, client

    def has_owner(self, client):
        return client.bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                                    'NameHasOwner', lab.GLib.Variant('(s)', (lab.BUS_NAME,)), None, 0, -1,
                                    None).unpack()[0]


class TestConfiguration(DaemonTest):
    def test_shipped_file_runs_idle_and_says_so(self):
        process, client = self.start_with(SHIPPED)
        self.assertEqual(client.manager('GetModules'), [])
        self.assertRegex(read_bytes(process.log).decode(), r'(?i)no module')

    def test_every_key_of_the_shipped_file(self):
        """With its comment signs taken away the shipped file is a whole configuration."""
        sim = self.lab.sim(name='cell0')
        with open(SHIPPED, encoding='utf-8') as file:
            text = re.sub(r'^#(?=\[module |\[limits\]$|[a-z-]+=)', '', file.read(), flags=re.M)
        self.assertIn('[module cell0]\n', text)
        text = re.sub(r'^device=.*$', f'device={sim.link}', text, flags=re.M)
        _, client = self.start_with(self.lab.write('whole.conf', text))
        wait_module(client.bus, 'cell0', 'ready')

    def test_wrong_files_are_refused_with_line_and_key(self):
        good = '[module cell0]\ndevice=/dev/nowhere\n'
        for text, line, says in (
                (good + 'colour=blue\n', 3, 'colour'),
                (good + 'baud-rate=fast\n', 3, 'baud-rate'),
                (good + 'baud-rate=12345\n', 3, 'baud-rate'),
                (good + 'flow-control=some\n', 3, 'flow-control'),
                (good + '\nprompt-delay=-1\n', 4, 'prompt-delay'),
                (good + 'claim=force\n', 3, 'claim'),
                (good + 'allow-commands=maybe\n', 3, 'allow-commands'),
                (good + 'recovery-failures=101\n', 3, 'from 0 to 100'),
                (good + 'recovery-doubt=none\n', 3, 'recovery-doubt'),
                (good + 'breaker-delay=0\n', 3, 'breaker-delay'),
                (good + 'power-cycle-command=cut-power\n', 3, 'absolute'),
                (good + 'power-cycle-command=/bin/x "y\n', 3, 'power-cycle-command'),
                (good + 'power-cycle-command=\n', 3, 'power-cycle-command'),
                ('[module cell0]\ndevice=relative\n', 2, 'device'),
                ('# nothing else\n[module cell0]\nclaim=device\n', 3, 'device'),
                (good + 'imei=12345\n', 3, 'imei'),
                (good + 'imei=867713000000001\n', 3, 'claim=device'),
                (good + 'release-when-idle=soon\n', 3, 'release-when-idle'),
                (good + 'sync-clock=maybe\n', 3, 'sync-clock'),
                ('[module a]\n[module b]\n', 2, 'which modem'),
                ('\n[modul cell0]\n', 2, 'modul cell0'),
                ('[module bad name]\n', 1, 'bad name'),
                (good + '[limits]\nmax-queued=many\n', 4, 'max-queued=many'),
                (good + '[limits]\nmax-connections=0\n', 4, 'from 1 to 256'),
                ('[limits]\nmax-modules=1\n', 2, 'max-modules'),
                (good + good, 3, 'cell0')):
            with self.subTest(text=text):
                run = self.run_with(text)
                self.assertNotEqual(run.returncode, 0)
                self.assertRegex(run.errors, rf'\b{line}\b')
                self.assertIn(says, run.errors)

    def test_missing_file(self):
        run = self.run_daemon('--bus', 'system', '--config', '/nowhere/modemssld.conf')
        self.assertNotEqual(run.returncode, 0)
        self.assertIn('/nowhere/modemssld.conf', run.errors)


class TestProgram(DaemonTest):
    def test_version(self):
        run = self.run_daemon('--version')
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.output.decode(), r'^modemssld \d+\.\d+\.\d+\n$')

    def test_unknown_option(self):
        run = self.run_daemon('--colour')
        self.assertNotEqual(run.returncode, 0)
        self.assertIn('--colour', run.errors)

    def test_unknown_bus_and_log_level(self):
        for options in (('--bus', 'school'), ('--log-level', 'loud')):
            run = self.run_daemon('--config', SHIPPED, *options)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn(options[1], run.errors)

    def test_no_bus(self):
        run = self.run_daemon('--bus', 'system', '--config', SHIPPED, DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nowhere')
        self.assertNotEqual(run.returncode, 0)
        self.assertIn('bus', run.errors)

    def test_second_daemon(self):
        self.start_with(SHIPPED)
        for directory, says in (('state', 'another daemon'), ('other-state', 'org.modemssl1')):
            run = self.run_daemon('--bus', 'system', '--config', SHIPPED, '--state-dir', self.lab.path(directory))
            self.assertNotEqual(run.returncode, 0)
            self.assertIn(says, run.errors)

    def test_told_twice_to_stop(self):
        """A module that does not answer makes the end take its time."""
        silent, port = os.openpty()
        self.addCleanup(os.close, silent)
        config = self.lab.write('silent.conf', f'[module cell0]\ndevice={os.ttyname(port)}\n')
        os.close(port)
        process, client = self.start_with(config)
        wait_module(client.bus, 'cell0', 'starting')
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: b'told to stop' in read_bytes(process.log), 'the first signal')
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: process.poll() is not None, 'the end of the daemon')
        self.assertEqual(process.returncode, 0, read_bytes(process.log))


class TestTrace(BenchTest):
    def test_trace_shows_no_payload_and_no_key(self):
        server = self.start_server()
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        connection.send(b'a very secret payload')
        server.wait_received(21)
        server.send(b'an answer that is secret')
        connection.receive_exactly(24)
        trace = self.daemon.read_trace()
        for word in ('AT+QSSLOPEN=', 'AT+QSSLSEND=', '+QSSLURC: "recv"', '"seclevel",2'):
            self.assertIn(word, trace)
        for word in ('secret', 'PRIVATE', 'BEGIN'):
            self.assertNotIn(word, trace)
        self.assertEqual(stat.S_IMODE(os.stat(self.daemon.trace).st_mode) & 0o077, 0)


if __name__ == '__main__':
    lab.main()
