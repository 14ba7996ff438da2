"""judge.py - stories, told in batches to `sluice test` while the soak goes on.

Batches of calm stories go to all rules, those of bad weather to the rules
without limits; each batch to the next of the equivalent rule sets in turn. At
the end the judge is judged: stories that lie must be found out.
"""
import asyncio
import os
import re

BATCH = 150
SECONDS_MAX = 300
FAILED = re.compile(r"^not ok \d+ - (.*)$")


class Judge:
    def __init__(self, sluice, conf, folder, variants, report):
        self.sluice = sluice
        self.conf = conf
        self.folder = folder
        self.variants = variants
        self.report = report    # called with a name and what is wrong
        self.waiting = {True: [], False: []}
        self.n_batches = 0
        self.n_judged = {True: 0, False: 0}
        self.last = {True: [], False: []}
        self.gate = asyncio.Semaphore(1)
        self.tasks = set()

    def take(self, name, text, is_calm):
        batch = self.waiting[is_calm]
        batch.append((name, text))
        if len(batch) >= BATCH:
            self.send(is_calm)

    def send(self, is_calm):
        batch, self.waiting[is_calm] = self.waiting[is_calm], []
        if not batch:
            return
        variant = self.variants[self.n_batches % len(self.variants)]
        self.n_batches += 1
        task = asyncio.create_task(self.judge(
            "batch-%d" % self.n_batches, batch, variant, is_calm))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def finish(self):
        self.send(True)
        self.send(False)
        while self.tasks:
            await asyncio.gather(*self.tasks)

    def rules(self, variant, is_calm):
        return os.path.join(self.folder, "%s%s.rules" % (
            variant, "" if is_calm else "-facts"))

    async def run(self, name, stories, rules):
        """What `sluice test` said of each story that failed."""
        path = os.path.join(self.folder, name + ".test")
        with open(path, "w", encoding="utf-8",
                  errors="surrogateescape") as out:
            out.write('rules "%s"\n\n' % os.path.basename(rules))
            out.writelines(text + "\n" for _, text in stories)
        process = await asyncio.create_subprocess_exec(
            "nice", self.sluice, "-c", self.conf, "test", "--tap", path,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT)
        try:
            out, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
        except asyncio.TimeoutError:
            process.kill()
            await process.communicate()
            return None, "took more than %d s" % SECONDS_MAX
        text = out.decode("utf-8", "replace")
        if text.count("\nok ") + text.startswith("ok ") \
                + text.count("not ok ") != len(stories):
            return None, "sluice test: status %d:\n%s" % (
                process.returncode, text[-3000:])
        if process.returncode == 0:
            os.unlink(path)
        return failures(text), None

    async def judge(self, name, batch, variant, is_calm):
        async with self.gate:
            failed, error = await self.run(
                name, batch, self.rules(variant, is_calm))
        if error is not None:
            self.report(batch[0][0], "the evaluation failed: " + error)
            return
        self.n_judged[is_calm] += len(batch)
        self.last[is_calm] = batch
        for name, why in failed.items():
            self.report(name, "evaluated by %s%s:\n%s" % (
                variant, "" if is_calm else ", without limits", why))

    async def is_awake(self):
        """Lies in the last batches: how many were told, how many found."""
        told = found = 0
        for is_calm, batch in self.last.items():
            lies = [(name, lie) for name, text in batch
                    for lie in [lie_of(text)] if lie != text]
            if not lies:
                continue
            failed, _ = await self.run(
                "lies", lies, self.rules(self.variants[0], is_calm))
            told += len(lies)
            found += len(failed or ())
        return told, found


def failures(text):
    """TAP -> name and the comments behind it."""
    failed, name = {}, None
    for line in text.split("\n"):
        match = FAILED.match(line)
        if match:
            name = match.group(1)
            failed[name] = ""
        elif line.startswith("ok "):
            name = None
        elif name is not None and line.startswith("#"):
            failed[name] += line + "\n"
    return failed


def lie_of(text):
    """The same story with its last answer turned round."""
    lines = text.split("\n")
    for number in reversed(range(len(lines))):
        line = lines[number]
        if line.endswith("end -> accept"):
            lines[number] = line[:-6] + "reject 550 e-link"
            # what was delivered is no part of the lie
            del lines[number + 1:]
            return "\n".join(lines) + "\n"
        if " -> reject" in line or " -> tempfail" in line:
            lines[number] = line[:line.index(" -> ")] + " -> accept"
            return "\n".join(lines)
    return text
