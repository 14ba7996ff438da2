"""dashboard.py - what a Grafana dashboard asks of Prometheus.

    dashboard.py rules FILE          its expressions as rules that record, for
                                     `promtool check rules`
    dashboard.py names FILE...       names of metrics in dashboards (*.json) and
                                     alert rules, one a line
"""
import json
import re
import sys


def expressions(path):
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        sys.exit(path + ": two panels have the same id")
    return [target["expr"] for panel in dashboard["panels"]
            for target in panel.get("targets", [])]


def plain(expression):
    """What Grafana makes of it."""
    for name, value in (("$__rate_interval", "1m"), ("$job", ".*"),
                        ("$instance", ".*")):
        expression = expression.replace(name, value)
    return expression


def rules(path):
    recorded = [{"record": "panel:%d" % i, "expr": plain(expression)}
                for i, expression in enumerate(expressions(path))]
    # JSON is YAML.
    return json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]})


def names(paths):
    found = set()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if path.endswith(".json"):
            text = "\n".join(expressions(path))
        else:
            text = "\n".join(line for line in text.splitlines()
                             if not line.lstrip().startswith("#"))
        found.update(re.findall(r"\b((?:sluice|process)_[a-z0-9_]+)\s*[{\[)]", text))
    return "\n".join(sorted(found))


if sys.argv[1] == "rules":
    print(rules(sys.argv[2]))
elif sys.argv[1] == "names":
    print(names(sys.argv[2:]))
