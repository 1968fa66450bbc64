#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports that come and go, in a directory laid out as udev lays out /dev: modules appear and disappear with them."""
import contextlib
import fcntl
import os
import signal

import lab
from bench import BenchTest
from client import MODULE, Refused
from lab import LabTest, OBJECT_MANAGER, read_bytes, settle, wait_for, wait_missing, wait_module
from servers import echo

MANY = 8
ROUNDS = 12 if lab.FULL else 4


class Port:
    """The way to a simulator as a group of the configuration names it: a link that is there while it is plugged in."""
    baud = None

    def __init__(self, laboratory, sim, name=None, kind='by-id'):
        self.sim = sim
        self.name = name or sim.name
        self.link = laboratory.path(f'dev/serial/{kind}/{self.name}')

    def plug_in(self):
        os.makedirs(os.path.dirname(self.link), exist_ok=True)
        # As udev does it, also when the link led elsewhere before.
        os.symlink(self.sim.link, self.link + '.new')
        os.rename(self.link + '.new', self.link)

    def unplug(self):
        """The directories go with their last entry, as /dev/serial does."""
        os.unlink(self.link)
        try:
            os.removedirs(os.path.dirname(self.link))
        except OSError:
            pass


@contextlib.contextmanager
def locked(device):
    """Holds the lock of a tty, as another daemon would."""
    tty = os.open(device, os.O_RDONLY | os.O_NOCTTY)
    try:
        fcntl.flock(tty, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(tty)


class HotplugTest(BenchTest):
    def setUp(self):
        LabTest.setUp(self)
        self.clients = []

    def begin(self, *ports):
        self.daemon = self.lab.daemon(*ports, wait=False)
        self.client = self.new_client()
        self.daemon.wait_name(self.client.bus)

    def make_port(self, number=0, **options):
        return Port(self.lab, self.lab.sim(name=f'cell{number}'), **options)

    def connect(self, context, port, **options):
        server = self.behave(echo, ca=self.ca)
        connection = self.open(context, server.port, module=port.name, **options)
        connection.wait_connected()
        self.exchange(connection, b'hello')
        return connection

    def exchange(self, connection, data):
        offset = connection.get('BytesDelivered')
        connection.send(data)
        self.assertEqual(connection.receive_exactly(len(data), offset), data)

    def get_module(self, name='cell0'):
        return self.client.manager('GetModule', name)

    def list_signals(self, path, *names):
        """What the client has been told of an object, in order."""
        settle(self.client.bus)
        return [name for at, _, name, parameters in self.client.early
                if name in names and path in (at, parameters.unpack()[0])]


class TestOnePort(HotplugTest):
    def test_comes_goes_and_comes_back(self):
        port = self.make_port()
        self.begin(port)
        self.assertEqual(self.client.manager('GetModules'), [])
        self.assertIn(port.link, wait_missing(self.client.bus, 'cell0'))
        context = self.make_context()
        for options in ({}, {'module': 'cell0'}):
            with self.assertRaises(Refused) as refused:
                self.open(context, 4433, queue_timeout=0, **options)
            self.assertEqual(refused.exception.name, 'org.modemssl1.Error.NotReady')
            self.assertIn(f'{port.link} is not there', refused.exception.text)

        port.plug_in()
        wait_module(self.client.bus, 'cell0', 'ready')
        path = self.get_module()
        connection = self.connect(context, port)
        uploads = self.daemon.read_trace().count('"clientkey"')
        port.unplug()
        self.expect_lost(connection, path, says=port.link)

        port.plug_in()
        wait_module(self.client.bus, 'cell0', 'ready')
        self.assertEqual(self.get_module(), path)
        again = self.connect(context, port)
        self.assertGreater(int(again.path.rpartition('/')[2]), int(connection.path.rpartition('/')[2]))
        # The ledger knows the module by its IMEI: nothing was uploaded a second time.
        self.assertLessEqual(self.daemon.read_trace().count('"clientkey"'), 2 * uploads)
        self.assertEqual(self.list_signals(path, 'InterfacesAdded', 'InterfacesRemoved'),
                         ['InterfacesAdded', 'InterfacesRemoved', 'InterfacesAdded'])

    def expect_lost(self, connection, path, says):
        """First the end of the connection, then the end of the module."""
        wait_missing(self.client.bus, 'cell0')
        settle(self.client.bus)
        names = [name for at, _, name, parameters in self.client.early
                 if (name == 'Closed' and at == connection.path)
                 or (name == 'InterfacesRemoved' and parameters.unpack()[0] == path)]
        self.assertEqual(names, ['Closed', 'InterfacesRemoved'])
        self.expect_closed(connection, 'module-lost', says=says)

    def test_an_open_waits_for_its_module(self):
        port = self.make_port()
        self.begin(port)
        wait_missing(self.client.bus, 'cell0')
        connection = self.open(self.make_context(), self.behave(echo, ca=self.ca).port, module='cell0')
        self.assertEqual(connection.state, 'queued')
        port.plug_in()
        wait_for(lambda: 'connected' in connection.states, 'the connection')
        self.exchange(connection, b'at last')

    def test_under_another_name(self):
        """A module that enumerates again has another tty; its link in by-id stays or follows at once."""
        port = self.make_port()
        port.plug_in()
        self.begin(port)
        wait_module(self.client.bus, 'cell0', 'ready')
        connection = self.connect(self.make_context(), port)
        former, port.sim = port.sim, self.lab.sim(name='elsewhere')
        port.plug_in()
        self.expect_closed(connection, 'module-lost', says='another port')
        wait_module(self.client.bus, 'cell0', 'ready')
        self.connect(self.client.manager('GetContext', 'office'), port)
        # The former tty is free.
        with locked(former.link):
            pass

    def test_the_end_of_the_link_dies(self):
        port = self.make_port()
        port.plug_in()
        self.begin(port)
        wait_module(self.client.bus, 'cell0', 'ready')
        connection = self.connect(self.make_context(), port)
        port.sim.kill()
        self.expect_closed(connection, 'module-lost')
        self.assertIn(f'{port.link} leads to', wait_missing(self.client.bus, 'cell0'))
        port.sim.start()
        wait_module(self.client.bus, 'cell0', 'ready')

    def test_silent_module_stays(self):
        """A port without an answer is there."""
        port = self.make_port()
        port.sim.process.send_signal(signal.SIGSTOP)
        port.plug_in()
        self.begin(port)
        wait_module(self.client.bus, 'cell0', 'lost')
        path = self.get_module()
        port.sim.process.send_signal(signal.SIGCONT)
        wait_module(self.client.bus, 'cell0', 'ready')
        self.assertEqual(self.list_signals(path, 'InterfacesRemoved'), [])

    def test_port_in_use_is_there_but_absent(self):
        port = self.make_port()
        with locked(port.sim.link):
            port.plug_in()
            self.begin(port)
            wait_for(lambda: 'in use' in self.client.get(self.get_module(), MODULE, 'StateText'), 'the refusal')
            wait_module(self.client.bus, 'cell0', 'absent')
        # udev sets owner and mode when the node has been there for some time.
        os.chmod(port.sim.link, 0o660)
        wait_module(self.client.bus, 'cell0', 'ready')

    def test_same_port_twice(self):
        sim = self.lab.sim(name='cell0')
        first, second = Port(self.lab, sim), Port(self.lab, sim, 'twin', 'by-path')
        first.plug_in()
        second.plug_in()
        self.begin(first, second)
        wait_module(self.client.bus, 'cell0', 'ready')
        why = wait_missing(self.client.bus, 'twin')
        for word in (first.link, second.link, '[module cell0]'):
            self.assertIn(word, why)
        first.unplug()
        wait_module(self.client.bus, 'twin', 'ready')
        first.plug_in()
        wait_missing(self.client.bus, 'cell0', says='[module twin]')
        self.assertRegex(self.lab.ctl('status').output.decode(), r'cell0 +missing.*\n(.*\n)*cell0: .*name it once')


class TestReload(HotplugTest):
    def reload(self, *ports, end='', says='was read again'):
        lines = read_bytes(self.daemon.process.log).decode().count(says)
        self.daemon.sims = ports
        with open(self.daemon.config, 'w', encoding='utf-8') as file:
            file.write(self.daemon.render() + end)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: read_bytes(self.daemon.process.log).decode().count(says) > lines, f'{says} in the log')

    def test_groups_come_and_go(self):
        stays, goes, comes = (self.make_port(number) for number in range(3))
        for port in (stays, goes, comes):
            port.plug_in()
        self.begin(goes, stays)
        for port in (stays, goes):
            wait_module(self.client.bus, port.name, 'ready')
        context = self.make_context()
        kept, ended = self.connect(context, stays), self.connect(context, goes)

        self.reload(comes, stays)
        wait_module(self.client.bus, comes.name, 'ready')
        self.expect_closed(ended, 'module-lost', says='configuration')
        wait_for(lambda: len(self.client.manager('GetModules')) == 2, 'two modules')
        self.exchange(kept, b'still here')
        with self.assertRaises(Refused) as refused:
            self.get_module(goes.name)
        self.assertEqual(refused.exception.name, 'org.modemssl1.Error.NotFound')
        # The module was left as it was found.
        self.assertEqual(self.daemon.read_trace().count('AT+QSCLK=1'), 1)

    def test_group_that_changed_begins_anew(self):
        port = self.make_port()
        port.plug_in()
        self.begin(port)
        wait_module(self.client.bus, port.name, 'ready')
        connection = self.connect(self.make_context(), port)
        self.daemon.settings['prompt-delay'] = '1'
        self.reload(port)
        self.expect_closed(connection, 'module-lost', says='configuration')
        wait_module(self.client.bus, port.name, 'ready')
        self.connect(self.client.manager('GetContext', 'office'), port)

    def test_limits(self):
        self.begin()
        context = self.make_context()
        with self.assertRaises(Refused) as refused:
            self.open(context, 4433)
        self.assertEqual(refused.exception.name, 'org.modemssl1.Error.NotReady')
        self.reload(self.make_port(), end='[limits]\nmax-queued=0\nmax-contexts=1\n')
        with self.assertRaises(Refused) as refused:
            self.open(context, 4433)
        self.assertEqual(refused.exception.name, 'org.modemssl1.Error.LimitExceeded')
        with self.assertRaises(Refused) as refused:
            self.make_context('another')
        self.assertEqual(refused.exception.name, 'org.modemssl1.Error.LimitExceeded')
        self.assertIn('max-contexts=1', refused.exception.text)

    def test_wrong_file_changes_nothing(self):
        port = self.make_port()
        port.plug_in()
        self.begin(port)
        wait_module(self.client.bus, port.name, 'ready')
        connection = self.connect(self.make_context(), port)
        self.daemon.settings['colour'] = 'red'
        self.reload(port, says='stays as it was')
        self.exchange(connection, b'still here')

    def test_reload_and_stop_at_once(self):
        port = self.make_port()
        port.plug_in()
        self.begin(port)
        wait_module(self.client.bus, port.name, 'ready')
        self.connect(self.make_context(), port)
        self.reload()
        self.daemon.stop()


class TestManyPorts(HotplugTest):
    def test_some_are_unplugged_at_random(self):
        ports = [self.make_port(number) for number in range(MANY)]
        for port in ports:
            port.plug_in()
        self.begin(*ports)
        for port in ports:
            wait_module(self.client.bus, port.name, 'ready')
        context = self.make_context()
        connections = {port: self.connect(context, port) for port in ports}
        for number in range(ROUNDS):
            gone = self.random.sample(ports, self.random.randint(1, MANY - 1))
            for port in gone:
                port.unplug()
            for port in gone:
                self.expect_closed(connections.pop(port), 'module-lost')
            for connection in connections.values():
                self.exchange(connection, b'round %d' % number)
            for port in gone:
                port.plug_in()
            for port in gone:
                wait_module(self.client.bus, port.name, 'ready')
                connections[port] = self.connect(context, port)
        objects = self.client.call('/org/modemssl1', OBJECT_MANAGER, 'GetManagedObjects').unpack()[0]
        self.assertEqual(sum(MODULE in interfaces for interfaces in objects.values()), MANY)


if __name__ == '__main__':
    lab.main()
