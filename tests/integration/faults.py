# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults by chance, as scripts of the simulator. Knows no daemon."""
import shlex

# What a module may say at any moment. Not that something is done which is not: nobody could see through that.
LINES = [
    'RDY', 'OK', 'ERROR', '>', '+CME ERROR: 3', '+QSSLURC: "closed",0,0', '+QSSLSEND: 0,0,-8', '+QSSLSEND: 0,0,-2',
    '+QSSLOPEN: 0,0,-8', '+QSSLOPEN: 0,0,-2', '+QSSLCLOSE: 0,0,0', '+QSSLURC: "recv",0,0,7,"x', '+CEREG: 5', '+CSCON: 0',
    '+IP: 100.64.0.7', 'F1: 0000 0000', '+QNBIOTEVENT: "ENTER DEEPSLEEP"', '+QSSLCFG: 0,0,"seclevel",0', '!%&/()=?',
]
# Lines of the module to which something can happen. That received data are lost or changed as a whole can be seen by nobody.
# With each how many of it there are, about.
LOSABLE = {'OK': 40, '>': 8, '+QSSLOPEN:*': 2, '+QSSLSEND:*': 10, '+QSSLCFG:*': 24, '+QSCLK:*': 2, '+QSSLCLOSE:*': 2}
ANY = {**LOSABLE, '+QSSLURC: "recv"*': 10}
# What the module has said by the end of a conversation, about.
BYTES = 9000


def draw_line(random, patterns=ANY):
    pattern = random.choice(sorted(patterns))
    return f'at line {random.randint(1, patterns[pattern])} {shlex.quote(pattern)}'


def draw_byte(random):
    return f'at byte {random.randrange(BYTES)}'


def draw_place(random):
    return draw_byte(random) if random.random() < 0.5 else draw_line(random)


def draw_replacement(random):
    """Not a refusal in place of a prompt: nobody could know that the module waits for data."""
    line = random.choice(LINES)
    patterns = {pattern: count for pattern, count in LOSABLE.items() if pattern != '>' or 'ERROR' not in line}
    return f'replace {shlex.quote(line)} {draw_line(random, patterns)}'


# Each with a place that fits it.
DRAW = {
    'drop': lambda random: f'drop {draw_line(random, LOSABLE)}',
    'delay': lambda random: f'delay {random.randint(1, 2500)} {draw_place(random)}',
    'garble': lambda random: f'garble {draw_place(random)}',
    'cut': lambda random: f'cut {random.randint(1, 60)} {draw_line(random)}',
    'lose': lambda random: f'lose {random.randint(1, 12)} {draw_byte(random)}',
    'insert': lambda random: f'insert {shlex.quote(random.choice(LINES))} {draw_place(random)}',
    'replace': draw_replacement,
    'length': lambda random: f'replace \'+QSSLCFG: 0,0,"cacert",{random.randint(0, 3)}\' at line {random.randint(1, 2)} '
                             '\'+QSSLCFG: 0,0,"cacert",*\'',
    'sleep': lambda random: f'sleep {draw_place(random)}',
    'deep-sleep': lambda random: f'deep-sleep {draw_place(random)}',
    'silence': lambda random: f'silence {draw_place(random)}',
    'restart': lambda random: f'restart {draw_place(random)}',
    'hang-up': lambda random: f'hang-up {draw_place(random)}',
}


def draw_script(random, verbs):
    """One fault of each of @verbs."""
    return [DRAW[verb](random) for verb in verbs]
