# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service with the shipped interfaces and a will of its own: what the tests of modemsslctl talk to.

It runs in a thread with a main context of its own. Everything that touches it goes through `FakeService.run`.
"""
import os
import pathlib
import threading

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

BUS_NAME = 'org.modemssl1'
ROOT = '/org/modemssl1'
WINDOW_BYTES = 65536
SIGNAL_BYTES = 16384
ERROR = 'org.modemssl1.Error.'


class ServiceError(Exception):
    """An error that goes back to the caller."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name if '.' in name else ERROR + name
        self.text = text


def escape(name):
    """Like g_dbus_escape_object_path()."""
    return ''.join(c if c.isascii() and c.isalnum() else ''.join(f'_{b:02x}' for b in c.encode()) for c in name)


def load_interfaces(directory):
    """All interfaces of the shipped XML, by name."""
    interfaces = {}
    for path in pathlib.Path(directory).glob('*.xml'):
        for info in Gio.DBusNodeInfo.new_for_xml(path.read_text()).interfaces:
            interfaces[info.name] = info
    return interfaces


MANAGER_XML = '''<node><interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method>
</interface></node>'''


class FakeObject:
    """One object: properties as GVariants, methods as `call_NAME(invocation, *arguments)`."""

    def __init__(self, service, path, interface, properties):
        self.service = service
        self.path = path
        self.interface = interface
        self.properties = properties
        self.registration = 0

    def call(self, method, parameters, invocation):
        handler = getattr(self, 'call_' + method, None)
        if handler is None:
            raise ServiceError('org.freedesktop.DBus.Error.UnknownMethod', 'not in the script')
        children = [parameters.get_child_value(i) for i in range(parameters.n_children())]
        return handler(invocation, *[c.get_data_as_bytes().get_data() if c.get_type_string() == 'ay' else c.unpack()
                                     for c in children])

    def emit(self, member, parameters, interface=None, destination=None):
        self.service.bus.emit_signal(destination, self.path, interface or self.interface, member, parameters)

    def change(self, **properties):
        self.properties.update(properties)
        self.emit('PropertiesChanged', GLib.Variant('(sa{sv}as)', (self.interface, properties, [])),
                  'org.freedesktop.DBus.Properties')
        self.service.notify()


class FakeContext(FakeObject):
    def call_Configure(self, invocation, settings):
        if 'bogus' in settings:
            raise ServiceError('InvalidArgument', 'There is no setting “bogus”.')
        self.service.configured.append(invocation.get_parameters().print_(True))
        return None

    def call_Delete(self, invocation):
        if self.properties['Name'].get_string() == 'used':
            raise ServiceError('InUse', 'The context “used” is in use.')
        self.service.remove(self.path)
        return None

    def call_Open(self, invocation, host, port, options):
        if port == 0:
            raise ServiceError('InvalidArgument', 'The port is 1 to 65535.')
        if options.get('module') == 'absent':
            raise ServiceError('NotFound', 'There is no module “absent”.')
        connection = self.service.add_connection(self, host, port, invocation.get_sender())
        connection.options = options
        connection.script.opened(connection)
        return GLib.Variant('(o)', (connection.path,))


class FakeCredential(FakeObject):
    def call_Replace(self, invocation, parts):
        self.service.imported.append(('replace', self.properties['Name'].get_string(),
                                      self.service.read_parts(invocation, parts)))
        return None

    def call_Delete(self, invocation):
        self.service.remove(self.path)
        return GLib.Variant('(as)', (self.service.copies,))


class Manager(FakeObject):
    def find(self, kind, name):
        path = f'{ROOT}/{kind}s/{escape(name)}'
        if path not in self.service.objects:
            # Only sometimes does a sentence say which.
            which = f'“{name}”' if kind == 'module' else 'of that name'
            raise ServiceError('NotFound', f'There is no {kind} {which}.')
        return GLib.Variant('(o)', (path,))

    def call_GetModule(self, invocation, name):
        return self.find('module', name)

    def call_GetContext(self, invocation, name):
        return self.find('context', name)

    def call_GetCredential(self, invocation, name):
        return self.find('credential', name)

    def call_CreateContext(self, invocation, name, settings):
        if f'{ROOT}/contexts/{escape(name)}' in self.service.objects:
            raise ServiceError('Exists', f'There is a context “{name}” already.')
        self.service.created.append(invocation.get_parameters().print_(True))
        return GLib.Variant('(o)', (self.service.add_context(name).path,))

    def call_ImportCredential(self, invocation, name, parts):
        if f'{ROOT}/credentials/{escape(name)}' in self.service.objects:
            raise ServiceError('Exists', f'There is a credential “{name}” already.')
        contents = self.service.read_parts(invocation, parts)
        if b'BEGIN' not in b''.join(contents.values()):
            raise ServiceError('InvalidCredential', 'The part “ca” is no PEM.')
        self.service.imported.append(('import', name, contents))
        return GLib.Variant('(o)', (self.service.add_credential(name).path,))


class Script:
    """How the server and the module behave. The base class connects at once and sends everything back."""

    def opened(self, connection):
        """Open was called."""

    def receiving(self, connection):
        """StartReceiving was called."""
        connection.set_state('connecting')
        connection.set_state('connected')
        self.connected(connection)

    def connected(self, connection):
        """The connection has just been made."""

    def sent(self, connection, data, answer):
        """Send was called; answer() replies that all is confirmed."""
        answer()
        connection.receive(data)

    def close(self, connection):
        """Close was called."""
        connection.end('requested')


class FakeConnection(FakeObject):
    def __init__(self, service, path, interface, properties, owner):
        super().__init__(service, path, interface, properties)
        self.owner = owner
        self.script = service.script
        self.calls = []
        self.sent = bytearray()
        self.waiting = bytearray()  # received from the server, not yet handed out
        self.delivered = 0
        self.window = WINDOW_BYTES
        self.ending = None
        self.closed_sent = False
        self.skip = 0

    def set_state(self, state):
        self.change(State=GLib.Variant('s', state))

    def receive(self, data):
        """Bytes come from the server."""
        self.waiting += data
        self.pump()

    def end(self, reason, code=0, text=''):
        """The connection is over; Closed comes behind the data."""
        if self.ending is None:
            self.ending = (code, reason, text)
            self.pump()

    def pump(self):
        while self.waiting and self.window > 0:
            piece = bytes(self.waiting[:min(SIGNAL_BYTES, self.window)])
            del self.waiting[:len(piece)]
            self.window -= len(piece)
            # Not by GLib.Variant('ay', …), which goes through each byte by itself.
            self.emit('Received', GLib.Variant.new_tuple(
                GLib.Variant('t', self.delivered + self.skip),
                GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes(piece), True)),
                destination=self.owner)
            self.delivered += len(piece)
            if self.window == 0:
                self.ping()
        self.service.notify()
        if not self.waiting and self.ending is not None and self.properties['State'].get_string() != 'closed':
            code, reason, text = self.ending
            self.change(CloseReason=GLib.Variant('s', reason), CloseCode=GLib.Variant('i', code),
                        CloseText=GLib.Variant('s', text), State=GLib.Variant('s', 'closed'))
            self.emit('Closed', GLib.Variant('(iss)', (code, reason, text)))
            self.closed_sent = True
            self.service.notify()

    def ping(self):
        self.service.bus.call(self.owner, '/', 'org.freedesktop.DBus.Peer', 'Ping', None, None,
                              Gio.DBusCallFlags.NONE, GLib.MAXINT32, None, self.on_ping)

    def on_ping(self, bus, result):
        try:
            bus.call_finish(result)
        except GLib.Error:
            return
        self.window = WINDOW_BYTES
        self.pump()

    def call_StartReceiving(self, invocation):
        self.calls.append('StartReceiving')
        self.service.later(lambda: self.script.receiving(self))
        return None

    def call_Send(self, invocation, data):
        if not 1 <= len(data) <= 65536:
            raise ServiceError('InvalidArgument', 'size')
        if self.properties['State'].get_string() != 'connected':
            raise ServiceError('NotConnected', 'The connection is not connected.')
        self.calls.append('Send')
        self.sent += data
        confirmed = len(self.sent)
        self.script.sent(self, data, lambda: invocation.return_value(GLib.Variant('(t)', (confirmed,))))
        return NotImplemented

    def call_Close(self, invocation):
        self.calls.append('Close')
        self.service.later(lambda: self.script.close(self))
        return None

    def call_Release(self, invocation):
        self.calls.append('Release')
        return None


class FakeService:
    def __init__(self, address, interface_dir):
        self.interfaces = load_interfaces(interface_dir)
        self.object_manager = Gio.DBusNodeInfo.new_for_xml(MANAGER_XML).interfaces[0]
        self.address = address
        self.context = GLib.MainContext.new()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.condition = threading.Condition()
        self.ready = threading.Event()
        self.objects = {}
        self.connections = []
        self.script = Script()
        self.created = []
        self.configured = []
        self.imported = []
        self.copies = []
        self.bus = None
        self.failure = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        self.ready.wait()
        if self.failure is not None:
            raise self.failure

    def serve(self):
        self.context.push_thread_default()
        try:
            self.bus = Gio.DBusConnection.new_for_address_sync(
                self.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
            self.populate()
            self.bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                               'RequestName', GLib.Variant('(su)', (BUS_NAME, 4)), None,
                               Gio.DBusCallFlags.NONE, -1, None)
        except Exception as error:  # handed to the thread that waits
            self.failure = error
            self.ready.set()
            return
        self.ready.set()
        self.loop.run()
        if not self.bus.is_closed():
            self.bus.close_sync(None)
        self.context.pop_thread_default()

    def stop(self):
        self.later(self.loop.quit)
        self.thread.join()

    def later(self, function):
        """Runs it in the service's thread, after what is going on now."""
        source = GLib.Idle()
        source.set_priority(GLib.PRIORITY_DEFAULT)
        source.set_callback(lambda *_: function() and False)
        source.attach(self.context)

    def run(self, function):
        """Runs it in the service's thread and hands back what it returns."""
        done = threading.Event()
        results = []

        def wrapper():
            results.append(function())
            done.set()

        self.later(wrapper)
        done.wait()
        return results[0]

    def notify(self):
        with self.condition:
            self.condition.notify_all()

    def wait_for(self, predicate, timeout_s=15):
        with self.condition:
            if not self.condition.wait_for(predicate, timeout_s):
                raise TimeoutError('the service never came to the state that the test waits for')

    def read_parts(self, invocation, parts):
        fds = invocation.get_message().get_unix_fd_list().steal_fds()
        contents = {}
        for key, handle in parts.items():
            with os.fdopen(fds[handle], 'rb') as file:
                contents[key] = file.read()
        return contents

    # Objects

    def populate(self):
        self.add(Manager(self, ROOT, 'org.modemssl1.Manager', {
            'Version': GLib.Variant('s', '9.8.7'),
            'MissingModules': GLib.Variant('a(sss)', [('a.away', '/dev/cell', '/dev/cell is not there')])}), False)
        self.bus.register_object(ROOT, self.object_manager, self.on_get_managed_objects, None, None)
        self.add_module('m0', 'ready')
        self.add_module('gate.2', 'absent', 'The port /dev/ttyUSB7 is not there.')
        self.add_context('demo')
        self.add_context('used')
        self.add_credential('evil')
        self.add_credential('client-1')

    def add(self, obj, announce=True):
        info = self.interfaces[obj.interface]
        obj.registration = self.bus.register_object(obj.path, info, self.on_call, self.on_get_property, None)
        self.objects[obj.path] = obj
        if announce:
            self.bus.emit_signal(None, ROOT, 'org.freedesktop.DBus.ObjectManager', 'InterfacesAdded',
                                 GLib.Variant('(oa{sa{sv}})', (obj.path, {obj.interface: obj.properties})))
        return obj

    def remove(self, path):
        obj = self.objects.pop(path)
        self.bus.unregister_object(obj.registration)
        self.bus.emit_signal(None, ROOT, 'org.freedesktop.DBus.ObjectManager', 'InterfacesRemoved',
                             GLib.Variant('(oas)', (path, [obj.interface])))

    def add_module(self, name, state, text=''):
        ready = state == 'ready'
        return self.add(FakeObject(self, f'{ROOT}/modules/{escape(name)}', 'org.modemssl1.Module', {
            'Name': GLib.Variant('s', name),
            'Device': GLib.Variant('s', f'/dev/tty-{name}'),
            'ClaimMode': GLib.Variant('s', 'device'),
            'State': GLib.Variant('s', state),
            'StateText': GLib.Variant('s', text),
            'Manufacturer': GLib.Variant('s', 'Quectel_Ltd' if ready else ''),
            'Model': GLib.Variant('s', 'Quectel_BC660K-GL' if ready else ''),
            'Revision': GLib.Variant('s', 'BC660KGLAAR01A05' if ready else ''),
            'EquipmentIdentifier': GLib.Variant('s', '867713000000001' if ready else ''),
            'Capabilities': GLib.Variant('a{sv}', {
                'slots': GLib.Variant('u', 1), 'max-send-bytes': GLib.Variant('u', 1024)} if ready else {}),
            'SlotHolders': GLib.Variant('ao', []),
            'SleepLocks': GLib.Variant('u', 0),
            'SimState': GLib.Variant('s', 'ready' if ready else ''),
            'Registration': GLib.Variant('s', 'home' if ready else ''),
            'Address': GLib.Variant('s', '100.64.0.7' if ready else ''),
            'SignalQuality': GLib.Variant('i', -104 if ready else 0),
            'PowerSaving': GLib.Variant('b', False),
            'SleepState': GLib.Variant('s', 'awake'),
            'Clock': GLib.Variant('s', 'set' if ready else ''),
            'ClockOffset': GLib.Variant('x', -1479168000 if ready else 0),
            'RecoveryStep': GLib.Variant('s', 'cfun'),
            'RecoveryCounters': GLib.Variant('a{su}', {'retry': 3, 'cfun': 1}),
            'BreakerOpenUntil': GLib.Variant('a{st}', {'demo server.example:8883': 1900000000}),
        }))

    def add_context(self, name):
        return self.add(FakeContext(self, f'{ROOT}/contexts/{escape(name)}', 'org.modemssl1.Context', {
            'Name': GLib.Variant('s', name),
            'Settings': GLib.Variant('a{sv}', {
                'tls-version': GLib.Variant('s', '1.2'),
                'protocol': GLib.Variant('s', 'tls'),
                'authentication': GLib.Variant('s', 'server'),
                'ca-certificate': GLib.Variant('s', 'ca-1'),
                'client-certificate': GLib.Variant('s', ''),
                'timeout': GLib.Variant('u', 90),
                'module-debug': GLib.Variant('u', 0),
            }),
            'Warnings': GLib.Variant('as', ['It is weak.'] if name == 'weak' else []),
        }))

    def add_credential(self, name):
        certificate = {
            'subject': GLib.Variant('s', 'CN=\x1b[31mevil\x1b[0m' if name == 'evil' else 'CN=client one,O=Größe'),
            'issuer': GLib.Variant('s', 'CN=ca'),
            'not-before': GLib.Variant('t', 1700000000),
            'not-after': GLib.Variant('t', 1900000000),
            'key-type': GLib.Variant('s', 'RSA'),
            'key-bits': GLib.Variant('u', 2048),
            'fingerprint': GLib.Variant('s', 'ab' * 32),
        }
        return self.add(FakeCredential(self, f'{ROOT}/credentials/{escape(name)}', 'org.modemssl1.Credential', {
            'Name': GLib.Variant('s', name),
            'CaCertificate': GLib.Variant('a{sv}', {}),
            'ClientCertificate': GLib.Variant('a{sv}', certificate),
            'Warnings': GLib.Variant('as', ['It ends soon.'] if name == 'client-1' else []),
            'Modules': GLib.Variant('as', ['867713000000001', '867713000000002']),
        }))

    def add_connection(self, context, host, port, owner):
        number = 5 + len(self.connections)
        connection = self.add(FakeConnection(
            self, f'{ROOT}/connections/{number}', 'org.modemssl1.Connection', {
                'Number': GLib.Variant('t', number),
                'Context': context.properties['Name'],
                'Module': GLib.Variant('o', f'{ROOT}/modules/m0'),
                'QueuePosition': GLib.Variant('u', 0),
                'Host': GLib.Variant('s', host),
                'Port': GLib.Variant('q', port),
                'Owner': GLib.Variant('s', owner),
                'OwnerUserId': GLib.Variant('u', os.getuid()),
                'Persist': GLib.Variant('b', False),
                'Security': GLib.Variant('a{sv}', {'protocol': GLib.Variant('s', 'tls'),
                                                   'chain-verified': GLib.Variant('b', True)}),
                'State': GLib.Variant('s', 'configuring'),
                'CloseReason': GLib.Variant('s', ''),
                'CloseCode': GLib.Variant('i', 0),
                'CloseText': GLib.Variant('s', ''),
                'ReceiveMode': GLib.Variant('s', 'none'),
                'BytesSent': GLib.Variant('t', 0),
                'BytesConfirmed': GLib.Variant('t', 0),
                'BytesReceived': GLib.Variant('t', 0),
                'BytesDelivered': GLib.Variant('t', 0),
            }, owner))
        self.connections.append(connection)
        return connection

    # What comes from the bus

    def on_get_managed_objects(self, bus, sender, path, interface, method, parameters, invocation):
        invocation.return_value(GLib.Variant('(a{oa{sa{sv}}})', (
            {o.path: {o.interface: o.properties} for o in self.objects.values() if o.path != ROOT},)))

    def on_call(self, bus, sender, path, interface, method, parameters, invocation):
        try:
            reply = self.objects[path].call(method, parameters, invocation)
        except ServiceError as error:
            invocation.return_dbus_error(error.name, error.text)
            return
        if reply is not NotImplemented:
            invocation.return_value(reply)
        self.notify()

    def on_get_property(self, bus, sender, path, interface, name):
        return self.objects[path].properties[name]
