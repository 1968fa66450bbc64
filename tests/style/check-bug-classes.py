#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares docs/bug-classes.md with the tests: every class has a row, and the tests that it names carry its number.

Usage: check-bug-classes.py ROOT. Prints what is wrong; status 1 when anything is.
"""
import os
import re
import sys

CLASSES = 30
TABLE = 'docs/bug-classes.md'


def read_rows(root):
    with open(os.path.join(root, TABLE), encoding='utf-8') as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
            if len(cells) == 4 and cells[0].isdigit():
                yield int(cells[0]), cells[2], re.findall(r'`([^`]+)`', cells[3])


def check_row(root, number, how, paths):
    mark = re.compile(rf'bug[_ ]0?{number}(?!\d)')
    if not paths and not how.startswith('No test: '):
        yield f'{TABLE}: class {number} has no test and does not say why'
    for path in paths:
        if not os.path.exists(os.path.join(root, path)):
            yield f'{TABLE}: class {number} names {path}, which is not there'
            continue
        with open(os.path.join(root, path), encoding='utf-8') as file:
            if not mark.search(file.read()):
                yield f'{path}: no test of bug class {number}, as {TABLE} says'


def check(root):
    rows = list(read_rows(root))
    if [number for number, _, _ in rows] != list(range(1, CLASSES + 1)):
        yield f'{TABLE}: not the classes 1 to {CLASSES}, in their order'
    for row in rows:
        yield from check_row(root, *row)


if __name__ == '__main__':
    findings = list(check(sys.argv[1]))
    print('\n'.join(findings))
    sys.exit(1 if findings else 0)
