#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules that cost something, whatever the host does, and faults at any place of the dialogue: each ends in one clear reason,
never in a hole; and the next connection works.
"""
import signal

import lab
from client import Refused
from fault_story import Modules, Story, run_stories
from faults import DRAW, draw_script
from lab import read_bytes, wait_for
from servers import free_port, read_all
from variant_case import FORMATS, PAYLOADS, VariantTest

BATCHES = 12 if lab.FULL else 1
# Of two faults each, besides one story for each kind of fault.
PAIRS = 5
SLOW, FAST = 9600, 115200
# What a module has said by the end of a conversation, about; one restart for each so many bytes of it, so many at a time.
RESTART_BYTES = 9000
STEP = 30 if lab.FULL else 750
RESTARTS = 20


class TestSpecial(VariantTest):
    """What costs something, or needs a setting: one clear end, never a hole."""

    def expect_prefix(self, server, data):
        got = server.wait_result()
        self.assertTrue(data.startswith(got), got)

    def test_late_data_mode(self):
        self.begin({'data-accept-ms': 60}, daemon_settings={'prompt-delay': '100'})
        self.expect_harmless(long=100)

    def test_urcs_lost_in_data_mode(self):
        # Whoever speaks in turn loses nothing; a loss itself cannot be seen by any host.
        self.begin({'urc-in-data-mode': 'lost'})
        self.expect_harmless(long=1000)

    def test_esc_ends_a_counted_send(self):
        self.begin({'esc-in-fixed': 'cancel', 'esc': 'error'})
        self.expect_harmless(up='hex')
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.contexts['text', 'text'], server.port)
        connection.wait_connected()
        connection.send(b'before')
        with self.assertRaises(Refused):
            connection.send(b'has an \x1b in it')
        self.expect_closed(connection, 'module-error')
        self.assertEqual(server.wait_result(), b'before')
        self.expect_goes_on(self.contexts['hex', 'text'])

    def test_sent_is_never_confirmed(self):
        self.begin({'send-result': 'none'})
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.contexts['text', 'text'], server.port)
        connection.wait_connected()
        with self.assertRaises(Refused):
            connection.send(b'perhaps')
        connection.wait_closed()
        self.assertEqual(connection.get('BytesConfirmed'), 0)
        self.expect_closed(connection, 'timeout')
        self.expect_prefix(server, b'perhaps')

    def test_deep_sleep(self):
        """It ends the connection, is shown for as long as nobody needs the module, and the next open wakes it."""
        self.begin({}, faults=['deep-sleep at line 2 +QSSLSEND:*'])
        path = self.client.manager('GetModule', 'cell0')
        connection = self.open(self.contexts['text', 'text'], self.behave(read_all, ca=self.ca).port)
        connection.wait_connected()
        connection.send(b'awake')
        connection.start_send(b'asleep')
        self.expect_closed(connection, 'deep-sleep')
        self.assertEqual(self.client.get(path, 'org.modemssl1.Module', 'SleepState'), 'deep-sleep')
        self.expect_goes_on(self.contexts['text', 'text'])
        self.assertEqual(self.client.get(path, 'org.modemssl1.Module', 'SleepState'), 'awake')
        wait_for(lambda: b'+QSCLK=1' in read_bytes(self.sim.nvram), 'the former sleep mode')

    def test_bug_23_the_stack_degrades(self):
        self.begin({'degrade-after-opens': 1})
        context = self.contexts['text', 'text']
        self.expect_goes_on(context)
        self.expect_closed(self.open(context, free_port()), 'module-error')
        self.sim.process.send_signal(signal.SIGHUP)
        wait_for(lambda: 'restarted' in self.daemon.read_trace(), 'the restart')
        self.expect_goes_on(context)


class StoryTest(VariantTest):
    """Many modules at a time, on each of which something goes wrong."""

    def make_sim(self, number, verbs, script, *more):
        # The module's own times pass faster; what it says comes in pieces.
        switches = ['time-scale=0.05', f'seed={self.random.randrange(1 << 32)}',
                    f'deliver-split={self.random.choice([0, 1, 40])}', f'reply-delay-ms={self.random.choice([0, 0, 20])}', *more]
        sim = self.lab.sim(*switches, name=f'cell{number}', faults=script)
        sim.script, sim.verbs = script, verbs
        return sim

    def make_story(self, modules, sim, down, reasons=None):
        pieces = PAYLOADS + [self.random.randbytes(2500)]
        return Story(self.client, modules, sim, self.contexts[self.random.choice(FORMATS), down], pieces,
                     lambda behaviour: self.behave(behaviour, ca=self.ca), reasons)

    def start_daemon(self, *more):
        """Without waiting for any module; gives what tells of them."""
        self.daemon = self.lab.daemon(*self.sims, *more, wait=False)
        self.client = self.new_client()
        self.daemon.wait_name(self.client.bus)
        self.make_contexts(module_debug=0)
        for sim in self.sims:
            print(sim.name, *sim.script, sep='; ', flush=True)
        return Modules(self.client)

    def end_all(self, *more):
        self.daemon.stop()
        for sim in [*self.sims, *more]:
            sim.kill()


class TestByChance(StoryTest):
    """Some faults, each at any place."""

    def tell_wrong_rate(self, modules, sim):
        """A module at another rate is no dead one (bug 29). Whoever reads why finds the cause, and the right rate helps without a restart."""
        yield from modules.wait_state(sim.name, 'lost')
        text = yield from modules.ask(sim.name, 'StateText')
        self.assertIn('baud rate', text)
        sim.baud = SLOW
        self.lab.write('modemssld.conf', self.daemon.render())
        self.daemon.process.send_signal(signal.SIGHUP)
        yield from modules.wait_state(sim.name, 'ready')

    def tell_stories(self, batch):
        kinds = [[verb] for verb in DRAW] + [self.random.sample(sorted(DRAW), 2) for _ in range(PAIRS)]
        self.sims = [self.make_sim(f'{batch}-{number}', verbs, draw_script(self.random, verbs))
                     for number, verbs in enumerate(kinds)]
        slow = self.lab.sim(name=f'slow{batch}', baud=SLOW)
        slow.baud = FAST
        modules = self.start_daemon(slow)
        stories = [(sim.name, self.make_story(modules, sim, self.choose_format(sim)).tell()) for sim in self.sims]
        run_stories([*stories, (slow.name, self.tell_wrong_rate(modules, slow))])
        self.end_all(slow)

    def choose_format(self, sim):
        # A byte that changed can be seen in hex format only.
        return 'hex' if {'garble', 'lose'} & set(sim.verbs) else self.random.choice(FORMATS)

    def test_one_or_two(self):
        for batch in range(BATCHES):
            self.tell_stories(batch)


class TestRestart(StoryTest):
    """At any byte of what a module says: known as a restart, everything is set up again, and the sleep mode comes back."""

    def tell_restart(self, modules, sim, down):
        # Where received data were cut off, that is seen first.
        reasons = {'module-restarted', 'requested', 'protocol'}
        yield from self.make_story(modules, sim, down, reasons).tell()
        yield lambda: read_bytes(sim.nvram).count(b'+QSCLK=1')

    def restart_at(self, places):
        self.sims = [self.make_sim(place, ['restart'], [f'restart at byte {place}'],
                                   f'boot-banner={self.random.choice(["short", "long"])}', 'default-sleep=1')
                     for place in places]
        modules = self.start_daemon()
        run_stories([(sim.name, self.tell_restart(modules, sim, self.random.choice(FORMATS))) for sim in self.sims])
        self.end_all()

    def test_at_any_byte(self):
        places = [self.random.randrange(start, start + STEP) for start in range(0, RESTART_BYTES, STEP)]
        for start in range(0, len(places), RESTARTS):
            self.restart_at(places[start:start + RESTARTS])


if __name__ == '__main__':
    lab.main()
