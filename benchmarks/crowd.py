# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many at once: 1, 8, 64 modules; 1, 10, 100 clients; 1000 contexts. CPU a message and memory of each."""
import glob
import os
import time

from client import Client
from figures import Figure
from gateway import QuietDaemon, smaps

MODULES = (1, 8, 64)
CLIENTS = (1, 10, 100)
CONTEXTS = 1000
SIZE = 64


def modules(gateway):
    """The same number of messages in all, spread over so many modules."""
    port = gateway.start_echo()
    sims = [gateway.start_sim() for _ in range(MODULES[-1])]
    messages = 1280 if gateway.quick else 6400
    cpu = {number: [] for number in MODULES}
    memory = {number: [] for number in MODULES}
    for _ in range(max(2, gateway.rounds // 3)):
        for number in MODULES:
            daemon = gateway.start_daemon(*sims[:number])
            gateway.measure('streams', 'bench', 'localhost', port, SIZE, 10, number)
            result = gateway.measure('streams', 'bench', 'localhost', port, SIZE, messages // number, number)
            cpu[number].append(result['cpu_ns'] / messages / 1000)
            memory[number].append(result['private_dirty_kb'])
            daemon.stop()
    for number in MODULES[1:]:
        yield Figure('many', f'CPU a message, {number} modules to 1', 'us', cpu[number], cpu[MODULES[0]], 1.1)
    for number in MODULES[1:]:
        yield Figure('many', f'private dirty memory, {number} open connections to 1', 'kB', memory[number], memory[MODULES[0]])
    for sim in sims:
        gateway.stop(sim.process)


def clients(gateway):
    """All but one wait for the module."""
    port, sim = gateway.start_echo(), gateway.start_sim()
    calls = 1000 if gateway.quick else 3000
    cpu = {number: [] for number in CLIENTS}
    memory = {number: [] for number in CLIENTS}
    for _ in range(max(2, gateway.rounds // 3)):
        for number in CLIENTS:
            daemon = gateway.start_daemon(sim)
            result = gateway.measure('clients', 'bench', 'localhost', port, calls // number, number)
            cpu[number].append(result['cpu_ns'] / (calls // number * number) / 1000)
            memory[number].append(result['after_kb'])
            daemon.stop()
    for number in CLIENTS[1:]:
        yield Figure('many', f'CPU a call, {number} clients to 1', 'us', cpu[number], cpu[CLIENTS[0]])
        yield Figure('many', f'private dirty memory, {number} clients that wait to 1', 'kB', memory[number], memory[CLIENTS[0]])
    gateway.stop(sim.process)


def fill(daemon):
    """Contexts as if they had been made one by one; there may be more than may be made."""
    folder = os.path.dirname(glob.glob(os.path.join(daemon.state_dir, '**', 'bench*'), recursive=True)[0])
    name = next(name for name in os.listdir(folder) if name.startswith('bench'))
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        text = file.read()
    for number in range(CONTEXTS):
        path = os.path.join(folder, name.replace('bench', f'c{number}'))
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(path, 0o600)
        yield path


def look(gateway, sim):
    """Start-up in ms, CPU a call in us, memory in kB."""
    begun = time.monotonic()
    daemon = QuietDaemon(gateway.lab, [sim], wait=False)
    client = Client(gateway.lab.bus)
    daemon.wait_name(client.bus)
    ms = (time.monotonic() - begun) * 1000
    count = len(client.manager('GetContexts'))
    client.close()
    result = gateway.measure('calls', 'bench', 500)
    memory = smaps(daemon.process.pid)['Private_Dirty']
    daemon.stop()
    return count, ms, result['cpu_ns'] / 500 / 1000, memory


def contexts(gateway):
    sim = gateway.start_sim()
    daemon = gateway.start_daemon(sim)
    daemon.stop()
    few, many = [], []
    for _ in range(max(2, gateway.rounds // 3)):
        few.append(look(gateway, sim))
        paths = list(fill(daemon))
        many.append(look(gateway, sim))
        for path in paths:
            os.unlink(path)
    if many[0][0] < CONTEXTS:
        raise SystemExit(f'there are {many[0][0]} contexts, not {CONTEXTS}')
    for index, (what, unit) in enumerate((('start-up to name owned', 'ms'), ('CPU a call', 'us'), ('private dirty memory', 'kB')), 1):
        yield Figure('many', f'{what}, {CONTEXTS} contexts to {few[0][0]}', unit, [one[index] for one in many],
                     [one[index] for one in few])
    gateway.stop(sim.process)


def run(gateway):
    yield from modules(gateway)
    yield from clients(gateway)
    yield from contexts(gateway)
