#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two clients of one ordinary user: the first opens a connection, the second touches it.

Usage: two-clients.py BUS-ADDRESS CONTEXT-PATH PORT PERSIST. Prints as JSON: the error name that each method gave the
second client ("ok" where there was none), and how many bytes of Received signals each of the two heard. Stands alone,
because an ordinary user may not be able to read the tree: the test hands its text to python.
"""
import json
import sys

from gi.repository import Gio, GLib

NAME = 'org.modemssl1'
CONNECTION = 'org.modemssl1.Connection'
FLAGS = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
PATIENCE_S = 60
CALLS = [
    ('GetStatistics', None),
    ('Send', GLib.Variant('(ay)', (b'x',))),
    ('Receive', GLib.Variant('(tuu)', (0, 1, 0))),
    ('StartReceiving', None),
    ('Close', None),
    ('Release', None),
]


def call(bus, path, interface, method, parameters):
    return bus.call_sync(NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, PATIENCE_S * 1000, None)


def wait_for(predicate):
    late = []
    GLib.timeout_add_seconds(PATIENCE_S, late.append, True)
    while not predicate() and not late:
        GLib.MainContext.default().iteration(True)


def try_call(bus, path, method, parameters):
    try:
        call(bus, path, CONNECTION, method, parameters)
        return 'ok'
    except GLib.Error as error:
        return Gio.DBusError.get_remote_error(error)


def main():
    address, context, port, persist = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == 'persist'
    heard = [0, 0]
    seen = []

    def on_signal(_bus, _sender, _path, _interface, name, parameters, who):
        if name == 'Received':
            heard[who] += parameters.n_children() and parameters.get_child_value(1).n_children()
        elif who == 0 and name == 'PropertiesChanged':
            seen.append(parameters.unpack()[1].get('State'))

    first, second = (Gio.DBusConnection.new_for_address_sync(address, FLAGS, None, None) for _ in range(2))
    for who, bus in enumerate((first, second)):
        bus.signal_subscribe(NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, on_signal, who)
    options = {'persist': GLib.Variant('b', True)} if persist else {}
    path = call(first, context, 'org.modemssl1.Context', 'Open',
                GLib.Variant('(sqa{sv})', ('localhost', port, options))).unpack()[0]
    wait_for(lambda: 'connected' in seen or 'closed' in seen)
    if not persist:
        call(first, path, CONNECTION, 'StartReceiving', None)
        call(first, path, CONNECTION, 'Send', GLib.Variant('(ay)', (b'secret',)))
        wait_for(lambda: heard[0] == len('secret'))
    result = {method: try_call(second, path, method, parameters) for method, parameters in CALLS}
    print(json.dumps({'calls': result, 'heard': heard, 'states': seen, 'path': path}))


main()
