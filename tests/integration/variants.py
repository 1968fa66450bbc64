# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every value of every switch of the simulator, and how to draw combinations of them. Knows no daemon."""

# Behaviours that nobody may notice: a connection must work as ever.
HARMLESS = {
    'prompt': ['>', 'crlf>', 'crlf>space'],
    'prompt-delay-ms': [0, 40],
    'data-echo': ['no', 'yes', 'always'],
    'send-result': ['after-ok', 'before-ok'],
    'open-result': ['after-ok', 'before-ok'],
    'open-result-late-ms': [0, 300],
    'failed-open': ['at-once', 'at-timeout'],
    'hex-quotes': ['no', 'yes'],
    'hex-case': ['upper', 'lower'],
    'hex-length': ['bytes', 'characters'],
    'esc': ['ok', 'error', 'silent'],
    'urc-in-data-mode': ['queued'],
    'closed-order': ['after-recv', 'before-recv'],
    'close-on-closed': ['ok-6', 'error'],
    'close-resets': ['none', 'seclevel', 'all'],
    'test-ranges': ['works', 'promises', 'fails'],
    'slots': [1, 2, 5],
    'debug-on-at-port': ['no', 'yes'],
    'result-8': ['no', 'yes'],
    'checks-dates': ['no', 'yes'],
    'default-sleep': [0, 1, 2],
    'sleep-after-ms': [0, 700],
    'sleep-first-at': ['swallow', 'crlf'],
    'reply-delay-ms': [0, 30],
    'boot-ms': [50, 400],
    'boot-banner': ['short', 'long', 'none'],
    'cold-start': ['no', 'yes'],
    'sim-card': ['ready'],
    'sim-ms': [0, 400],
    'registration': ['home', 'roaming'],
    'register-ms': [0, 400],
    'clock': ['running', '1970', '1980', 'empty'],
    'clock-fast-s': [0, 86400],
    'clock-zone': ['+00', '+08', '-20', 'none', 'utc+32'],
    'clock-write': ['works', 'error', 'ignored'],
    'time-scale': [0.05, 1],
    'deliver-split': [0, 1, 7, 64],
}

# Those that need something of whoever uses the module, or cost a connection: each has a test of its own.
SPECIAL = {
    'data-accept-ms': [0, 60],
    'esc-in-fixed': ['data', 'cancel'],
    'send-result': ['none'],
    'urc-in-data-mode': ['lost'],
    'degrade-after-opens': [0, 1],
    'degrade-until': ['radio', 'restart', 'power'],
    'silent-after-opens': [0, 1],
    'sim-card': ['pin', 'none'],
    'registration': ['denied', 'never'],
    'seed': [1],
}

# What makes a value show that would not show by itself.
COMPANIONS = {
    'prompt': {'data-echo': 'always'},
    'sleep-first-at': {'sleep-after-ms': 700},
    'clock-write': {'clock': '1980'},
    'sim-ms': {'cold-start': 'yes'},
    'boot-ms': {'cold-start': 'yes'},
    'boot-banner': {'cold-start': 'yes'},
}


def draw_each(defaults):
    """Every value that is no default, by itself (and its companion)."""
    return [{'time-scale': 0.05, **COMPANIONS.get(name, {}), name: value}
            for name, values in HARMLESS.items() for value in values if str(value) != defaults[name]]


def draw_some(random):
    """A combination by chance: some switches set to any value, and the output in pieces or whole."""
    switches = {name: random.choice(HARMLESS[name]) for name in random.sample(sorted(HARMLESS), random.randint(2, 10))}
    switches.update({'time-scale': 0.05, 'seed': random.randrange(1 << 32),
                     'deliver-split': random.choice(HARMLESS['deliver-split'])})
    return switches
