#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many programs and one slot: who comes when, who is killed in the middle of it, and that nobody else gets the data."""
import subprocess

import lab
from bench import BenchTest
from client import CONNECTION, MODULE, take_bytes
from lab import MODEMSSLCTL, OBJECT_MANAGER, read_bytes, wait_for
from servers import echo

CLIENTS = 20
VICTIMS = 6
STUBBORN = 2
PRIORITIES = (0, -1, -2)
DATA_BYTES = 200
TRANSFER_S = 300


def answer(connection):
    """Behaviour: gives one piece of data back and closes."""
    data = b''
    while len(data) < DATA_BYTES:
        piece = connection.recv(DATA_BYTES - len(data))
        if not piece:
            return None
        data += piece
    connection.sendall(data[::-1])
    connection.unwrap()
    return data


class Queue:
    """What one who listens to everything sees of the queue: checks each turn as it is told."""

    def __init__(self, client, priorities):
        self.client = client
        self.priorities = priorities  # of the contexts
        self.seen = 0
        self.waiting = {}  # path: rank
        self.served = []
        self.closed = {}
        self.faults = []

    def take(self, path, interface, name, parameters):
        if interface == OBJECT_MANAGER and name == 'InterfacesAdded':
            path, interfaces = parameters.unpack()
            if CONNECTION in interfaces:
                self.add(path, interfaces[CONNECTION])
        elif interface == CONNECTION and name == 'Closed':
            self.closed[path] = self.closed.get(path, 0) + 1
            self.waiting.pop(path, None)
        elif name == 'PropertiesChanged' and parameters.unpack()[0] == CONNECTION:
            state = parameters.unpack()[1].get('State')
            if path in self.waiting and state not in (None, 'queued', 'closed'):
                self.serve(path)
        elif name == 'Received':
            self.faults.append(f'{len(take_bytes(parameters.get_child_value(1)))} bytes of {path} went to a listener')

    def add(self, path, properties):
        self.closed[path] = 0
        if properties['State'] == 'queued':
            self.waiting[path] = (-self.priorities[properties['Context']], properties['Number'])
        else:
            self.served.append(path)

    def serve(self, path):
        rank = self.waiting.pop(path)
        self.served.append(path)
        self.faults += [f'{path} came before {other}' for other, theirs in self.waiting.items() if theirs < rank]

    def update(self):
        """Looks at what is new; the number of those that were served."""
        new, self.seen = self.client.early[self.seen:], len(self.client.early)
        for signal_seen in new:
            self.take(*signal_seen)
        return len(self.served)


class TestQueue(BenchTest):
    def make_contexts(self):
        names = {f'priority{-priority}': priority for priority in PRIORITIES}
        for name in names:
            self.make_context(name)
        return names

    def start_client(self, name, context, priority, *options, data=b'', port):
        """A modemsslctl that sends @data; without any it keeps the connection, and says nothing."""
        with open(self.lab.path(name + '.out'), 'wb') as stdout:
            process = self.lab.start(
                [MODEMSSLCTL, '--bus', 'system', 'connect', context, 'localhost', str(port), '--priority',
                 str(priority), '--queue-timeout', str(TRANSFER_S), '--linger', str(TRANSFER_S), *options],
                name, stdin=subprocess.PIPE, stdout=stdout)
        process.name, process.data = name, data
        if data:
            process.stdin.write(data)
            process.stdin.close()
        else:
            self.lab.closers.append(process.stdin.close)
        return process

    def start_clients(self, queue, contexts, port):
        """All of them, each in the queue before the next comes; the first ones say nothing, and others wait for their slot."""
        processes = []
        for i in range(CLIENTS):
            context = self.random.choice(sorted(contexts)) if i >= STUBBORN else f'priority{-PRIORITIES[0]}'
            options = () if i >= STUBBORN else ('--max-hold', '1')
            data = self.random.randbytes(DATA_BYTES) if i >= STUBBORN else b''
            processes.append(self.start_client(f'client{i}', context, contexts[context], *options, data=data, port=port))
            wait_for(lambda: queue.update() is not None and len(queue.closed) > i, 'the open of a client')
        return processes

    def kill_at_random(self, queue, processes):
        """With each turn that is taken one more, until as many as are to are dead. Some wait then, one may be connected."""
        alive = processes[STUBBORN:]
        victims = []
        while len(victims) < VICTIMS:
            turns = queue.update()
            victims.append(alive.pop(self.random.randrange(len(alive))))
            if victims[-1].poll() is None:
                victims[-1].kill()
                victims[-1].wait()
            wait_for(lambda: queue.update() > turns, 'the next turn')
        return alive

    def test_twenty_clients_on_one_slot(self):
        server = self.behave(answer, ca=self.ca)
        contexts = self.make_contexts()
        queue = Queue(self.client, contexts)
        processes = self.start_clients(queue, contexts, server.port)
        alive = self.kill_at_random(queue, processes)
        wait_for(lambda: all(process.poll() is not None for process in processes), 'the clients', TRANSFER_S)
        for process in alive:
            self.assertEqual(process.returncode, 0, read_bytes(process.log))
            self.assertEqual(read_bytes(self.lab.path(process.name + '.out')), process.data[::-1])
        for process in processes[:STUBBORN]:
            self.assertEqual(process.returncode, 1)
            self.assertIn(b'preempted', read_bytes(process.log))
        wait_for(lambda: queue.update() and all(queue.closed.values()), 'every Closed')
        self.assertEqual(list(queue.closed.values()), [1] * CLIENTS)
        self.assertEqual(queue.faults, [])
        self.assertEqual(self.client.manager('GetConnections'), [])
        path = self.client.manager('GetModule', 'cell0')
        self.assertEqual(self.client.get(path, MODULE, 'SlotHolders'), [])
        self.expect_goes_on()


class TestSlots(BenchTest):
    switches = ('slots=3',)

    def test_all_slots_of_a_module(self):
        context = self.make_context()
        connections = [self.open(context, self.behave(echo, ca=self.ca).port) for _ in range(4)]
        for connection in connections[:3]:
            connection.wait_connected()
        self.assertEqual(connections[3].state, 'queued')
        self.assertEqual(connections[3].get('QueuePosition'), 1)
        for i, connection in enumerate(connections[:3]):
            connection.send(b'slot %d' % i)
        for i, connection in enumerate(connections[:3]):
            self.assertEqual(connection.receive_exactly(6), b'slot %d' % i)
        connections[1].close()
        connections[3].wait_connected()
        connections[3].send(b'next')
        self.assertEqual(connections[3].receive_exactly(4), b'next')


if __name__ == '__main__':
    lab.main()
