#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon and the real ModemManager take turns with one module, in every way of claiming, and whatever happens to either."""
import os
import signal

import modem_manager
from application import PIECE_BYTES, Application
from bench import BenchTest
from client import Connection
from killing import PROMPT_DELAY_MS, KillTest
from lab import BUS_NAME, FULL, MODEMSSLD, LabTest, as_other_user, main, wait_for, wait_module
from modem_manager import BRIDGE, IGNORE, PORTS, RULES_OF_THE_TESTS, ModemManager
from servers import echo, read_all
from tap import Tap

MODULE = 'org.modemssl1.Module'
DEVICE = '/dev/' + PORTS[0]
NOBODY = 65534
KILLS = 100 if FULL else 4
IMEI = '860536040000015'


class SharedTest(BenchTest):
    """One module at /dev/ttyBC0, ModemManager, and a daemon that is started by the test."""
    port = PORTS[0]

    def setUp(self):
        LabTest.setUp(self)
        self.sim = self.lab.sim(*self.switches, name='cell0', link='/dev/' + self.port)
        self.modem_manager = ModemManager(self.lab)
        self.daemon = None
        self.clients = []
        self.client = None

    def make_lab(self):
        return modem_manager.make_lab()

    def start_daemon(self, claim='inhibit', device=None, wait='ready', **settings):
        self.daemon = self.lab.daemon(self.sim, wait=False,
                                      settings={'claim': claim, 'device': device, **settings})
        self.client = self.new_client()
        self.daemon.wait_name(self.client.bus)
        return wait_module(self.client.bus, self.sim.name, wait)

    def silence(self):
        self.sim.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.wake)

    def wake(self):
        self.sim.process.send_signal(signal.SIGCONT)

    def wait_claim(self, state, says=''):
        return wait_module(self.client.bus, self.sim.name,
                           lambda found: found['ClaimState'] == state and says in found['ClaimText'])

    def module(self, method):
        path = self.client.manager('GetModule', 'cell0')
        return self.client.call(path, MODULE, method)


class TestInhibit(SharedTest):
    def test_claim_release_and_claim_again(self):
        self.modem_manager.start(PORTS[0])
        modem = self.modem_manager.wait_modem()
        found = self.start_daemon()
        self.assertEqual(found['ClaimState'], 'claimed')
        self.assertEqual(found['ModemManagerPath'], modem)
        self.assertEqual(found['Device'], '/dev/ttyBC0')
        self.assertEqual(self.modem_manager.modems(), {})
        self.expect_goes_on()
        self.module('Release')
        self.wait_claim('released')
        self.assertNotEqual(self.modem_manager.wait_modem(), modem)
        self.module('Claim')
        wait_module(self.client.bus, 'cell0', 'ready')
        self.assertEqual(self.modem_manager.modems(), {})
        self.daemon.stop()
        self.modem_manager.wait_modem()


    def test_enabled_modem_is_enabled_again(self):
        self.modem_manager.start(PORTS[0])
        self.modem_manager.enable()
        self.start_daemon()
        self.expect_goes_on()
        self.daemon.stop()
        self.modem_manager.wait_modem('registered')

    def test_modem_manager_is_killed_and_comes_back(self):
        """The connection outlives ModemManager's end, and ends before the next one touches the port (bug 24)."""
        self.modem_manager.start(PORTS[0])
        self.start_daemon()
        server = self.behave(echo, ca=self.ca)
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        self.modem_manager.kill()
        self.wait_claim('claimed', 'until it is back')
        connection.send(b'still here?')
        self.assertEqual(connection.receive_exactly(11), b'still here?')
        self.modem_manager.start(PORTS[0])
        self.expect_closed(connection, 'port-released')
        wait_module(self.client.bus, 'cell0', lambda found: found['State'] == 'absent')
        self.wait_claim('claimed')
        self.assertEqual(server.wait_result(), len(b'still here?'))
        self.expect_goes_on()

    def test_somebody_else_has_inhibited_it(self):
        self.modem_manager.start(PORTS[0])
        self.modem_manager.wait_modem()
        self.modem_manager.inhibit(True)
        self.start_daemon(device=None, wait='absent')
        self.wait_claim('waiting', 'knows no modem')
        self.modem_manager.inhibit(False)
        self.wait_claim('claimed')

    def test_modem_manager_is_killed_while_it_lets_go(self):
        """With a module that is silent ModemManager needs 15 s for it; this time it does not get there."""
        self.modem_manager.start(PORTS[0])
        self.modem_manager.enable()
        self.silence()
        self.start_daemon(wait='absent')
        self.wait_claim('inhibiting')
        self.modem_manager.kill()
        self.wait_claim('waiting')
        self.wake()
        self.modem_manager.start(PORTS[0])
        wait_module(self.client.bus, 'cell0', 'ready')

    def test_module_is_silent_while_it_is_inhibited(self):
        self.modem_manager.start(PORTS[0])
        self.modem_manager.enable()
        self.silence()
        self.start_daemon(wait='absent')
        self.wait_claim('inhibiting')
        self.wait_claim('claimed')
        self.wake()
        wait_module(self.client.bus, 'cell0', 'ready')

    def test_daemon_is_stopped_while_modem_manager_lets_go(self):
        self.modem_manager.start(PORTS[0])
        self.modem_manager.enable()
        self.silence()
        self.start_daemon(wait='absent')
        self.wait_claim('inhibiting')
        self.daemon.stop()
        self.wake()
        self.modem_manager.wait_modem()

    def test_port_is_pulled_out_and_put_back(self):
        self.modem_manager.start(PORTS[0])
        self.start_daemon(device=None)
        self.sim.kill()
        self.modem_manager.report('remove', PORTS[0])
        self.wait_claim('waiting')
        self.sim.start()
        self.modem_manager.report('add', PORTS[0])
        wait_module(self.client.bus, 'cell0', 'ready')


class TestKilled(KillTest, SharedTest):
    """Neither the next daemon nor ModemManager ever meets a module that waits for data (bug classes 5 and 24)."""

    def setUp(self):
        LabTest.setUp(self)
        self.clients = []
        self.sim = self.lab.sim(name='cell0')
        self.tap = Tap(self.lab, self.sim, DEVICE)
        self.modem_manager = ModemManager(self.lab)
        self.modem_manager.start(PORTS[0])
        self.holder = self.lab.holder()
        self.start_daemon(device=DEVICE, **{'prompt-delay': str(PROMPT_DELAY_MS)})
        self.begin()

    def test_modem_manager_waits(self):
        for _ in range(KILLS):
            server = self.behave(read_all, ca=self.ca)
            self.kill_somewhere(server)
            self.assertEqual(self.modem_manager.modems(), {})
            self.restart()
            self.expect_goes_on(self.context)
            self.assertEqual(self.modem_manager.modems(), {})
            self.expect_prefix(server)
        self.stop()
        self.modem_manager.wait_modem()

    def test_a_connection_outlives_it(self):
        """Killed, and then stopped in good order and started again; ModemManager waits all the time."""
        server = self.behave(read_all, ca=self.ca)
        data = self.random.randbytes(8 * PIECE_BYTES)
        connection = self.open(self.context, server.port, persist=True).wait_connected()
        application = Application(connection.path, data, echo=False)
        application.attach(self.client)
        for end in self.daemon.kill, self.end_daemon:
            self.tap.call_behind(self.random.randrange(1, 2 * PIECE_BYTES), end)
            self.assertFalse(application.run())
            wait_for(self.is_killed, 'the end of the daemon')
            self.assertEqual(self.modem_manager.modems(), {})
            self.client.connections.pop(application.path)
            self.restart()
            application.attach(self.client)
        self.assertTrue(application.run())
        self.assertEqual(application.connection.close()[1], 'requested')
        self.assertEqual(server.wait_result(), data)
        self.assertEqual(self.modem_manager.modems(), {})
        self.stop()
        self.modem_manager.wait_modem()

    def end_daemon(self):
        self.daemon.process.terminate()

    def test_modem_manager_gets_a_module_that_answers(self):
        for _ in range(KILLS // 2):
            server = self.behave(read_all, ca=self.ca)
            self.kill_somewhere(server)
            self.holder.send_signal(signal.SIGTERM)
            self.modem_manager.wait_modem()
            self.expect_prefix(server)
            wait_for(lambda: self.holder.poll() is not None, 'the end of the holder')
            self.lab.processes.remove(self.holder)
            self.holder = self.lab.holder()
            self.restart()
        self.expect_goes_on(self.context)


class TestDiscovery(SharedTest):
    def test_nothing_is_configured(self):
        """A modem that ModemManager has found is used under a name of its IMEI; by a group from the next reading on."""
        self.modem_manager.start()
        self.daemon = self.lab.daemon()
        self.client = self.new_client()
        self.assertEqual(self.client.manager('GetModules'), [])
        self.modem_manager.report('add', PORTS[0])
        found = wait_module(self.client.bus, 'bc660k-' + IMEI, 'ready')
        self.assertEqual((found['ClaimMode'], found['ClaimState']), ('auto', 'claimed'))
        self.assertEqual(self.modem_manager.modems(), {})
        self.daemon.sims = (self.sim,)
        self.daemon.settings.update({'claim': 'inhibit', 'device': None, 'imei': IMEI})
        self.lab.write('modemssld.conf', self.daemon.render())
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_module(self.client.bus, 'cell0', 'ready')
        self.expect_goes_on()

    def test_a_connection_outlives_the_daemon(self):
        """Its module is found again by the port that the holder has."""
        self.modem_manager.start(PORTS[0])
        self.lab.holder()
        self.daemon = self.lab.daemon()
        self.client = self.new_client()
        wait_module(self.client.bus, 'bc660k-' + IMEI, 'ready')
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.make_context(), server.port, persist=True).wait_connected()
        connection.send(b'one ')
        self.daemon.kill()
        self.client.connections.pop(connection.path)
        self.daemon.start()
        self.client = self.new_client()
        connection = Connection(self.client, connection.path).wait_connected()
        connection.send(b'two')
        self.assertEqual(connection.close()[1], 'requested')
        self.assertEqual(server.wait_result(), b'one two')


class TestIdle(SharedTest):
    def test_modem_manager_has_it_while_nobody_needs_it(self):
        self.modem_manager.start(PORTS[0])
        self.start_daemon(**{'release-when-idle': '1'})
        self.wait_claim('released')
        self.modem_manager.wait_modem()
        server = self.behave(echo, ca=self.ca)
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        connection.send(b'hello')
        self.assertEqual(connection.receive_exactly(5), b'hello')
        connection.close()
        connection.release()
        self.wait_claim('released')
        self.modem_manager.wait_modem()


class TestDevice(SharedTest):
    def test_port_of_modem_manager_is_refused(self):
        self.modem_manager.start(PORTS[0])
        self.modem_manager.wait_modem()
        self.start_daemon('device', DEVICE, wait='absent')
        found = self.wait_claim('conflict', 'claim=inhibit')
        self.assertIn('udev-rule', found['StateText'])
        self.modem_manager.report('remove', PORTS[0])
        wait_module(self.client.bus, 'cell0', 'ready')

    def test_modem_manager_takes_a_port_that_is_in_use(self):
        """Without a rule nothing keeps ModemManager off: the connection ends as soon as it opens the port."""
        self.modem_manager.start()
        self.start_daemon('device', DEVICE)
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        connection.send(b'before')
        self.modem_manager.report('add', PORTS[0])
        self.expect_closed(connection, 'port-released')
        # Of two who read one port each gets a part: the module's own end of the connection may not have come about.
        self.sim.kill()
        self.assertEqual(server.wait_result(), b'before')

    def test_printed_rules_are_read_by_modem_manager(self):
        rules = [self.lab.ctl('module', 'udev-rule', *words).output.decode()
                 for words in ((DEVICE,), ('--ignore', '/dev/' + PORTS[1]))]
        self.modem_manager.set_rules({f'78-mm-test-{number}.rules': text for number, text in enumerate(rules)})
        other = self.lab.sim(name='cell1', link='/dev/' + PORTS[1])
        self.modem_manager.start(*PORTS)
        self.modem_manager.wait_modem()
        self.assertEqual([modem['Device'] for modem in self.modem_manager.modems().values()], ['bc660k-ttyBC0'])
        self.sim = other
        self.start_daemon('device', other.link)
        self.expect_goes_on()
        self.modem_manager.wait_modem()


class TestBridge(SharedTest):
    port = BRIDGE

    def test_printed_rule_knows_the_socket(self):
        """The kernel's description of the port is made up; ModemManager's reading of the rule is not."""
        rule = self.lab.ctl('module', 'udev-rule', '/dev/' + BRIDGE).output.decode()
        self.assertIn('DEVPATH!="*/1-2:1.0/*"', rule)
        self.assertIn('ATTRS{serial}=="0123ABCD"', rule)
        self.modem_manager.set_rules({'78-mm-test.rules': rule})
        self.modem_manager.start(BRIDGE)
        self.modem_manager.wait_modem()
        found = self.start_daemon('auto')
        self.assertEqual(found['Device'], '/dev/' + BRIDGE)


class TestIgnoredPort(SharedTest):
    """Two modules stand for the two ports of one."""
    port = PORTS[1]

    def setUp(self):
        super().setUp()
        self.other = self.lab.sim(name='other', link=DEVICE)
        self.modem_manager.set_rules({'79-mm-test.rules': RULES_OF_THE_TESTS, '78-mm-test.rules': IGNORE})

    def test_modem_manager_keeps_the_modem(self):
        self.modem_manager.start(*PORTS)
        modem = self.modem_manager.enable()
        found = self.start_daemon('ignored-port')
        self.assertEqual((found['Device'], found['ModemManagerPath']), (self.sim.link, modem))
        context = self.make_context()
        self.expect_goes_on(context)
        found = wait_module(self.client.bus, 'cell0', lambda module: module['Registration'] == 'home')
        self.assertLess(found['SignalQuality'], -50)
        for asked in ('CPIN', 'CEREG', 'CESQ'):
            self.assertNotIn(asked, self.daemon.read_trace())
        self.modem_manager.kill()
        self.expect_goes_on(context)
        self.daemon.stop()

    def test_port_that_is_not_ignored(self):
        self.modem_manager.set_rules({'79-mm-test.rules': RULES_OF_THE_TESTS})
        self.modem_manager.start(*PORTS)
        self.modem_manager.wait_modem()
        self.start_daemon('ignored-port', DEVICE, wait='absent')
        self.wait_claim('conflict', 'ID_MM_PORT_IGNORE')


OWN_POLICY = '''<policy user="nobody">
  <allow own="org.modemssl1"/>
  <allow send_destination="org.modemssl1"/>
  <allow receive_sender="org.modemssl1"/>
  {}
</policy>'''
MAY_INHIBIT = '''<allow send_destination="org.freedesktop.ModemManager1"
  send_interface="org.freedesktop.ModemManager1" send_member="InhibitDevice"/>'''


class OwnUserTest(SharedTest):
    """The daemon runs as a user of its own, and finds the port locked as long as ModemManager has it."""

    def start_as_nobody(self):
        self.modem_manager.start(PORTS[0])
        self.modem_manager.wait_modem()
        os.chmod(DEVICE, 0o666)
        state = self.lab.path('state')
        os.mkdir(state)
        os.chown(state, NOBODY, -1)
        config = self.lab.write('own.conf', f'[module {self.sim.name}]\nclaim=inhibit\nprompt-delay=0\n')
        self.process = self.lab.start(as_other_user(
            [MODEMSSLD, '--bus', 'system', '--config', config, '--state-dir', state, '--holder', state + '/none'], True), 'own')
        self.process.expected_status = 0
        self.client = self.new_client()
        wait_for(lambda: self.modem_manager.has_name(BUS_NAME) or self.process.poll() is not None, 'the name of the daemon')


class TestOwnUser(OwnUserTest):
    def make_lab(self):
        return modem_manager.make_lab(OWN_POLICY.format(''))

    def test_policy_of_debian_forbids_it(self):
        self.start_as_nobody()
        self.wait_claim('conflict', 'modemmanager.md')
        self.modem_manager.wait_modem()


class TestOwnUserWithPolicy(OwnUserTest):
    def make_lab(self):
        return modem_manager.make_lab(OWN_POLICY.format(MAY_INHIBIT))

    def test_documented_policy_allows_it(self):
        self.start_as_nobody()
        wait_module(self.client.bus, self.sim.name, 'ready')
        self.module('Release')
        self.modem_manager.wait_modem()


if not modem_manager.is_root():
    # There is one user only, whom the kernel keeps off a locked port, ModemManager too; and the simulator, which unlocks it at the
    # last close as a UART does, must not be stopped then.
    del TestOwnUser, TestOwnUserWithPolicy
    del TestDevice.test_modem_manager_takes_a_port_that_is_in_use, TestInhibit.test_module_is_silent_while_it_is_inhibited


if __name__ == '__main__':
    modem_manager.run_all()
    main()
