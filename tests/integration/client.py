# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of the daemon as a program would write it, with Gio: it records every signal of its connections in order, and
checks what must always hold: no hole in the data, states that only go forward, one Closed.
"""
import hashlib
import socket

from gi.repository import Gio, GLib

from lab import BUS_NAME, PATIENCE_S, settle, wait_for

MANAGER_PATH = '/org/modemssl1'
MANAGER = 'org.modemssl1.Manager'
MODULE = 'org.modemssl1.Module'
CONTEXT = 'org.modemssl1.Context'
CREDENTIAL = 'org.modemssl1.Credential'
CONNECTION = 'org.modemssl1.Connection'
PROPERTIES = 'org.freedesktop.DBus.Properties'
ERROR = 'org.modemssl1.Error.'

STATES = ['queued', 'waiting-for-network', 'configuring', 'connecting', 'resuming', 'connected', 'closing', 'closed']
SEND_BYTES = 65536
SEND_TIMEOUT_S = 600


class Refused(Exception):
    """The daemon (or the bus) answered with an error: its D-Bus name and text."""

    def __init__(self, error):
        self.name = Gio.DBusError.get_remote_error(error) or error.domain
        self.text = error.message.removeprefix(f'GDBus.Error:{self.name}: ')
        super().__init__(f'{self.name}: {self.text}')


def ay(data):
    return GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(bytes(data)), True)


def take_bytes(variant):
    return variant.get_data_as_bytes().get_data() or b''


def asv(options):
    """a{sv} out of plain values; bytes become ay, numbers u."""
    kinds = {str: 's', bool: 'b', int: 'u'}
    out = {}
    for key, value in options.items():
        key = key.replace('_', '-')
        if isinstance(value, GLib.Variant):
            out[key] = value
        elif isinstance(value, bytes):
            out[key] = ay(value)
        else:
            out[key] = GLib.Variant(kinds[type(value)], value)
    return GLib.Variant('a{sv}', out)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Client:
    """One connection to the bus."""

    def __init__(self, bus):
        self.bus = bus.connect()
        self.connections = {}
        self.early = []
        self.subscription = self.bus.signal_subscribe(BUS_NAME, None, None, None, None, Gio.DBusSignalFlags.NONE,
                                                      self.on_signal)

    def close(self):
        """Leaves the bus."""
        self.bus.signal_unsubscribe(self.subscription)
        self.bus.close_sync(None)

    def on_signal(self, _bus, _sender, path, interface, name, parameters):
        self.early.append((path, interface, name, parameters))
        if path in self.connections:
            self.connections[path].on_signal(interface, name, parameters)

    def call(self, path, interface, method, parameters=None, timeout_s=PATIENCE_S):
        """Calls and waits, while the main loop goes on; raises Refused."""
        return self.start_call(path, interface, method, parameters, timeout_s).wait()

    def start_call(self, path, interface, method, parameters=None, timeout_s=PATIENCE_S):
        return Call(self.bus, path, interface, method, parameters, timeout_s)

    def get(self, path, interface, name):
        return self.call(path, PROPERTIES, 'Get', GLib.Variant('(ss)', (interface, name))).unpack()[0]

    def get_all(self, path, interface):
        return self.call(path, PROPERTIES, 'GetAll', GLib.Variant('(s)', (interface,))).unpack()[0]

    def manager(self, method, *args):
        parameters = GLib.Variant('(' + 's' * len(args) + ')', args) if args else None
        return self.call(MANAGER_PATH, MANAGER, method, parameters).unpack()[0]

    def import_credential(self, name, **parts):
        """Parts are bytes (content)."""
        parameters = GLib.Variant.new_tuple(GLib.Variant('s', name), asv(parts))
        return self.call(MANAGER_PATH, MANAGER, 'ImportCredential', parameters).unpack()[0]

    def create_context(self, name, **settings):
        parameters = GLib.Variant.new_tuple(GLib.Variant('s', name), asv(settings))
        return self.call(MANAGER_PATH, MANAGER, 'CreateContext', parameters).unpack()[0]

    def configure(self, context, **settings):
        self.call(context, CONTEXT, 'Configure', GLib.Variant.new_tuple(asv(settings)))

    def open(self, context, host, port, **options):
        parameters = GLib.Variant.new_tuple(GLib.Variant('s', host), GLib.Variant('q', port), asv(options))
        path = self.call(context, CONTEXT, 'Open', parameters).unpack()[0]
        return Connection(self, path)


class Call:
    """A call under way."""

    def __init__(self, bus, path, interface, method, parameters, timeout_s):
        self.what = f'{method} of {path}'
        self.timeout_s = timeout_s
        self.result = None
        self.error = None
        bus.call(BUS_NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, timeout_s * 1000, None,
                 self.on_reply)

    def on_reply(self, bus, result):
        try:
            self.result = bus.call_finish(result)
        except GLib.Error as error:
            self.error = Refused(error)

    @property
    def done(self):
        return self.result is not None or self.error is not None

    def wait(self):
        wait_for(lambda: self.done, self.what, self.timeout_s + 5)
        if self.error is not None:
            raise self.error
        return self.result


class Connection:
    """A connection object of the daemon, seen from one client. Its signals are checked as they come."""

    def __init__(self, client, path):
        self.client = client
        self.path = path
        self.states = []
        self.closed = []
        self.received = bytearray()
        self.offset = 0
        self.faults = []
        self.on_data = None
        client.connections[path] = self
        for early, interface, name, parameters in list(client.early):
            if early == path:
                self.on_signal(interface, name, parameters)

    def on_signal(self, interface, name, parameters):
        if interface == CONNECTION and name == 'Received':
            self.on_received(parameters)
        elif interface == CONNECTION and name == 'Closed':
            self.closed.append(parameters.unpack())
        elif interface == PROPERTIES and name == 'PropertiesChanged':
            state = parameters.unpack()[1].get('State')
            if state is not None:
                self.on_state(state)

    def on_received(self, parameters):
        offset, data = parameters.get_child_value(0).get_uint64(), take_bytes(parameters.get_child_value(1))
        if offset != len(self.received) or not 1 <= len(data) <= 16384:
            self.faults.append(f'Received {len(data)} bytes at {offset} instead of {len(self.received)}')
        if self.closed:
            self.faults.append('Received came behind Closed')
        self.received += data
        if self.on_data is not None:
            self.on_data()

    def on_state(self, state):
        if self.states and STATES.index(state) <= STATES.index(self.states[-1]):
            self.faults.append(f'state {state} after {self.states[-1]}')
        self.states.append(state)

    def call(self, method, parameters=None, timeout_s=PATIENCE_S):
        return self.client.call(self.path, CONNECTION, method, parameters, timeout_s)

    @property
    def state(self):
        return self.client.get(self.path, CONNECTION, 'State')

    def get(self, name):
        return self.client.get(self.path, CONNECTION, name)

    def wait_connected(self):
        wait_for(lambda: self.state in ('connected', 'closing', 'closed'), 'a connection')
        if self.state != 'connected':
            raise AssertionError(f'the connection closed: {self.get("CloseReason")}: {self.get("CloseText")}')
        return self

    def wait_closed(self, timeout_s=PATIENCE_S):
        """Waits for Closed, makes sure that there is one only and that nothing was wrong; gives (code, reason, text)."""
        wait_for(lambda: self.closed, 'Closed', timeout_s)
        settle(self.client.bus)
        self.check()
        return self.closed[0]

    def check(self):
        if self.faults:
            raise AssertionError(f'{self.path}: {self.faults}')
        if len(self.closed) > 1:
            raise AssertionError(f'{self.path}: Closed {len(self.closed)} times: {self.closed}')

    def start_send(self, data):
        return self.client.start_call(self.path, CONNECTION, 'Send', GLib.Variant.new_tuple(ay(data)), SEND_TIMEOUT_S)

    def send(self, data):
        """Sends everything, in calls of at most 64 KiB; gives what is confirmed at the end."""
        confirmed = 0
        for start in range(0, len(data), SEND_BYTES):
            confirmed = self.start_send(data[start:start + SEND_BYTES]).wait().unpack()[0]
        return confirmed

    def start_receiving(self):
        self.call('StartReceiving')

    def receive(self, offset, max_bytes=262144, timeout_ms=20000):
        """Gives (data, eof)."""
        reply = self.call('Receive', GLib.Variant('(tuu)', (offset, max_bytes, timeout_ms)))
        assert reply.get_child_value(0).get_uint64() == offset
        return take_bytes(reply.get_child_value(1)), reply.get_child_value(2).get_boolean()

    def receive_exactly(self, size, offset=0):
        """By Receive: @size bytes from @offset on."""
        data = b''
        while len(data) < size:
            piece, eof = self.receive(offset + len(data), min(262144, size - len(data)))
            data += piece
            if eof and len(data) < size:
                raise AssertionError(f'the end came after {len(data)} bytes of {size}')
        return data

    def wait_received(self, size, timeout_s=PATIENCE_S):
        """By signals: until @size bytes are there."""
        wait_for(lambda: len(self.received) >= size or self.closed, f'{size} bytes by Received', timeout_s)
        self.check()
        return bytes(self.received)

    def acquire_stream(self):
        """The socket; it blocks."""
        _, fds = self.client.bus.call_with_unix_fd_list_sync(BUS_NAME, self.path, CONNECTION, 'AcquireStream', None, None,
                                                             Gio.DBusCallFlags.NONE, PATIENCE_S * 1000, None, None)
        return socket.socket(fileno=fds.steal_fds()[0])

    def close(self):
        self.call('Close')
        return self.wait_closed()

    def release(self):
        self.call('Release')
