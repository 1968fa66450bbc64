#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that subscribes, stops reading, and looks later at what it got. Run by test-slow-client.py.

Usage: slow-client.py BUS-ADDRESS CONTEXT-PATH PORT. Opens a connection, stops itself with SIGSTOP at the first Received
signal, and after SIGCONT goes on until Closed or SILENCE_S without a byte. Prints as JSON what it got.
"""
import hashlib
import json
import os
import signal
import sys

from gi.repository import Gio, GLib

NAME = 'org.modemssl1'
FLAGS = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
PATIENCE_S = 120


class SlowClient:
    def __init__(self, address):
        self.bus = Gio.DBusConnection.new_for_address_sync(address, FLAGS, None, None)
        self.bus.signal_subscribe(NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, self.on_signal)
        self.digest = hashlib.sha256()
        self.size = 0
        self.holes = []
        self.closed = []
        self.path = None

    def call(self, path, interface, method, parameters=None):
        return self.bus.call_sync(NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE,
                                  PATIENCE_S * 1000, None)

    def on_signal(self, _bus, _sender, path, _interface, name, parameters):
        if path != self.path:
            return
        if name == 'PropertiesChanged' and parameters.unpack()[1].get('State') == 'connected':
            self.call(path, 'org.modemssl1.Connection', 'StartReceiving')
            self.call(path, 'org.modemssl1.Connection', 'Send', GLib.Variant('(ay)', (b'go',)))
        elif name == 'Received':
            self.on_received(parameters)
        elif name == 'Closed':
            self.closed.append(parameters.unpack())

    def on_received(self, parameters):
        offset = parameters.get_child_value(0).get_uint64()
        data = parameters.get_child_value(1).get_data_as_bytes().get_data()
        if offset != self.size:
            self.holes.append((offset, self.size))
        first = self.size == 0
        self.size += len(data)
        self.digest.update(data)
        if first:
            os.kill(os.getpid(), signal.SIGSTOP)

    def run(self, context, port):
        late = []
        GLib.timeout_add_seconds(PATIENCE_S, late.append, True)
        self.path = self.call(context, 'org.modemssl1.Context', 'Open',
                              GLib.Variant('(sqa{sv})', ('localhost', port, {}))).unpack()[0]
        while not self.closed and not late:
            GLib.MainContext.default().iteration(True)
        print(json.dumps({'size': self.size, 'sha256': self.digest.hexdigest(), 'holes': self.holes,
                          'closed': self.closed}))


client = SlowClient(sys.argv[1])
client.run(sys.argv[2], int(sys.argv[3]))
