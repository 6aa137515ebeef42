"""Draws deploy/monitoring/dashboard.json with the data of a Prometheus, and lists the alerts that fired there.

The picture is drawn by matplotlib. It is not Grafana's own rendering: the grid, titles, units, colours of states and legends are
those of the file, and the queries are those that Grafana sends for the time in which Prometheus read workers, until the first of them ended for good.
"""

import argparse
import sys

import alerts
import dashboard
from prometheus import Prometheus


def main():
    parser = argparse.ArgumentParser(prog="dashboard_picture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="fail where the dashboard has something that is not drawn, as another type of panel")
    draw = commands.add_parser("draw", help="draw the picture, and print the alerts as a Markdown table")
    for command in (check, draw):
        command.add_argument("--dashboard", default=dashboard.DASHBOARD, metavar="FILE", help="default: %(default)s")
    draw.add_argument("--prometheus", required=True, metavar="URL", help="such as http://localhost:9090")
    draw.add_argument("--interval", required=True, type=int, metavar="SECONDS", help="its scrape and evaluation interval")
    draw.add_argument("--title", default="", help="what was run, for the head of the picture")
    draw.add_argument("--output", required=True, metavar="FILE", help="the picture, as PNG")
    arguments = parser.parse_args()
    try:
        panels = dashboard.read(arguments.dashboard)
    except dashboard.NotDrawable as error:
        sys.exit(str(error))
    if arguments.command == "draw":
        # Not for `check`: matplotlib may not be installed there.
        from picture import draw_picture

        prometheus = Prometheus(arguments.prometheus)
        start, end = prometheus.times_of_run()
        draw_picture(panels, prometheus, (start, end, arguments.interval), arguments.title, arguments.output)
        print(alerts.table(prometheus, start, end, arguments.interval))


main()
