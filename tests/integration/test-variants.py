#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon on modules that behave in every way that is not known and that nobody may notice: each value of each switch of the
simulator by itself, and combinations by chance with the module's output cut anywhere. All are modules of one daemon.
"""
import re
import subprocess

import lab
from variant_case import VariantTest
from variants import HARMLESS, SPECIAL, draw_each, draw_some

SAMPLES = 300 if lab.FULL else 5
# Each simulator needs an inotify instance, of which a user has 128, and other tests run beside this one.
BATCH = 24


def read_switches():
    """What --help says: the allowed values of each switch, and its default."""
    text = subprocess.run([lab.MODEMSSL_SIM, '--help'], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = re.findall(r'^  ([a-z0-9-]+)=(\S+) \[(\S+)\]$', text, re.MULTILINE)
    return {name: (values, default) for name, values, default in rows}


class TestHarmless(VariantTest):
    """Nobody may notice anything."""

    def expect_all_harmless(self, variants):
        for start in range(0, len(variants), BATCH):
            self.expect_batch_harmless(variants[start:start + BATCH])
            self.daemon.stop()
            for sim in self.sims:
                sim.kill()

    def expect_batch_harmless(self, variants):
        self.begin(*variants)
        for self.sim, switches in zip(self.sims, variants):
            needs_hex = any(name.startswith('hex-') for name in switches)
            with self.subTest(**switches):
                self.expect_harmless(down='hex' if needs_hex else None)

    def test_each_value(self):
        defaults = {name: default for name, (_, default) in read_switches().items()}
        self.expect_all_harmless(draw_each(defaults))

    def test_combinations(self):
        self.expect_all_harmless([draw_some(self.random) for _ in range(SAMPLES)])

    def test_table_is_complete(self):
        """No switch and no value of one is forgotten here."""
        for name, (values, _) in read_switches().items():
            known = {str(value) for value in HARMLESS.get(name, []) + SPECIAL.get(name, [])}
            if '..' in values:
                self.assertTrue(known, name)
            else:
                self.assertEqual(known, set(values.split('|')), name)


if __name__ == '__main__':
    lab.main()
