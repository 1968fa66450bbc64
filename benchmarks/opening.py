# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opening a connection: bytes on the UART and time, for the first open of a context, the tenth, another context, and another
credential. Nothing is sent twice, but the settings are always read back.
"""
import shutil

from client import Client
from figures import Figure
from gateway import QuietDaemon
from tap import Tap

KEYS = ('first', 'tenth', 'other context', 'and back', 'other credential')


class Site:
    """A module with a daemon, a server that asks for a certificate, and contexts that have one. @tapped: the bytes are counted,
    which takes time."""

    def __init__(self, gateway, port, identities, tapped):
        self.gateway, self.port = gateway, port
        self.sim = gateway.start_sim()
        self.tap = None
        self.link = self.sim.link
        if tapped:
            self.link, module = self.sim.link + '-tap', self.sim.link
            self.tap = Tap(gateway.lab, self.sim, self.link)
            self.sim.link = self.link
        self.daemon = QuietDaemon(gateway.lab, [self.sim])
        if tapped:
            self.sim.link = module
        self.client = Client(gateway.lab.bus)
        self.fill(identities)

    def fill(self, identities):
        for name, identity in identities.items():
            cert, key = identity.read()
            with open(self.gateway.ca.cert, 'rb') as file:
                self.client.import_credential(name, ca=file.read(), certificate=cert, key=key)
        for name, credential, timeout in (('one', 'mine', 90), ('two', 'mine', 120), ('three', 'other', 90)):
            self.client.create_context(name, authentication='mutual', ca_certificate=credential, client_certificate=credential,
                                       timeout=timeout)

    def open(self, context, count=1):
        """What the last of @count opens took: bytes on the UART, or milliseconds."""
        for _ in range(count - 1):
            self.gateway.measure('opens', context, 'localhost', self.port, 1)
        before = self.tap.count if self.tap else 0
        result = self.gateway.measure('opens', context, 'localhost', self.port, 1)
        return self.tap.count - before if self.tap else result['ns'][0] / 1e6

    def open_all(self):
        return dict(zip(KEYS, (self.open('one'), self.open('one', 9), self.open('two'), self.open('one'), self.open('three'))))

    def close(self):
        self.client.close()
        self.daemon.stop()
        if self.tap:
            self.tap.close()
            self.gateway.lab.closers.remove(self.tap.close)
        self.gateway.stop(self.sim.process)
        shutil.rmtree(self.daemon.state_dir)


def run(gateway):
    port = gateway.start_echo(mutual=True)
    identities = {name: gateway.ca.issue(name) for name in ('mine', 'other')}
    for unit, tapped, rounds in (('bytes', True, 1), ('ms', False, max(2, gateway.rounds // 3))):
        found = {key: [] for key in KEYS}
        for _ in range(rounds):
            site = Site(gateway, port, identities, tapped)
            for key, value in site.open_all().items():
                found[key].append(value)
            site.close()
        for key in KEYS[1:]:
            yield Figure('open', f'{key} to first, {unit}', unit, found[key], found['first'])
