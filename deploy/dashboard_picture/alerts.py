"""Which alerts fired in a run."""

# Those that say nothing about what an alert is for.
COMMON = {"__name__", "alertname", "alertstate", "severity", "job"}
SHOWN = 4


def table(prometheus, start, end, step):
    """A table of the alerts that fired, and those that were only pending; as Markdown."""
    series = prometheus.range('ALERTS{alertname=~"Postern.*"}', start, end, step)
    names = sorted({one.labels["alertname"] for one in series})
    fired = {name: having(series, name, "firing") for name in names}
    lines = ["| alert | severity | first | in total | of |", "| --- | --- | --- | --- | --- |"]
    for name in sorted(filter(fired.get, names), key=lambda name: first(fired[name])):
        times = {time for one in fired[name] for time in one.values}
        severity = fired[name][0].labels["severity"]
        since, long = minutes(min(times) - start), minutes(len(times) * step)
        lines.append(f"| `{name}` | {severity} | {since} | {long} | {subjects(fired[name])} |")
    pending = [f"`{name}`" for name in names if not fired[name]]
    if pending:
        lines += ["", f"Pending, but not for long enough to fire: {', '.join(pending)}."]
    return "\n".join(lines)


def having(series, name, state):
    return [one for one in series if one.labels["alertname"] == name and one.labels["alertstate"] == state]


def first(series):
    return min(time for one in series for time in one.values)


def subjects(series):
    """The values of the labels by which one alert is several."""
    values = sorted({value for one in series for label, value in one.labels.items() if label not in COMMON})
    more = len(values) - SHOWN
    return ", ".join(values[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def minutes(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
