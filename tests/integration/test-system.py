#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The units as they are shipped, under a real systemd: started by the bus and by the socket, killed, restarted, stopped."""
import glob
import os
import re

import modem_manager
import system_case
from application import PIECE_BYTES, Application
from lab import FULL, SOURCE_ROOT, as_other_user, main, read_bytes, wait_for, wait_module
from system_case import DAEMON, HOLDER, HOLDER_SOCKET, SystemTest, Unit

TRIALS = 50 if FULL else 3
FEW_TRIALS = 20 if FULL else 2
CALL = ['busctl', 'call', 'org.modemssl1', '/org/modemssl1', 'org.modemssl1.Manager', 'GetModules']


class TestStart(SystemTest):
    def test_bus_and_socket_start_what_is_needed(self):
        daemon, socket = Unit(self.lab, DAEMON), Unit(self.lab, HOLDER_SOCKET)
        self.assertEqual([unit.get('ActiveState') for unit in (daemon, socket, self.holder)], ['inactive'] * 3)
        self.assertIn('ao 0', self.lab.run(CALL).output.decode())
        # Also the holder: it is asked what it has.
        self.assertEqual([unit.get('ActiveState') for unit in (daemon, socket, self.holder)], ['active'] * 3)
        self.lab.systemctl('stop', DAEMON)
        self.start_service()
        self.assertEqual(self.holder.get('ActiveState'), 'active')
        self.expect_goes_on()

    def test_group(self):
        """Of the users of the machine only members reach the daemon, or start it."""
        daemon = Unit(self.lab, DAEMON)
        outside = self.lab.run(as_other_user(CALL, in_group=False))
        self.assertNotEqual(outside.returncode, 0)
        self.assertIn('Access denied', outside.errors)
        self.assertEqual(daemon.get('ActiveState'), 'inactive')
        inside = self.lab.run(as_other_user(CALL, in_group=True))
        self.assertEqual((inside.returncode, inside.output), (0, b'ao 0\n'), inside.errors)
        self.assertEqual(daemon.get('ActiveState'), 'active')

    def test_exposure(self):
        """At most what the documentation says."""
        with open(os.path.join(SOURCE_ROOT, 'docs', 'crash-safety.md'), encoding='utf-8') as file:
            promised = float(re.search(r'`systemd-analyze security` says (\d\.\d)', file.read()).group(1))
        for unit in (DAEMON, HOLDER):
            text = self.lab.run(['systemd-analyze', 'security', '--no-pager', unit]).output.decode()
            exposure = float(re.search(r'Overall exposure level for \S+: (\S+)', text).group(1))
            print(f'{unit}: exposure {exposure}', flush=True)
            self.assertLessEqual(exposure, promised, text)


class UsedTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.start_service()
        self.begin()


class TestEnds(UsedTest):
    """In the middle of sends; the holder goes on where it is not meant."""

    def test_daemon_is_killed(self):
        self.expect_next_lives('kill', '--signal=KILL', DAEMON)

    def test_daemon_is_restarted(self):
        self.expect_next_lives('restart', DAEMON)

    def expect_next_lives(self, *weapon):
        holder = self.holder.pid
        for trial in range(TRIALS):
            server = self.strike_somewhere(*weapon)
            self.daemon.wait_next()
            self.client = self.new_client()
            self.expect_prefix(server)
            self.expect_goes_on(self.context)
            self.assertEqual(self.holder.pid, holder, f'trial {trial}')

    def test_daemon_is_stopped(self):
        server = self.strike_somewhere('stop', DAEMON)
        wait_for(self.is_killed, 'the end of the daemon')
        self.daemon.unit.wait('inactive')
        self.assertEqual(self.daemon.unit.get('Result'), 'success')
        self.expect_prefix(server)
        self.assertIn('+QSCLK: 1', self.tap.ask('AT+QSCLK?'))
        # It waits a while for the next daemon.
        self.holder.wait('inactive')
        self.assertEqual(self.holder.get('Result'), 'success')
        names = [read_bytes(path).strip() for path in glob.glob('/proc/[0-9]*/comm')]
        self.assertEqual([name for name in names if name.startswith(b'modemssl')], [b'modemssl-sim'])

    def test_holder_is_killed(self):
        """The same daemon goes on, with the next holder."""
        daemon = self.daemon.process.pid
        for trial in range(FEW_TRIALS):
            holder = self.holder.pid
            server = self.strike_somewhere('kill', '--signal=KILL', HOLDER)
            wait_for(lambda: self.holder.pid not in (0, holder), 'the next holder')
            wait_module(self.client.bus, 'cell0', 'ready')
            self.expect_prefix(server)
            self.expect_goes_on(self.context)
            self.assertEqual(self.daemon.unit.pid, daemon, f'trial {trial}')


class TestPersists(UsedTest):
    """A connection that outlives its daemon, whatever ends that."""

    def test_restarted_and_killed(self):
        server = self.start_server('-naccept', '1')
        data = self.random.randbytes(20 * PIECE_BYTES)
        connection = self.client.open(self.context, 'localhost', server.port, persist=True).wait_connected()
        application = Application(connection.path, data, echo=False)
        application.attach(self.client)
        for weapon in ('restart', DAEMON), ('kill', '--signal=KILL', DAEMON), ('restart', DAEMON):
            self.daemon.weapon = weapon
            self.tap.call_behind(self.random.randrange(1, 3 * PIECE_BYTES), self.daemon.kill)
            self.assertFalse(application.run())
            self.client.connections.pop(application.path)
            self.daemon.wait_next()
            self.client = self.new_client()
            application.attach(self.client)
        self.assertTrue(application.run())
        server.send(b'and back')
        self.assertEqual(application.connection.receive_exactly(8), b'and back')
        self.assertEqual(application.connection.close()[1], 'requested')
        self.assertEqual(self.received_by(server), data)
        self.expect_goes_on(self.context)


class TestModemManager(SystemTest):
    """With the real one of Debian as the other owner of the port."""
    link = '/dev/' + modem_manager.PORTS[0]

    def setUp(self):
        super().setUp()
        self.modem_manager = system_case.ModemManagerService(self.lab)
        self.modem_manager.start(modem_manager.PORTS[0])
        self.modem_manager.wait_modem()
        self.start_service(claim='inhibit')
        self.begin()

    def test_it_waits_until_the_stop(self):
        for weapon in ('kill', '--signal=KILL', DAEMON), ('restart', DAEMON):
            server = self.strike_somewhere(*weapon)
            self.daemon.wait_next()
            self.assertEqual(self.modem_manager.modems(), {})
            self.client = self.new_client()
            self.expect_prefix(server)
            self.expect_goes_on(self.context)
        self.lab.systemctl('stop', DAEMON)
        self.modem_manager.wait_modem()


class TestBothEnd(UsedTest):
    pieces = [b'%03d ' % number for number in range(40)]

    def test_both_are_killed(self):
        """What was confirmed is there. Of the piece under way the probes of the next life may become a part; it is short, so that
        there are few of them."""
        for trial in range(FEW_TRIALS):
            server = self.strike_somewhere('kill', '--signal=KILL', DAEMON, HOLDER)
            self.daemon.wait_next()
            self.client = self.new_client()
            sent = b''.join(self.pieces)[:self.confirmed]
            self.assertEqual(self.received_by(server)[:len(sent)], sent, f'trial {trial}')
            self.expect_goes_on(self.context)


if __name__ == '__main__':
    system_case.run_inside()
    main()
