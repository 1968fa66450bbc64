#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves that each rule of check-style.py can fail: a small good tree passes, and one change at a time breaks it."""
import importlib.util
import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
SPEC = importlib.util.spec_from_file_location('check_style', os.path.join(HERE, 'check-style.py'))
STYLE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(STYLE)

OPENING = '/* SPDX-License-Identifier: LGPL-2.1-or-later\n *\n * Owns the apples and knows nothing of the pears.\n */\n'
APPLE = OPENING + '#include "apple.h"\n\nint\napple_count (void)\n{\n  return 1;\n}\n'
HEADER = OPENING + '#pragma once\n\nint apple_count (void);\n'
SCRIPT = '#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\ntrue\n'
GOOD = {
    'src/base/apple.c': APPLE,
    'src/base/apple.h': HEADER,
    'src/core/pear.h': HEADER.replace('apple', 'pear'),
    'tools/run': SCRIPT,
}


def function(body, name='apple_size'):
    return APPLE + f'\nint\n{name} (int count)\n{{\n{body}  return count;\n}}\n'


BAD = {
    'no SPDX line': ('src/base/apple.h', HEADER.replace('SPDX-License-Identifier', 'License'), 'does not start with'),
    'no SPDX line in a script': ('tools/run', '#!/bin/sh\ntrue\n', 'does not start with'),
    'silent opening': ('src/base/apple.h', HEADER.replace('Owns the apples and knows nothing of the pears.', 'Apples.'),
                       'opening comment'),
    'foreign prefix': ('src/base/apple.c', function('', 'size_of'), 'size_of() does not begin with apple_'),
    'long function': ('src/base/apple.c', function('  count++;\n' * 80), 'apple_size() is longer than 80'),
    'long file': ('src/base/apple.h', HEADER + '\nint apple_count (void);\n' * 400, 'more than 700'),
    'goto': ('src/base/apple.c', function('  goto end;\nend:\n'), 'goto'),
    'TODO': ('src/base/apple.h', HEADER + '/* TODO: more */\n', 'TODO'),
    'FIXME in a script': ('tools/run', SCRIPT + '# FIXME\n', 'FIXME'),
    'deep nesting': ('src/base/apple.c', function(''.join('  ' * level + 'while (count) {\n' for level in range(1, 5))
                                                  + '  }\n' * 4), 'nests deeper'),
    'upward include': ('src/base/apple.c', APPLE.replace('"apple.h"', '"pear.h"'), 'base may not include pear.h'),
    'upward include by path': ('src/base/apple.c', APPLE.replace('"apple.h"', '"../core/pear.h"'), 'may not include'),
    'simulator includes a layer': ('src/sim/sim-x.h', HEADER.replace('#pragma once', '#pragma once\n#include "apple.h"'),
                                   'sim may not include apple.h'),
    'folder without a place': ('src/attic/old.h', HEADER, 'has no place among the layers'),
    'termios outside serial': ('src/base/apple.c', APPLE.replace('"apple.h"', '<termios.h>'), '<termios.h> belongs to'),
    'vendor word outside the driver': ('src/core/core.h', HEADER + '#define X "AT+QSSLOPEN"\n', 'a "+QSSL" text'),
    'white space': ('src/base/apple.c', APPLE.replace('  return', '      return'), 'clang-format'),
}


class TestCheckStyle(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(os.path.join(HERE, '..', '..', '.clang-format'), self.root)
        for path, text in GOOD.items():
            self.write(path, text)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def find(self):
        return [f'{path}:{line}: {message}' for path, line, message in STYLE.check_tree(self.root)]

    def test_good_tree_passes(self):
        self.assertEqual(self.find(), [])

    def test_each_rule_fails(self):
        for name, (path, text, expected) in BAD.items():
            with self.subTest(name):
                self.write(path, text)
                found = [finding for finding in self.find() if finding.startswith(path) and expected in finding]
                self.assertTrue(found, f'nothing said {expected!r}: {self.find()}')
                if path in GOOD:
                    self.write(path, GOOD[path])
                else:
                    os.unlink(os.path.join(self.root, path))

    def test_comments_and_strings_are_no_code(self):
        self.write('src/base/apple.c', function('  /* a goto and {{{{{ braces */\n'))
        self.write('src/core/core.h', HEADER + '/* as in AT+QSSLOPEN "+QSSLOPEN" */\n')
        self.assertEqual(self.find(), [])

    def test_driver_and_simulator_may(self):
        text = APPLE.replace('#include "apple.h"', '#include <termios.h>').replace('apple_count', 'sim_tty_count')
        self.write('src/sim/sim-tty.c', text)
        self.write('src/driver/quectel/q.h', HEADER + '#define X "AT+QSSLOPEN"\n')
        self.assertEqual(self.find(), [])

    def test_one_of_several_implementations(self):
        self.write('src/base/apple-none.c', APPLE)
        self.assertEqual(self.find(), [])


if __name__ == '__main__':
    unittest.main()
