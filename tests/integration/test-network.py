#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIM card, network and clock: what modules tell of them, opens that wait for the network or end for want of it, and what that costs."""
import json
import signal

import lab
from bench import BenchTest
from client import MODULE, Client
from lab import LabTest, wait_for
from servers import echo, free_port

ADDRESS = '100.64.0.7'


class NetworkTest(BenchTest):
    def path(self, name='cell0'):
        return f'/org/modemssl1/modules/{name}'

    def show(self, name='cell0'):
        return self.client.get_all(self.path(name), MODULE)

    def wait_property(self, key, value, name='cell0'):
        wait_for(lambda: self.client.get(self.path(name), MODULE, key) == value, f'{key} {value} of {name}')

    def lose_network(self):
        self.sim.process.send_signal(signal.SIGUSR1)
        self.wait_property('Registration', 'searching')

    def find_network(self):
        self.sim.process.send_signal(signal.SIGUSR2)

    def open_and_wait(self, context, port=None, client=None):
        connection = (client or self.client).open(context, 'localhost', port or free_port())
        wait_for(lambda: connection.state == 'waiting-for-network', 'the wait for the network')
        return connection

    def count_in_trace(self, text):
        return self.daemon.read_trace().count(text)


class TestModules(NetworkTest):
    """Several modules of one daemon, since most of the time here is waited."""

    def setUp(self):
        LabTest.setUp(self)
        self.clients = []

    def begin(self, *variants, settings=None):
        self.sims = [self.lab.sim(*switches, name=f'cell{number}') for number, switches in enumerate(variants)]
        self.daemon = self.lab.daemon(*self.sims, settings=settings)
        self.client = self.new_client()

    def test_no_card_and_no_network(self):
        self.begin(['sim-card=none'], ['sim-card=pin'], ['registration=denied'], ['registration=never'])
        expected = [('absent', 'idle', 'no-sim', 'no SIM'), ('locked', 'idle', 'no-sim', 'PIN'),
                    ('ready', 'denied', 'no-network', 'denies'), ('ready', 'searching', 'no-network', 'searching')]
        for number, (sim, registration, _, _) in enumerate(expected):
            self.wait_property('SimState', sim, f'cell{number}')
            self.wait_property('Registration', registration, f'cell{number}')
        context = self.make_context()
        connections = [self.open(context, free_port(), module=module.name) for module in self.sims]
        for connection, (_, _, reason, says) in zip(connections, expected):
            self.expect_closed(connection, reason, says=says)
            self.assertNotIn('configuring', connection.states)
        # By now the card has had its time: it is the end at once, without a wait for the context's timeout.
        self.expect_closed(self.open(context, free_port(), module='cell0'), 'no-sim')
        self.assertEqual(self.count_in_trace('AT+QSSLOPEN=0'), 0)

    def test_clocks(self):
        variants = {('clock=running',): 'right', ('clock-zone=-20', 'clock-fast-s=20'): 'right', ('clock-fast-s=7200',): 'set',
                    ('clock=1970',): 'set', ('clock=1980', 'clock-zone=+08'): 'set', ('clock=empty',): 'set',
                    ('clock=1980', 'clock-write=error'): 'wrong', ('clock-fast-s=7200', 'clock-write=ignored'): 'wrong',
                    ('clock-zone=utc+32',): 'right'}
        self.begin(*variants)
        for number, (switches, clock) in enumerate(variants.items()):
            with self.subTest(switches=switches):
                self.wait_property('Clock', clock, f'cell{number}')
        self.assertLess(abs(self.show('cell2')['ClockOffset'] - 7200), 60)
        self.assertLess(self.show('cell3')['ClockOffset'], -1000000000)

    def test_clock_is_left_alone(self):
        self.begin(['clock=1980'], settings={'sync-clock': 'no'})
        self.wait_property('Registration', 'home')
        context = self.make_context()
        self.expect_closed(self.open(context, free_port()), 'connect-failed')
        self.assertEqual(self.show()['Clock'], '')
        self.assertEqual(self.count_in_trace('AT+CCLK'), 0)


class TestNetwork(NetworkTest):
    switches = ('register-ms=100', 'time-scale=0.02')

    def setUp(self):
        super().setUp()
        self.wait_property('Address', ADDRESS)

    def test_properties(self):
        self.wait_property('SignalQuality', -100)
        found = self.show()
        self.assertEqual((found['SimState'], found['Registration'], found['SleepState'], found['PowerSaving']),
                         ('ready', 'home', 'awake', False))
        shown = json.loads(self.lab.ctl('--json', 'module', 'show', 'cell0').output)
        self.assertEqual((shown['sim-state'], shown['registration'], shown['signal-quality'], shown['address']),
                         ('ready', 'home', -100, ADDRESS))
        self.assertRegex(self.lab.ctl('module', 'show', 'cell0').output.decode(), r'(?m)^registration: +home$')

    def test_lost_and_regained_while_an_open_waits(self):
        self.lose_network()
        self.assertEqual((self.show()['Address'], self.show()['SignalQuality']), ('', 0))
        server = self.behave(echo, ca=self.ca)
        connection = self.open_and_wait(self.make_context(), server.port)
        self.find_network()
        connection.wait_connected()
        self.assertEqual(connection.states, ['configuring', 'connecting', 'connected'])
        connection.send(b'here')
        self.assertEqual(connection.receive_exactly(4), b'here')
        self.wait_property('Address', ADDRESS)
        connection.close()

    def test_lost_while_connected(self):
        context = self.make_context()
        connection = self.open(context, self.behave(echo, ca=self.ca).port)
        connection.wait_connected()
        self.sim.process.send_signal(signal.SIGUSR1)
        self.expect_closed(connection, 'server-closed')
        waiting = self.open_and_wait(context, self.behave(echo, ca=self.ca).port)
        self.find_network()
        waiting.wait_connected()

    def test_close_while_it_waits(self):
        self.lose_network()
        context = self.make_context()
        connection = self.open_and_wait(context)
        connection.call('Close')
        self.expect_closed(connection, 'requested')
        self.assertEqual(self.show()['SlotHolders'], [])
        self.find_network()
        self.expect_goes_on(context)
        self.assertEqual(self.count_in_trace('AT+QSSLOPEN=0'), 1)

    def test_owner_leaves_while_it_waits(self):
        self.lose_network()
        context = self.make_context()
        other = Client(self.lab.bus)
        self.open_and_wait(context, client=other)
        other.close()
        self.wait_property('SlotHolders', [])
        self.find_network()
        self.expect_goes_on(context)

    def test_restart_while_it_waits(self):
        """The module forgets that it was to tell what changes, and is told again."""
        self.lose_network()
        server = self.behave(echo, ca=self.ca)
        connection = self.open_and_wait(self.make_context(), server.port)
        self.sim.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.count_in_trace('AT+CEREG=1') == 2, 'the second AT+CEREG=1')
        self.find_network()
        connection.wait_connected()

    def test_opens_ask_nothing_again(self):
        context = self.make_context()
        wait_for(lambda: self.show()['Clock'] == 'right', 'the end of the first questions')
        asked = [self.count_in_trace(text) for text in ('AT+C', 'AT+QNBIOTEVENT')]
        for _ in range(3):
            self.expect_goes_on(context)
        self.assertEqual([self.count_in_trace(text) for text in ('AT+C', 'AT+QNBIOTEVENT')], asked)

    def test_settings_are_given_back(self):
        wait_for(lambda: self.show()['Clock'] == 'right', 'the end of the first questions')
        self.daemon.stop()
        trace = self.daemon.read_trace()
        self.assertLess(trace.index('AT+CEREG=1'), trace.index('AT+CEREG=0'))
        self.assertLess(trace.index('AT+QNBIOTEVENT=1,1'), trace.index('AT+QNBIOTEVENT=0,1'))


if __name__ == '__main__':
    lab.main()
