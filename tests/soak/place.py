"""place.py - writes the rules that the soak alternates and judges by, and the
JSON file that soak.py reads. Arguments: FOLDER and KEY=VALUE pairs of run.sh.
"""
import json
import os
import re
import subprocess
import sys

RULE = re.compile(r"^\s+([chmrdse]-[a-z]+):", re.MULTILINE)
NEVER = 150
STRANGERS = ("198.51.100.0/28", "2001:db8:bad::/48",
             "203.0.113.0/24", "192.0.2.128/25")
PARTNERS = ("partner.example", ".partner.example")


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def never():
    """Rules that no mail of ours comes under, of every stage."""
    yield 'table nobody domain { "nobody.invalid" }\n'
    for i in range(NEVER):
        stage, left = (("mail", "mail.from.domain"), ("rcpt", "rcpt.to.domain"),
                       ("headers", "header[\"X-N%d\"]" % i),
                       ("message", "body"))[i % 4]
        right = "in nobody" if i % 4 < 2 else "=~ /never-%d(a|b)+c/" % i
        yield 'on %s { n-%d: reject "no" if %s %s }\n' % (stage, i, left, right)


def tables(folder):
    os.makedirs(os.path.join(folder, "tables"), exist_ok=True)
    for name, entries in (("strangers", STRANGERS), ("partners", PARTNERS)):
        write(os.path.join(folder, "tables", name + ".txt"),
              "".join(entry + "\n" for entry in entries))


def normal_form(sluice, path):
    """The same rules as `sluice print` writes them."""
    return subprocess.run([sluice, "print", path], check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def main():
    folder = sys.argv[1]
    said = dict(word.split("=", 1) for word in sys.argv[2:])
    here = os.path.dirname(os.path.abspath(__file__))
    facts, limits = (open(os.path.join(here, "rules", name),
                          encoding="utf-8").read()
                     for name in ("10-facts.rules", "20-limits.rules"))
    judge = os.path.join(folder, "judge", "rules")
    os.makedirs(judge)
    tables(os.path.join(folder, "judge"))
    more = "".join(never())
    write(os.path.join(judge, "plain.rules"), facts + limits)
    write(os.path.join(judge, "plain-facts.rules"), facts)
    write(os.path.join(judge, "more.rules"), more + facts + limits)
    write(os.path.join(judge, "more-facts.rules"), more + facts)
    for kind in ("", "-facts"):
        write(os.path.join(judge, "printed%s.rules" % kind), normal_form(
            said["sluice"], os.path.join(judge, "plain%s.rules" % kind)))
    variants = ["plain", "printed", "more"]
    daemons = [dict(zip(("name", "folder"), words.split(",")))
               for words in said["daemons"].split()]
    for daemon in daemons:
        daemon["pid_file"] = os.path.join(daemon["folder"], "pid")
        daemon["conf"] = os.path.join(daemon["folder"], "sluice.conf")
        daemon["log"] = os.path.join(daemon["folder"], "log")
        tables(daemon["folder"])
        write(os.path.join(daemon["folder"], "rules", "test.rules"),
              facts + limits)
    doors = [dict(zip(("mta", "name", "port"), words.split(",")))
             for words in said["doors"].split()]
    for door in doors:
        door["port"] = int(door["port"])
        door["xclient"] = door["mta"] == "postfix"
    write(os.path.join(folder, "place.json"), json.dumps({
        "folder": folder, "judge": judge, "variants": variants,
        "rules": [open(os.path.join(judge, v + ".rules"),
                       encoding="utf-8").read() for v in variants],
        "limits": RULE.findall(limits),
        "daemons": daemons, "doors": doors,
        "nodes": [int(port) for port in said["nodes"].split()],
        "sentinels": [int(port) for port in said["sentinels"].split()],
        "seed": said["seed"], "minutes": float(said["minutes"]),
        "clients": int(said["clients"]), "sink_port": int(said["sink"]),
        "sluice": said["sluice"], "conf": said["conf"],
        "mails": said["mails"], "corpus": said["corpus"] or None,
        "postfix_queue": said["postfix"], "sendmail_queue": said["sendmail"],
        "judges_memory": said["judges_memory"] == "yes",
        "sendmail_tells_unknown": said["sendmail_tells_unknown"] == "yes",
    }))


main()
