# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program on the gateway with a connection that persists: it goes on when the daemon was away."""
from client import CONNECTION, Connection
from gi.repository import GLib
from lab import wait_for

PIECE_BYTES = 700
RECEIVE_MS = 20000
# What calls may get that were under way when the daemon went.
AWAY = ('NoReply', 'ServiceUnknown', 'NameHasNoOwner', 'SendFailed', 'NotConnected')


class Application:
    """Sends @data and, if the server gives it back, receives it, whatever happens to the daemon; knows where it is by offsets
    alone."""

    def __init__(self, path, data, echo=True):
        self.path = path
        self.data = data
        self.expected = len(data) if echo else 0
        self.confirmed = 0
        self.received = b''
        self.sending = None
        self.receiving = None

    def attach(self, client):
        """To the daemon that is there now: waits until it has the connection."""
        self.connection = Connection(client, self.path)
        self.connection.wait_connected()
        confirmed = self.connection.get('BytesConfirmed')
        assert self.confirmed <= confirmed <= self.confirmed + PIECE_BYTES, (self.confirmed, confirmed)
        self.confirmed = confirmed
        self.sending = self.receiving = None

    def is_done(self):
        return self.confirmed == len(self.data) and len(self.received) == self.expected

    def step(self):
        """Takes what is there and asks for more; TRUE when it is done or the daemon is away."""
        if self.sending is not None and self.sending.result is not None:
            self.confirmed = self.sending.result.unpack()[0]
            self.sending = None
        if self.receiving is not None and self.receiving.result is not None:
            self.received += self.receiving.result.get_child_value(1).get_data_as_bytes().get_data() or b''
            self.receiving = None
        for call in (self.sending, self.receiving):
            if call is not None and call.error is not None:
                assert call.error.name.endswith(AWAY), call.error
                return True
        if self.sending is None and self.confirmed < len(self.data):
            self.sending = self.connection.start_send(self.data[self.confirmed:self.confirmed + PIECE_BYTES])
        if self.receiving is None and len(self.received) < self.expected:
            self.receiving = self.connection.client.start_call(
                self.path, CONNECTION, 'Receive', GLib.Variant('(tuu)', (len(self.received), 500, RECEIVE_MS)))
        return self.is_done()

    def run(self):
        """Until it is done, or the daemon is away."""
        wait_for(self.step, 'the end of the application')
        return self.is_done()
