#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules that degrade or fall silent come back, by the step that they need and no other; storms are stopped; a server that is
down is not the module's fault.
"""
import os
import re
import time
import tty

import lab
from bench import BenchTest
from certificates import Ca
from client import MODULE, Client, Refused
from lab import LabTest, read_bytes, wait_for, wait_module
from servers import echo, free_port

STEPS = ['retry', 'close', 'cfun', 'qrst', 'power']
MODULE_PATH = '/org/modemssl1/modules/cell0'
BREAKER_OPEN = 'org.modemssl1.Error.BreakerOpen'


def logged_steps(daemon):
    """The steps that the daemon's log tells of, in order."""
    return re.findall(r'recovery step "([a-z]+)" \(', read_bytes(daemon.process.log).decode())


def power_command(sim):
    """Cuts the simulator's power."""
    return f'/bin/kill -HUP {sim.process.pid}'


def has_ended(pid):
    """Whether or not somebody has asked for its status."""
    try:
        return read_bytes(f'/proc/{pid}/stat').rpartition(b')')[2].split()[0] == b'Z'
    except OSError:
        return True


class RecoveryTest(BenchTest):
    """The next step is due after one failure, and nothing is stopped by the breaker."""
    recovery = {}

    @property
    def daemon_settings(self):
        return {'recovery-failures': 1, 'breaker-failures': 0, 'power-cycle-command': power_command(self.sim),
                **self.recovery}

    def module(self, name):
        return self.client.get(MODULE_PATH, MODULE, name)

    def counters(self):
        return self.module('RecoveryCounters')

    def expect_steps(self, *steps):
        """Each was taken once, and logged once, in this order."""
        self.assertEqual(logged_steps(self.daemon), list(steps))
        counters = self.counters()
        self.assertEqual({step: counters[step] for step in STEPS}, {step: int(step in steps) for step in STEPS})

    def expect_fails(self, context, port, *reasons):
        return self.expect_closed(self.open(context, port), *reasons)

    def expect_works(self, context, port):
        connection = self.open(context, port)
        connection.wait_connected()
        connection.send(b'well?')
        self.assertEqual(connection.receive_exactly(5), b'well?')
        connection.close()
        connection.release()


class DegradedTest(RecoveryTest):
    """A stack where every open fails though the network is there (bug 23)."""
    __test__ = False
    step = None

    def test_it_heals(self):
        context = self.make_context()
        server = self.behave(echo, ca=self.ca)
        climbed = STEPS[:STEPS.index(self.step) + 1]
        self.expect_works(context, server.port)
        self.assertEqual(self.module('RecoveryStep'), 'none')
        for step in climbed:
            self.expect_fails(context, server.port, 'module-error')
            wait_for(lambda step=step: self.module('RecoveryStep') == step, f'the step {step}')
        self.expect_works(context, self.behave(echo, ca=self.ca).port)
        self.assertEqual(self.module('RecoveryStep'), 'none')
        self.expect_steps(*climbed)


class TestRadio(DegradedTest):
    switches = ('degrade-after-opens=1', 'degrade-until=radio')
    step = 'cfun'


class TestRestart(DegradedTest):
    switches = ('degrade-after-opens=1', 'degrade-until=restart')
    step = 'qrst'


class TestPower(DegradedTest):
    switches = ('degrade-after-opens=1', 'degrade-until=power')
    step = 'power'


class TestNothingHelps(RecoveryTest):
    """Each step once, and then no more of them."""
    switches = ('degrade-after-opens=1', 'degrade-until=power')

    @property
    def daemon_settings(self):
        return {**super().daemon_settings, 'power-cycle-command': '/bin/false'}

    def test_no_storm_of_resets(self):
        context = self.make_context()
        server = self.behave(echo, ca=self.ca)
        self.expect_works(context, server.port)
        for _ in range(15):
            self.expect_fails(context, server.port, 'module-error')
        self.expect_steps(*STEPS)
        log = read_bytes(self.daemon.process.log).decode()
        self.assertEqual(log.count('recovery step "power" failed'), 1)
        self.assertEqual(log.count('recovery has done what it may'), 1)


class TestCommandHangs(RecoveryTest):
    """The command is killed after its time, and so is what it has started; the daemon goes on meanwhile."""
    switches = ('degrade-after-opens=1', 'degrade-until=power')

    @property
    def daemon_settings(self):
        script = self.lab.write('hang', '#!/bin/sh\nsleep 600 &\necho $! > "$1"\nwait\n')
        os.chmod(script, 0o755)
        return {**super().daemon_settings, 'power-cycle-command': f'{script} {self.lab.path("pid")}',
                'power-cycle-timeout': 1}

    def test_it_is_killed(self):
        context = self.make_context()
        server = self.behave(echo, ca=self.ca)
        self.expect_works(context, server.port)
        for _ in STEPS:
            self.expect_fails(context, server.port, 'module-error')
        wait_for(lambda: b'did not end within 1 s' in read_bytes(self.daemon.process.log), 'the end of the command')
        child = read_bytes(self.lab.path('pid')).decode().strip()
        wait_for(lambda: has_ended(child), 'the end of what it started')
        self.expect_fails(context, server.port, 'module-error')
        self.expect_steps(*STEPS)


class TestServerDown(RecoveryTest):
    """Nobody listens: the module is not to blame, or cannot be known to be."""

    def test_long(self):
        context = self.make_context()
        port = free_port()
        for _ in range(40):
            self.expect_fails(context, port, 'connect-failed')
        self.expect_steps('retry', 'close', 'cfun')


class TestOpenConnection(RecoveryTest):
    """No step is taken while somebody else has a connection."""
    switches = ('slots=2', 'test-ranges=promises', 'time-scale=0.02')
    recovery = {'recovery-doubt': 'power'}

    def test_it_is_left_alone(self):
        context = self.make_context()
        server = self.behave(echo, ca=self.ca)
        connection = self.open(context, server.port)
        connection.wait_connected()
        for _ in range(20):
            self.expect_fails(context, free_port(), 'connect-failed')
        self.expect_steps()
        connection.send(b'still there')
        self.assertEqual(connection.receive_exactly(11), b'still there')
        connection.close()
        connection.release()
        wait_for(lambda: self.module('RecoveryStep') == 'retry', 'the first step')


class TestBreaker(RecoveryTest):
    """A client that opens again and again though the server's certificate will never do."""
    recovery = {'breaker-failures': 3, 'breaker-delay': 600}

    def storm(self, context, port, times):
        refused = 0
        for _ in range(times):
            try:
                self.expect_fails(context, port, 'certificate')
            except Refused as error:
                self.assertEqual(error.name, BREAKER_OPEN)
                self.assertRegex(error.text, rf'"wrong localhost:{port}".*"certificate".*in [0-9]+ s')
                refused += 1
        return refused

    def make_wrong(self):
        self.import_identity('other', ca=Ca(self.lab.dir, 'other'))
        return self.make_context('wrong', ca_certificate='other')

    def test_the_storm_is_stopped(self):
        server = self.start_server(verify=False)
        wrong = self.make_wrong()
        self.assertEqual(self.storm(wrong, server.port, 50), 47)
        peer = f'wrong localhost:{server.port}'
        until = self.module('BreakerOpenUntil')
        self.assertEqual(list(until), [peer])
        self.assertAlmostEqual(until[peer], time.time() + 600, delta=60)
        self.assertEqual(self.counters()['breaker'], 1)
        self.expect_steps()
        shown = self.lab.ctl('module', 'show', 'cell0').output.decode()
        self.assertRegex(shown, rf'(?m)^breaker-open-until\.{re.escape(peer)}: 20[0-9T:-]+Z$')
        self.assertIn('\nrecovery-counters.breaker: 1\n', shown)
        # What others do goes on.
        self.expect_goes_on(self.make_context('right'))


class TestBreakerCloses(TestBreaker):
    """The same, but the pause is over soon."""
    recovery = {'breaker-failures': 3, 'breaker-delay': 1, 'breaker-delay-max': 1}

    def test_the_storm_is_stopped(self):
        server = self.start_server(verify=False)
        wrong = self.make_wrong()
        for _ in range(3):
            self.expect_fails(wrong, server.port, 'certificate')
        wait_for(lambda: self.module('BreakerOpenUntil') == {}, 'the end of the pause')
        self.expect_fails(wrong, server.port, 'certificate')


class TestSilence(LabTest):
    """A module that neither hears nor says anything, from before the daemon starts."""

    def silence(self, sim):
        """By the open that silences it."""
        port = os.open(sim.link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(port)
        os.write(port, b'AT+QSSLOPEN=0,0,"127.0.0.1",%d,0\r' % free_port())
        answer = b''
        while b'+QSSLOPEN: 0,0,-2' not in answer:
            answer += os.read(port, 4096)
        os.write(port, b'AT+QSSLOPEN=0,0,"127.0.0.1",%d,0\r' % free_port())
        os.close(port)

    def test_its_power_is_cut(self):
        sim = self.lab.sim('silent-after-opens=1', name='cell0')
        self.silence(sim)
        script = self.lab.write('cycle', f'#!/bin/sh\necho "cut $MODEMSSL_MODULE $MODEMSSL_DEVICE $1"\n'
                                         f'{power_command(sim)}\n')
        os.chmod(script, 0o755)
        settings = {'recovery-failures': 1, 'power-cycle-command': f'{script} "relay 3"'}
        daemon = self.lab.daemon(sim, settings=settings, wait=False)
        daemon.wait_ready()
        self.assertEqual(logged_steps(daemon), ['retry', 'power'])
        self.assertIn(f'cut cell0 {sim.link} relay 3\n', read_bytes(daemon.process.log).decode())
        client = Client(self.lab.bus)
        self.lab.closers.append(client.close)
        self.assertEqual(client.get(MODULE_PATH, MODULE, 'RecoveryStep'), 'none')
        self.assertEqual(client.get(MODULE_PATH, MODULE, 'RecoveryCounters')['power'], 1)


del DegradedTest

if __name__ == '__main__':
    lab.main()
