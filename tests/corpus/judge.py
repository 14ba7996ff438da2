#!/usr/bin/env python3
"""judge.py - is what was told of mails what was to be told?

    judge.py evasion MANIFEST RESULTS    each is found by its rule alone
    judge.py harmless MANIFEST RESULTS   of the twins none is found
    judge.py replay MANIFEST RESULT      `sluice replay --json` counts the same
    judge.py good RESULTS                no damage, no rule
    judge.py marked MANIFEST RESULTS     just these words, no refusal
    judge.py same RESULTS RESULTS        two ways to the same verdicts
    judge.py bounds RESULTS HEAP_KIB CPU_MS
                                         no mail costs more
    judge.py slow RESULTS CPU_MS         prints the names of those that do

RESULTS are what content_cost prints. Prints a line for each test, "pass NAME"
or "fail NAME", and "note TEXT" behind a failure.
"""

import json
import sys


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def verdict(is_good, name, *notes):
    print("pass" if is_good else "fail", name)
    if not is_good:
        for note in notes:
            print("note", note)


def by_name(path):
    results = {one["name"]: one for one in read(path)}
    return {name: one for name, one in results.items() if "died" not in one}


def evasion(manifest, results):
    told = by_name(results)
    for case in read(manifest):
        got = told.get(case["file"], {"rules": ["none: it died"],
                                      "damage": []})
        want = [case["rule"]] if case["rule"] else []
        lacks = [word for word in case["damage"] if word not in got["damage"]]
        verdict(got["rules"] == want and not lacks,
                "%s: %s" % (case["file"], case["hides"]),
                "rules: %s, expected %s" % (got["rules"], want),
                "damage: %s, expected %s" % (got["damage"], case["damage"]))


def harmless(manifest, results):
    told = by_name(results)
    twins = [case["twin"] for case in read(manifest)]
    found = ["%s: %s" % (name, told[name]["rules"] if name in told else "died")
             for name in twins if name not in told or told[name]["rules"]]
    verdict(twins and not found, "nothing is found in %d harmless twins" %
            len(twins), *found)


def replay(manifest, result):
    cases = read(manifest)
    with open(result, encoding="utf-8") as told:
        told = json.load(told)
    for rule in told["rules"]:
        want = sum(case["rule"] == rule["rule"] for case in cases)
        verdict(want > 0 and rule["hits"] == want,
                "replay: %s has %d hits" % (rule["rule"], want), str(rule))
    for word in sorted({word for case in cases for word in case["damage"]}):
        want = 2 * sum(word in case["damage"] for case in cases)
        verdict(told["damage"].get(word, 0) >= want,
                "replay: %s in %d mails or more" % (word, want),
                str(told["damage"]))
    verdict(told["mails"] == 2 * len(cases) and
            "inspection" not in told["damage"],
            "replay: all of %d mails are looked at" % (2 * len(cases)),
            str(told["damage"]))


def good(results):
    told = read(results)
    verdict(len(told) >= 200, "there are %d honest mails" % len(told))
    for one in told:
        is_good = "died" not in one and not one["damage"] and not one["rules"]
        verdict(is_good and one["reply"] == "continue", one["name"], str(one))


def marked(manifest, results):
    told = by_name(results)
    for case in read(manifest):
        got = told.get(case["file"], {"damage": "died", "reply": "died"})
        verdict(got["damage"] == case["damage"] and got["reply"] == "continue",
                "%s: %s" % (case["file"], ", ".join(case["damage"])), str(got))


def same(left, right):
    a, b = read(left), read(right)
    n_rules = sum(len(one.get("rules", [])) for one in a)
    differ = ["%s: %s %s, %s %s" % (x["name"], x.get("rules"), x.get("damage"),
                                    y.get("rules"), y.get("damage"))
              for x, y in zip(a, b)
              for keys in [("name", "reply", "rules", "damage")]
              if any(x.get(key) != y.get(key) for key in keys)]
    verdict(len(a) == len(b) and n_rules > 0 and not differ,
            "the same %d hits in %d mails" % (n_rules, len(a)), *differ)


def slow(results, cpu_ms):
    """Their names: they are looked at again."""
    for one in read(results):
        if "died" not in one and one["cpu_ms"] > int(cpu_ms):
            print(one["name"])


def bounds(results, heap_kib, cpu_ms):
    seen = {}
    for one in read(results):
        if "died" in one:
            verdict(False, one["name"] + " is survived")
            continue
        last = seen.setdefault(one["name"], one)
        # what else the machine does makes it slower, never faster
        last["cpu_ms"] = min(last["cpu_ms"], one["cpu_ms"])
    for one in seen.values():
        most = max(one["heap_kib"], one["rss_kib"])
        verdict(most <= int(heap_kib) and one["cpu_ms"] <= int(cpu_ms),
                "%s: %d KiB, %d ms" % (one["name"], most, one["cpu_ms"]),
                "at most %s KiB and %s ms: %s" % (heap_kib, cpu_ms, one))


def main(words):
    judges = {"evasion": evasion, "harmless": harmless, "good": good, "marked": marked,
              "same": same, "replay": replay, "bounds": bounds, "slow": slow}
    if not words or words[0] not in judges:
        sys.exit(__doc__)
    judges[words[0]](*words[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
