"""redis_rig.py - what happens to Redis, by chance: a master, two replicas and
three Sentinels that tests/lib/sentinel.sh started (their folders and pids are
in $T/redis-PORT).
"""
import asyncio
import collections
import os
import random
import signal
import subprocess

CALM_SECONDS = (4, 16)  # between two troubles
LONG_CALM = (40, 0.3)   # sometimes so long: laws over windows need it
WAIT_SECONDS = 30


class Rig:
    def __init__(self, folder, nodes, sentinels, seed, weather, daemons):
        self.folder = folder
        self.nodes = nodes
        self.sentinels = sentinels
        self.dice = random.Random("%s/redis" % seed)
        self.weather = weather
        self.daemons = daemons
        self.counts = collections.Counter()
        self.processes = []
        self.problems = []

    def pid_file(self, port):
        return "%s/redis-%d/pid" % (self.folder, port)

    def signal(self, port, number):
        with open(self.pid_file(port), encoding="ascii") as file:
            os.kill(int(file.read()), number)

    def start(self, port):
        process = subprocess.Popen(
            ["redis-server", "%s/redis-%d/redis.conf" % (self.folder, port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.processes.append(process)
        with open(self.pid_file(port), "w", encoding="ascii") as file:
            file.write("%d\n" % process.pid)

    async def ask(self, port, command):
        """A short answer; '' if there is none."""
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", port), 2)
            writer.write(command.encode() + b"\r\n")
            answer = await asyncio.wait_for(reader.read(4096), 2)
            writer.close()
            return answer.decode("latin-1")
        except (OSError, asyncio.TimeoutError):
            return ""

    async def master(self):
        for port in self.sentinels:
            words = (await self.ask(
                port, "SENTINEL get-master-addr-by-name lab")).split()
            if len(words) == 5 and words[4].isdigit():
                return int(words[4])
        return None

    async def is_master(self, port):
        return "master" in await self.ask(port, "ROLE")

    async def until(self, what, is_so):
        for _ in range(WAIT_SECONDS * 10):
            if await is_so():
                return True
            await asyncio.sleep(0.1)
        self.problems.append("Redis: no %s within %d s" % (what, WAIT_SECONDS))
        return False

    async def new_master(self, old):
        async def has_moved():
            port = await self.master()
            return port not in (None, old) and await self.is_master(port)
        return await self.until("failover", has_moved)

    async def do_killed(self, master):
        self.signal(master, signal.SIGKILL)
        await self.new_master(master)
        self.start(master)

    async def do_failover_asked_for(self, master):
        if "OK" in await self.ask(self.sentinels[0], "SENTINEL FAILOVER lab"):
            await self.new_master(master)

    async def do_restarted(self, master):
        """Killed and back at once, empty: its replicas lose all, too."""
        self.signal(master, signal.SIGKILL)
        await asyncio.sleep(0.2)
        self.start(master)

    async def do_stopped(self, master):
        self.signal(master, signal.SIGSTOP)
        await asyncio.sleep(self.dice.uniform(0.3, 1.5))
        self.signal(master, signal.SIGCONT)

    async def do_stopped_long(self, master):
        self.signal(master, signal.SIGSTOP)
        await self.new_master(master)
        self.signal(master, signal.SIGCONT)

    async def do_all_stopped(self, _):
        for port in self.nodes:
            self.signal(port, signal.SIGSTOP)
        await asyncio.sleep(self.dice.uniform(1, 4))
        for port in self.nodes:
            self.signal(port, signal.SIGCONT)

    async def do_scripts_flushed(self, master):
        await self.ask(master, "SCRIPT FLUSH")

    async def do_clients_killed(self, master):
        await self.ask(master, "CLIENT KILL TYPE normal")

    TROUBLES = ((do_killed, 2), (do_failover_asked_for, 2), (do_restarted, 2),
                (do_stopped, 3), (do_stopped_long, 1), (do_all_stopped, 1),
                (do_scripts_flushed, 2), (do_clients_killed, 2))

    async def all_daemons_are_back(self):
        """And ask the same Redis: after a failover that was asked for, the old
        master is one for some seconds more, until Sentinels turn it round, and
        what is counted there is lost."""
        master = await self.master()
        return master is not None and await self.is_master(master) \
            and not any(daemon.is_away or daemon.store_port != master
                        for daemon in self.daemons)

    async def trouble(self):
        master = await self.master()
        if master is None:
            self.problems.append("Redis: Sentinels name no master")
            return
        do = self.dice.choices([row[0] for row in self.TROUBLES],
                               [row[1] for row in self.TROUBLES])[0]
        name = do.__name__[3:].replace("_", "-")
        self.counts[name] += 1
        span = self.weather.begin(name)
        await do(self, master)
        await asyncio.sleep(1) # the daemons may not have noticed yet
        await self.until("end of an outage", self.all_daemons_are_back)
        self.weather.end(span)

    async def run(self, is_over):
        while not is_over.is_set():
            seconds = self.dice.uniform(*CALM_SECONDS)
            if self.dice.random() < LONG_CALM[1]:
                seconds = LONG_CALM[0]
            try:
                await asyncio.wait_for(is_over.wait(), seconds)
            except asyncio.TimeoutError:
                await self.trouble()
        for process in self.processes:
            process.poll()
