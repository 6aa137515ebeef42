"""What Prometheus knows of a run."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

JOB = "postern"


@dataclass
class Series:
    labels: dict
    values: dict  # by time, in seconds since 1970; without what is not a number


class Prometheus:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def times_of_run(self):
        """When it first read a worker, and when the first of them ended for good."""
        read = self.get("query", query=f'up{{job="{JOB}"}}[1d]')
        times = [[time for time, value in one["values"] if value == "1"] for one in read]
        if not all(times) or not times:
            raise SystemExit(f"{self.url}: not all workers of the job {JOB!r} were read: {[one['metric'] for one in read]}")
        return min(map(min, times)), min(map(max, times))

    def range(self, expr, start, end, step):
        """The series of an expression, at every step."""
        result = self.get("query_range", query=expr, start=start, end=end, step=step)
        return [Series(one["metric"], numbers(one["values"])) for one in result]

    def get(self, what, **parameters):
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{url}: {error}: {error.read().decode()}") from None


def numbers(pairs):
    values = ((time, float(value)) for time, value in pairs)
    return {time: value for time, value in values if math.isfinite(value)}
