#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real MQTT exchange with mosquitto, which demands a client certificate, through Send and Received."""
import struct

import lab
import mqtt
from bench import BenchTest
from client import sha256
from lab import wait_for
from servers import make_mosquitto

MEGABYTE = 1 << 20
MESSAGE_BYTES = 128 << 10
TRANSFER_S = 120
TOPIC = 'fields/north'


class MqttSession:
    """One MQTT client over one connection of the daemon."""

    def __init__(self, connection):
        self.connection = connection
        self.taken = 0
        self.buffer = bytearray()
        connection.wait_connected()
        connection.start_receiving()

    def send(self, data):
        self.connection.send(data)

    def take(self, timeout_s=lab.PATIENCE_S):
        """The next packet of the broker."""
        def try_take():
            self.buffer += self.connection.received[self.taken:]
            self.taken = len(self.connection.received)
            packet = mqtt.take(self.buffer)
            assert packet or not self.connection.closed, self.connection.closed
            return packet
        return wait_for(try_take, 'a packet of the broker', timeout_s)


class TestMosquitto(BenchTest):
    def start_session(self, **settings):
        port = make_mosquitto(self.lab, self.ca, self.server)
        connection = self.open(self.make_context(**settings), port)
        session = MqttSession(connection)
        session.send(mqtt.connect('field-gateway'))
        self.assertEqual(session.take(), (mqtt.CONNACK, b'\0\0'))
        session.send(mqtt.subscribe(1, TOPIC))
        self.assertEqual(session.take(), (mqtt.SUBACK, struct.pack('!H', 1) + b'\0'))
        return session

    def publish(self, session, identifier, payload):
        """Publishes to a topic that the session has subscribed to, and expects it back."""
        session.send(mqtt.publish(identifier, TOPIC, payload))
        packets = dict(session.take(TRANSFER_S) for _ in range(2))
        self.assertEqual(packets[mqtt.PUBACK], struct.pack('!H', identifier))
        topic, got = mqtt.read_publish(packets[mqtt.PUBLISH])
        self.assertEqual((topic, sha256(got)), (TOPIC, sha256(payload)))

    def finish(self, session):
        session.send(mqtt.disconnect())
        self.expect_closed(session.connection, 'server-closed')

    def test_exchange(self):
        session = self.start_session()
        for identifier, payload in enumerate((b'21.5', b'\r\nOK\r\n>"\0\x1a\x1b', self.random.randbytes(5000)), 2):
            self.publish(session, identifier, payload)
        self.finish(session)
        self.expect_goes_on(self.client.manager('GetContext', 'office'))

    def publish_one_megabyte(self, session):
        """In messages that fit the daemon's buffer: the broker sends as fast as it can."""
        for identifier in range(MEGABYTE // MESSAGE_BYTES):
            self.publish(session, identifier + 2, self.random.randbytes(MESSAGE_BYTES))
        self.finish(session)

    def test_one_megabyte_text(self):
        self.publish_one_megabyte(self.start_session())

    def test_one_megabyte_hex(self):
        self.publish_one_megabyte(self.start_session(send_format='hex', receive_format='hex'))

    def test_client_without_certificate_is_refused(self):
        port = make_mosquitto(self.lab, self.ca, self.server)
        context = self.make_context(authentication='server')
        self.expect_closed(self.open(context, port), 'connect-failed', 'certificate', 'server-closed')
        self.expect_goes_on()


if __name__ == '__main__':
    lab.main()
