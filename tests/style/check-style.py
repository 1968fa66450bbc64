#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The house style that a program can see: one function for each rule, each yielding its findings.

Usage: check-style.py [ROOT]. Prints FILE:LINE: message for each finding; status 1 when there is one. Knows the names
of the layers and nothing of what stands in them.
"""
import json
import os
import re
import subprocess
import sys

FUNCTION_LINES = 80
FILE_LINES = 700
NESTING = 3
OPENING_WORDS = 4
SPDX = 'SPDX-License-Identifier: LGPL-2.1-or-later'

# What each folder of src/ may include from besides itself. Programs of their own (ctl, sim) stand beside the layers.
LAYERS = {
    'base': [],
    'serial': ['base'],
    'at': ['base', 'serial'],
    'driver': ['base'],
    'driver/quectel': ['base', 'serial', 'at', 'driver'],
    'claim': ['base', 'serial', 'at', 'driver', 'driver/quectel'],
    'core': ['base', 'driver', 'claim'],
    'dbus': ['base', 'driver', 'core'],
    'holder': ['base', 'serial', 'at', 'claim'],
    'daemon': ['base', 'serial', 'at', 'driver', 'driver/quectel', 'claim', 'core', 'dbus'],
    'ctl': ['base'],
    'sim': [],
}

# Words that only some folders may contain, with the folders.
HOMES = [
    (re.compile(r'#\s*include\s*<termios\.h>'), ('src/serial/', 'src/sim/', 'tests/', 'benchmarks/'), '<termios.h>'),
    (re.compile(r'"[^"\n]*\+QSSL'), ('src/driver/quectel/', 'src/sim/', 'tests/', 'benchmarks/'), 'a "+QSSL" text'),
]

# Macros that stand where a definition could: ctags must not take them for the head of the function behind them.
MACROS = ('G_DEFINE_AUTOPTR_CLEANUP_FUNC', 'G_DEFINE_EXTENDED_ERROR', 'G_DEFINE_FINAL_TYPE', 'G_DEFINE_QUARK',
          'G_DEFINE_TYPE', 'G_DEFINE_TYPE_WITH_CODE', 'G_DEFINE_TYPE_WITH_PRIVATE', 'START_TEST', 'END_TEST')

TEXT_SUFFIXES = ('.c', '.h', '.py', '.sh', '.build', '.xml', '.in', '.conf', '.service')
IGNORED_FOLDERS = ('.git', '.cache', '__pycache__')


class Source:
    """One file of the tree: its path below the root, its text, and its text without comments and strings."""

    def __init__(self, root, path):
        self.path = path
        self.name = os.path.basename(path)
        self.stem, self.suffix = os.path.splitext(self.name)
        with open(os.path.join(root, path), encoding='utf-8') as file:
            self.text = file.read()
        self.lines = self.text.splitlines()
        self.uncommented = blank(self.text, keep_strings=True) if self.is_c else ''
        self.code = blank(self.text, keep_strings=False) if self.is_c else ''

    @property
    def is_c(self):
        return self.suffix in ('.c', '.h')

    @property
    def layer(self):
        folder = os.path.dirname(self.path)
        return folder[len('src/'):] if folder.startswith('src/') else None


def blank(text, keep_strings):
    """The same text with comments, and literals where asked, turned into blanks, so that lines and columns stay."""
    def replace(match):
        if keep_strings and match.group()[0] in '"\'':
            return match.group()
        return re.sub(r'[^\n]', ' ', match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', replace, text, flags=re.S)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def find_sources(root):
    for folder, folders, names in os.walk(root):
        here = os.path.relpath(folder, root)
        folders[:] = sorted(name for name in folders
                            if name not in IGNORED_FOLDERS and not (here == '.' and name.startswith('build')))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(here, name))
            if name.endswith(TEXT_SUFFIXES) or is_script(os.path.join(root, path)):
                yield Source(root, path)


def is_script(path):
    if not os.path.isfile(path) or '.' in os.path.basename(path):
        return False
    with open(path, 'rb') as file:
        return file.read(2) == b'#!'


def check_opening(source):
    head = '\n'.join(source.lines[:4])
    if SPDX not in head:
        yield 1, f'does not start with "{SPDX}"'
    elif source.is_c:
        comment = re.match(r'/\*.*?\*/', source.text, re.S)
        lines = comment.group().splitlines()[1:] if comment else []
        if sum(len(re.findall(r'\w+', line)) for line in lines) < OPENING_WORDS:
            yield 1, 'the opening comment does not say what the file owns'


def check_file_length(source):
    if len(source.lines) > FILE_LINES:
        yield FILE_LINES, f'{len(source.lines)} lines, more than {FILE_LINES}'


def check_words(source):
    for number, line in enumerate(source.lines, 1):
        # The rule must be able to name what it forbids.
        if re.search(r'\b(?:TODO|FIXME|XXX)\b', line) and not source.path.startswith('tests/style/'):
            yield number, 'TODO, FIXME or XXX: do it, or write an issue'
    for match in re.finditer(r'\bgoto\b', source.code):
        yield line_of(source.code, match.start()), 'goto'


def check_homes(source):
    if not source.is_c:
        return
    for pattern, folders, what in HOMES:
        if source.path.startswith(folders):
            continue
        for match in pattern.finditer(source.uncommented):
            yield line_of(source.text, match.start()), f'{what} belongs to {" and ".join(folders[:-1])} alone'


def check_includes(source, owners):
    if not source.is_c or source.layer is None:
        return
    allowed = LAYERS.get(source.layer)
    if allowed is None:
        yield 1, f'the folder src/{source.layer} has no place among the layers'
        return
    for match in re.finditer(r'^#\s*include\s*"([^"]+)"', source.text, re.M):
        layers = owners.get(os.path.basename(match.group(1)), set())
        if layers and source.layer not in layers and not layers & set(allowed):
            yield line_of(source.text, match.start()), f'{source.layer} may not include {match.group(1)}'


def find_prefixes(source, owners):
    """The file's own prefix first; x-y.c may also implement x.h of the same folder, as one of several ways to do so."""
    parts = source.stem.split('-')
    stems = ['-'.join(parts[:count]) for count in range(len(parts), 0, -1)]
    return tuple(stem.replace('-', '_') + '_' for stem in stems
                 if stem == source.stem or source.layer in owners.get(stem + '.h', ()))


def check_functions(source, tags, owners):
    prefixes = find_prefixes(source, owners)
    for tag in tags:
        if tag['end'] - tag['line'] + 1 > FUNCTION_LINES:
            yield tag['line'], f'{tag["name"]}() is longer than {FUNCTION_LINES} lines'
        static = tag.get('file', False) or 'static' in tag.get('properties', '')
        exported = source.path.startswith('src/') and source.suffix == '.c' and not static
        if exported and tag['name'] != 'main' and not tag['name'].startswith(prefixes):
            yield tag['line'], f'{tag["name"]}() does not begin with {prefixes[0]}'
        yield from check_nesting(source, tag)


def check_nesting(source, tag):
    """Counts braces: those of blocks, not those of initializers; the function's own are level 0."""
    depth, kinds = 0, []
    first = sum(len(line) + 1 for line in source.lines[:tag['line'] - 1])
    last = sum(len(line) + 1 for line in source.lines[:tag['end']])
    for match in re.finditer(r'[{}]', source.code[first:last]):
        before = source.code[first:first + match.start()].rstrip()
        if match.group() == '}':
            depth -= kinds.pop() if kinds else 0
            continue
        is_block = not before.endswith(('=', ',', '(', '{'))
        kinds.append(1 if is_block else 0)
        depth += kinds[-1]
        if is_block and depth > NESTING + 1:
            yield line_of(source.code, first + match.start()), f'{tag["name"]}() nests deeper than {NESTING}'
            return


def read_tags(root, sources):
    """The functions of every C file, by universal-ctags: {path: [tag, ...]}."""
    paths = [source.path for source in sources if source.suffix == '.c']
    if not paths:
        return {}
    output = subprocess.run(
        ['ctags', '--output-format=json', '--fields=+nef', '--kinds-C=f', '--languages=C', '-f', '-',
         '-I', ','.join(name + '+' for name in MACROS), *paths],
        cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout
    tags = {}
    for line in output.splitlines():
        tag = json.loads(line)
        if tag.get('_type') == 'tag' and 'end' in tag:
            tags.setdefault(tag['path'], []).append(tag)
    return tags


def check_format(root, sources):
    paths = [source.path for source in sources if source.is_c]
    if not paths or not os.path.exists(os.path.join(root, '.clang-format')):
        return
    run = subprocess.run(['clang-format', '--dry-run', '-Werror', *paths],
                         cwd=root, stderr=subprocess.PIPE, text=True, check=False)
    seen = set()
    for match in re.finditer(r'^(.+?):(\d+):\d+: error:', run.stderr, re.M):
        if match.group(1) not in seen:
            seen.add(match.group(1))
            yield match.group(1), int(match.group(2)), 'is not as clang-format -i would leave it'
    if run.returncode != 0 and not seen:
        yield '.clang-format', 1, run.stderr.strip() or 'clang-format failed'


def check_tree(root):
    sources = list(find_sources(root))
    owners = {}
    for source in sources:
        if source.layer is not None and source.suffix == '.h':
            owners.setdefault(source.name, set()).add(source.layer)
    tags = read_tags(root, sources)
    for source in sources:
        rules = [check_opening(source), check_file_length(source), check_words(source), check_homes(source),
                 check_includes(source, owners), check_functions(source, tags.get(source.path, []), owners)]
        for rule in rules:
            for line, message in rule:
                yield source.path, line, message
    yield from check_format(root, sources)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..', '..')
    findings = sorted(set(check_tree(os.path.abspath(root))))
    for path, line, message in findings:
        print(f'{path}:{line}: {message}')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
