# SPDX-License-Identifier: LGPL-2.1-or-later
"""One module on which something goes wrong at some place, told as a generator, so that many of them happen at a time: it
yields what it waits for. Whatever happens, a stream has no hole, a connection ends once and for a known reason, and the next
one works.
"""
import re
import signal
import time

from client import CONNECTION, CONTEXT, MANAGER, MANAGER_PATH, MODULE, PROPERTIES, Connection, asv, ay
from gi.repository import GLib
from lab import PATIENCE_S, SOURCE_ROOT, TimedOut, wait_for
from servers import PIECE_BYTES

# Long enough for every time-out on the way, and for a module that is lost and comes back.
STORY_S = 150
# Where a line of the module was lost as a whole nobody can know that anything is missing: then the client closes.
SILENCE_S = 4
TRIES = 4


def read_reasons():
    """The documented ones."""
    with open(f'{SOURCE_ROOT}/introspection/org.modemssl1.Connection.xml', encoding='utf-8') as file:
        text = file.read()
    return set(re.findall(r'- "([a-z-]+)":', text[text.index('CloseReason:'):text.index('name="CloseReason"')]))


class Ledger:
    """What a server got from each of its clients, in order; it gives everything back."""

    def __init__(self):
        self.clients = []

    def behave(self, connection):
        got = bytearray()
        self.clients.append(got)
        while True:
            piece = connection.recv(PIECE_BYTES)
            if not piece:
                return len(got)
            got += piece
            connection.sendall(piece)


class Modules:
    """Counts what is told of modules: then it is time to ask for their states."""

    def __init__(self, client):
        self.client = client
        self.changes = 0
        client.bus.signal_subscribe(None, PROPERTIES, 'PropertiesChanged', None, None, 0,
                                    self.on_change)
        client.bus.signal_subscribe(None, 'org.freedesktop.DBus.ObjectManager', None, None, None, 0, self.on_change)

    def on_change(self, *_):
        self.changes += 1

    def ask(self, name, what='State'):
        """A part of a story: a property of the module @name, None while there is no such module."""
        found = yield from finish(self.client.start_call(MANAGER_PATH, MANAGER, 'GetModule',
                                                         GLib.Variant('(s)', (name,)), PATIENCE_S))
        if found is None:
            return None
        value = yield from finish(self.client.start_call(found.unpack()[0], PROPERTIES, 'Get',
                                                         GLib.Variant('(ss)', (MODULE, what)), PATIENCE_S))
        return value.unpack()[0] if value is not None else None

    def wait_state(self, name, state):
        """A part of a story."""
        while True:
            seen = self.changes
            if (yield from self.ask(name)) == state:
                return
            yield lambda seen=seen: self.changes != seen


def finish(call):
    """A part of a story: the result of a call, or None when it was refused."""
    yield lambda: call.done
    return call.result


def run_stories(stories):
    """Goes on with each of them as soon as it can. @stories: of (name, generator)."""
    waiting = {name: (story, next(story)) for name, story in stories}
    deadline = time.monotonic() + STORY_S
    while waiting:
        if time.monotonic() > deadline:
            raise TimedOut(f'these stories did not end: {sorted(waiting)}')
        wait_for(lambda: any(is_over() for _, is_over in waiting.values()), f'one of {sorted(waiting)}', STORY_S)
        for name in list(waiting):
            story, is_over = waiting[name]
            if not is_over():
                continue
            try:
                waiting[name] = story, next(story)
            except StopIteration:
                del waiting[name]


class Story:
    """On one module: a conversation into which the faults fall, then another that must work."""

    def __init__(self, client, modules, sim, context, pieces, new_server, reasons=None):
        """@reasons: for which a connection may end; all that are documented unless given."""
        self.reasons = reasons or read_reasons()
        self.client = client
        self.modules = modules
        self.sim = sim
        self.context = context
        self.pieces = pieces
        self.new_server = new_server

    def tell(self):
        yield from self.wait_ready()
        yield from self.converse()
        for _ in range(TRIES):
            yield from self.wait_ready()
            if (yield from self.converse()):
                return
        raise AssertionError(f'{self.sim.name}: no connection works any more')

    def wait_ready(self):
        before = None
        while True:
            seen = self.modules.changes
            state = yield from self.modules.ask(self.sim.name)
            if state == 'ready' and self.sim.process.poll() is None:
                return
            self.revive(state, before)
            before = state
            yield lambda seen=seen: self.modules.changes != seen or self.sim.process.poll() is not None

    def revive(self, state, before):
        """What somebody would do who stands beside it: a new plug for a port that is gone, power for a module that is lost, each time
        that it is (it may be lost for another reason before it falls silent)."""
        if self.sim.process.poll() is not None:
            self.sim.lab.processes.remove(self.sim.process)
            self.sim.faults = None
            self.sim.start()
        elif state == 'lost' != before and 'silence' in self.sim.verbs:
            self.sim.process.send_signal(signal.SIGHUP)

    def converse(self):
        """Gives whether all went well; what must hold in any case is checked here."""
        ledger = Ledger()
        server = self.new_server(ledger.behave)
        call = self.client.start_call(self.context, CONTEXT, 'Open', GLib.Variant.new_tuple(
            GLib.Variant('s', 'localhost'), GLib.Variant('q', server.port), asv({'module': self.sim.name})), PATIENCE_S)
        opened = yield from finish(call)
        if opened is None:
            assert call.error.name.startswith('org.modemssl1.Error.'), call.error
            return False
        connection = Connection(self.client, opened.unpack()[0])
        yield lambda: 'connected' in connection.states or connection.closed
        confirmed = 0
        if not connection.closed:
            confirmed = yield from self.exchange(connection)
        yield from self.end(connection)
        server.close()
        self.check(connection, ledger)
        return confirmed == len(b''.join(self.pieces)) == len(connection.received)

    def start(self, connection, method, parameters=None):
        return self.client.start_call(connection.path, CONNECTION, method, parameters, STORY_S)

    def exchange(self, connection):
        yield from finish(self.start(connection, 'StartReceiving'))
        size = 0
        for piece in self.pieces:
            sent = yield from finish(self.start(connection, 'Send', GLib.Variant.new_tuple(ay(piece))))
            if sent is None:
                return size
            size += len(piece)
            silence = time.monotonic() + SILENCE_S
            yield lambda size=size, silence=silence: (len(connection.received) >= size or connection.closed
                                                      or time.monotonic() > silence)
            if len(connection.received) < size:
                return size
        return size

    def end(self, connection):
        if not connection.closed:
            yield from finish(self.start(connection, 'Close'))
        yield lambda: connection.closed

    def check(self, connection, ledger):
        data = b''.join(self.pieces)
        what = f'{self.sim.name} {self.sim.script}'
        connection.check()
        code, reason, text = connection.closed[0]
        assert reason in self.reasons, f'{what}: {code} {reason} {text}'
        assert len(ledger.clients) <= 1, f'{what}: {len(ledger.clients)} clients at the server'
        got = bytes(ledger.clients[0]) if ledger.clients else b''
        assert data.startswith(got), f'{what}: the server got {got!r}'
        assert data.startswith(bytes(connection.received)), f'{what}: the client got {bytes(connection.received)!r}'
