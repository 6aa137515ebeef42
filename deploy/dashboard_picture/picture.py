"""The picture: Grafana's grid of panels, drawn by matplotlib. Lengths are pixels, from the lower left corner."""

import io
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from PIL import Image

from alerts import minutes
from dashboard import COLORS, COLUMNS, fixed_color, query

WIDTH, HEAD, UNIT, MARGIN, GAP = 1500, 64, 30, 12, 6
# Of the points of a panel, as Grafana computes the step.
POINTS = 700
LEGEND_LINE, TITLE = 15, 22
# Seconds between the times below a panel.
APART = (15, 30, 60, 120, 300, 600, 1800, 3600, 7200)
GRID, FRAME, PALE = "#e6e8eb", "#d0d4d9", "#5f6873"
LINES = (
    "#1f77b4 #e0861a #2e8b3d #c5303a #7d55b8 #8a5a44 #d45fae #6b7280 #a3a51a #16a5b8 "
    "#0b3d91 #f2b544 #7bc67e #f28b82 #b9a3e3 #c4a08f #f3aed6 #b5bac1 #d6d86b #8fdbe5"
).split()


@dataclass
class Times:
    start: float
    end: float
    step: float
    variables: dict

    @classmethod
    def of(cls, start, end, interval):
        """Step and variables as Grafana computes them."""
        step = max(interval, math.ceil((end - start) / POINTS))
        rate = max(step + interval, 4 * interval)
        return cls(start, end, step, {"job": "postern", "__rate_interval": f"{rate}s", "__range": f"{math.ceil(end - start)}s"})

    def all(self):
        return [self.start + number * self.step for number in range(int((self.end - self.start) / self.step) + 1)]


@dataclass
class Box:
    left: float
    bottom: float
    width: float
    height: float

    @property
    def top(self):
        return self.bottom + self.height


class Canvas:
    def __init__(self, height):
        self.height = height
        self.figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100, facecolor="white")
        self.renderer = FigureCanvasAgg(self.figure).get_renderer()

    def text(self, x, y, text, **style):
        style = {"fontsize": 8, "va": "center", "color": COLORS["text"]} | style
        return self.figure.text(x / WIDTH, y / self.height, text, **style)

    def width(self, text):
        measured = self.text(0, 0, text)
        width = measured.get_window_extent(self.renderer).width
        measured.remove()
        return width

    def frame(self, box):
        self.figure.add_artist(Rectangle(
            (box.left / WIDTH, box.bottom / self.height), box.width / WIDTH, box.height / self.height,
            transform=self.figure.transFigure, facecolor="white", edgecolor=FRAME, linewidth=0.8, zorder=-1,
        ))

    def stroke(self, left, y, length, color):
        xs, ys = (left / WIDTH, (left + length) / WIDTH), (y / self.height, y / self.height)
        self.figure.add_artist(Line2D(xs, ys, color=color, linewidth=2.5, solid_capstyle="butt"))

    def axes(self, box, times):
        axes = self.figure.add_axes((box.left / WIDTH, box.bottom / self.height, box.width / WIDTH, box.height / self.height))
        axes.set_xlim(0, times.end - times.start)
        apart = next((apart for apart in APART if (times.end - times.start) / apart <= 10), APART[-1])
        axes.xaxis.set_major_locator(MultipleLocator(apart))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: minutes(seconds)))
        axes.tick_params(labelsize=7.5, length=2, color=FRAME, labelcolor=PALE)
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(FRAME)
        return axes

    def save(self, file):
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi=100)
        # Few colours make a small file.
        Image.open(png).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(file, optimize=True)


def draw_picture(dashboard, prometheus, run, title, file):
    """Draws every panel with the data of the run: its start, its end, and the interval of Prometheus."""
    times = Times.of(*run)
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    canvas = Canvas(HEAD + rows * UNIT + MARGIN)
    head(canvas, dashboard, times, title)
    for panel in dashboard["panels"]:
        box = place(panel["gridPos"], canvas.height)
        if panel["type"] == "row":
            canvas.text(box.left + 2, box.bottom + box.height / 2, panel["title"], fontsize=12, fontweight="bold")
            continue
        canvas.frame(box)
        canvas.text(box.left + 8, box.top - 13, panel["title"], fontsize=9, fontweight="bold")
        DRAWN[panel["type"]](canvas, box, panel, series_of(panel, prometheus, times), times)
    canvas.save(file)


def head(canvas, dashboard, times, title):
    began = datetime.fromtimestamp(times.start, UTC)
    canvas.text(MARGIN, canvas.height - 20, f"{dashboard['title']}: {title}", fontsize=13, fontweight="bold")
    canvas.text(
        MARGIN, canvas.height - 44,
        f"0:00 is {began:%Y-%m-%d %H:%M:%S} UTC, the first reading of a worker; readings every {times.step} s; rates over "
        f"{times.variables['__rate_interval']}. Drawn by matplotlib from the dashboard's file and Prometheus' data; this is not "
        "Grafana's own rendering.",
        fontsize=9, color=PALE,
    )


def place(grid, height):
    column = (WIDTH - 2 * MARGIN + GAP) / COLUMNS
    top = height - HEAD - grid["y"] * UNIT
    bottom = top - grid["h"] * UNIT + GAP
    return Box(MARGIN + grid["x"] * column, bottom, grid["w"] * column - GAP, top - bottom)


def series_of(panel, prometheus, times):
    """The series of all queries of a panel, each with its name."""
    found = []
    for target in panel["targets"]:
        expr = query(panel["title"], target["expr"], times.variables)
        series = prometheus.range(expr, times.start, times.end, times.step)
        named = [(name(target.get("legendFormat", ""), one.labels), one.values) for one in series if one.values]
        found += sorted(named, key=lambda pair: pair[0])
    return found


def name(legend, labels):
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda label: labels.get(label[1], ""), legend).strip()


def stat(canvas, box, panel, series, times):
    defaults = panel["fieldConfig"]["defaults"]
    center = (box.left + box.width / 2, box.bottom + (box.height - TITLE) / 2)
    style = {"fontsize": 30, "ha": "center", "fontweight": "bold"}
    if not series:
        canvas.text(*center, defaults["noValue"], **style)
        return
    values = series[0][1]
    value = values[max(values)]
    steps = [step for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]]
    canvas.text(*center, f"{value:.0f}", **style | {"color": COLORS[steps[-1]["color"]]})


def timeseries(canvas, box, panel, series, times):
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults["custom"]
    # A metric that is there from the start for every reason would fill the legend.
    shown = [one for one in series if any(one[1].values())]
    entries = [(text, LINES[number % len(LINES)]) for number, (text, _) in enumerate(shown)]
    if len(shown) < len(series):
        entries.append((f"{'and ' if shown else ''}{len(series) - len(shown)} at 0 all the time", None))
    lines = legend(canvas, box, entries)
    below = 22 + lines * LEGEND_LINE
    axes = canvas.axes(Box(box.left + 58, box.bottom + below, box.width - 74, box.height - below - TITLE - 6), times)
    divisor, written = UNITS[defaults["unit"]]
    base = [0.0] * len(times.all())
    for number, (_, values) in enumerate(shown):
        color = LINES[number % len(LINES)]
        ys = [values.get(time, math.nan) / divisor for time in times.all()]
        xs = [time - times.start for time in times.all()]
        if "stacking" in custom:
            ys = [low + (0 if math.isnan(y) else y) for low, y in zip(base, ys)]
            axes.fill_between(xs, base, ys, color=color, alpha=custom["fillOpacity"] / 100 + 0.2, linewidth=0)
            base = ys
        axes.plot(xs, ys, color=color, linewidth=custom["lineWidth"] + 0.2)
    if not shown:
        axes.set_ylim(0, 1)
    axes.set_ylim(bottom=defaults.get("min"), top=defaults["max"] * 1.05 if "max" in defaults else None)
    in_minutes = defaults["unit"] == "s" and axes.get_ylim()[1] > 120
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 1.2, 3, 6, 10] if in_minutes else [1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))
    if not series:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=PALE, fontsize=10)


def legend(canvas, box, entries):
    """Writes the entries from the bottom up in as many lines as they need; the number of lines."""
    lines, used = [[]], 0
    for text, color in entries:
        width = canvas.width(text) + 32
        if used + width > box.width - 16 and lines[-1]:
            lines.append([])
            used = 0
        lines[-1].append((used, text, color))
        used += width
    for number, line in enumerate(reversed(lines)):
        y = box.bottom + 9 + number * LEGEND_LINE
        for left, text, color in line:
            if color:
                canvas.stroke(box.left + 10 + left, y, 12, color)
            canvas.text(box.left + 10 + left + (16 if color else 0), y, text, color=COLORS["text"] if color else PALE)
    return len(lines)


def state_timeline(canvas, box, panel, series, times):
    config = panel["fieldConfig"]
    left = max((canvas.width(text) for text, _ in series), default=0) + 20
    axes = canvas.axes(Box(box.left + left, box.bottom + 22, box.width - left - 16, box.height - 22 - TITLE - 6), times)
    fixed = [fixed_color(panel["title"], override) for override in config["overrides"]]
    for row, (text, values) in enumerate(series):
        color = next((color for regexp, color in fixed if regexp.search(text)), COLORS[config["defaults"]["color"]["fixedColor"]])
        bars = [(time - times.start, times.step) for time in values]
        axes.broken_barh(bars, (row - 0.4, 0.8), color=color, alpha=config["defaults"]["custom"]["fillOpacity"] / 100, linewidth=0)
    axes.set_yticks(range(len(series)), [text for text, _ in series])
    axes.set_ylim(max(len(series), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=8, labelcolor=COLORS["text"])
    axes.grid(axis="y", visible=False)


def seconds(value):
    if abs(value) >= 60:
        return f"{value / 60:.3g} min"
    return f"{value:.3g} s" if abs(value) >= 1 or value == 0 else f"{value * 1000:.3g} ms"


# How values are divided and written: MiB, so that the scale has whole ones.
UNITS = {"none": (1, "{:,.6g}".format), "s": (1, seconds), "bytes": (2**20, "{:.4g} MiB".format)}
DRAWN = {"stat": stat, "timeseries": timeseries, "state-timeline": state_timeline}
