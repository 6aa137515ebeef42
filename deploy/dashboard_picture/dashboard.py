"""The dashboard for Grafana, as far as it can be drawn here."""

import json
import re
from pathlib import Path

DASHBOARD = Path(__file__).parent.parent / "monitoring" / "dashboard.json"
COLUMNS = 24
COLORS = {"red": "#d32f2f", "orange": "#ef8c1f", "green": "#2e8b3d", "text": "#222222"}

ANY = object()
NOTHING = ([],)
UNITS = ("none", "s", "bytes")
PANEL = dict.fromkeys(("id", "type", "title", "description", "datasource", "gridPos", "targets"), ANY)
LEGEND = {"displayMode": ("list",), "placement": ("bottom",), "showLegend": (False,)}
# What each type of panel may have, with the values that are drawn. What a picture does not show, such as tooltips, may be anything.
KNOWN = {
    "row": {"id": ANY, "type": ANY, "title": ANY, "gridPos": ANY, "collapsed": (False,), "panels": NOTHING},
    "stat": PANEL
    | {
        "fieldConfig": {
            "defaults": {
                "unit": ("none",),
                "decimals": (0,),
                "noValue": ANY,
                "thresholds": {"mode": ("absolute",), "steps": ANY},
            },
            "overrides": NOTHING,
        },
        "options": {
            "colorMode": ("value",),
            "graphMode": ("none",),
            "reduceOptions": ({"calcs": ["lastNotNull"], "fields": "", "values": False},),
        },
    },
    "timeseries": PANEL
    | {
        "fieldConfig": {
            "defaults": {
                "unit": UNITS,
                "min": ANY,
                "max": ANY,
                "custom": {
                    "lineWidth": ANY,
                    "fillOpacity": ANY,
                    "stacking": ({"mode": "normal", "group": "A"},),
                },
            },
            "overrides": NOTHING,
        },
        "options": {"legend": LEGEND, "tooltip": ANY},
    },
    "state-timeline": PANEL
    | {
        "fieldConfig": {
            "defaults": {
                "unit": UNITS,
                "color": {"mode": ("fixed",), "fixedColor": tuple(COLORS)},
                "custom": {"lineWidth": (0,), "fillOpacity": ANY},
            },
            "overrides": ANY,
        },
        "options": {
            "showValue": ("never",),
            "mergeValues": (True,),
            "alignValue": ANY,
            "rowHeight": ANY,
            "legend": LEGEND,
            "tooltip": ANY,
        },
    },
}


class NotDrawable(Exception):
    """The dashboard has something that the picture would leave out or show wrongly."""


def read(file):
    """The dashboard, with nothing in it that cannot be drawn."""
    dashboard = json.loads(Path(file).read_text())
    for panel in dashboard["panels"]:
        where = f"{file}: panel {panel['title']!r}"
        if panel["type"] not in KNOWN:
            raise NotDrawable(f"{where}: type {panel['type']!r} is not known; known are {', '.join(KNOWN)}")
        compare(where, panel, KNOWN[panel["type"]])
        for target in panel.get("targets", []):
            compare(f"{where}: targets", target, {"refId": ANY, "expr": ANY, "legendFormat": ANY})
            query(where, target["expr"], dict.fromkeys(("job", "__rate_interval", "__range"), "1m"))
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            fixed_color(where, override)
        for step in panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", []):
            compare(f"{where}: steps", step, {"color": tuple(COLORS), "value": ANY})
    return dashboard


def compare(where, given, known):
    for key, value in given.items():
        place = f"{where}: {key}"
        if key not in known:
            raise NotDrawable(f"{place} is not known; known are {', '.join(known)}")
        if isinstance(known[key], dict):
            compare(place, value, known[key])
        elif known[key] is not ANY and value not in known[key]:
            raise NotDrawable(f"{place}: {value!r} is not known; known are {', '.join(map(repr, known[key]))}")


def query(where, expr, variables):
    """The expression with Grafana's variables replaced."""
    replaced = re.sub(r"\$(\w+)", lambda found: variables.get(found[1], found[0]), expr)
    if "$" in replaced:
        raise NotDrawable(f"{where}: a variable in {expr!r} is not known; known are {', '.join(variables)}")
    return replaced


def fixed_color(where, override):
    """The regular expression for names of series, and their colour."""
    match override:
        case {
            "matcher": {"id": "byRegexp", "options": regexp},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        } if color in COLORS:
            return re.compile(regexp.strip("/")), COLORS[color]
    raise NotDrawable(f"{where}: overrides: {override} is not known; known is a fixed colour by a regular expression")
