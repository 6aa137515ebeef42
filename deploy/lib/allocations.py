"""Allocations per request, by the function of this workspace that asked for them.

Reads lines of stacks ("outermost;…;innermost COUNT") from standard input. Argument: the number of requests.
"""

import collections
import re
import sys

OURS = re.compile(r"(consumer|salto|publisher|events|rules|amqp_stream|redis_pool|traces|postern)(::|\.\.)")
HASH = re.compile(r"::h[0-9a-f]{16}")
CLOSURE = re.compile(r"(::)?_?\$u7b\$\$u7b\$closure\$u7d\$\$u7d\$")


def place(stack):
    """The innermost function of this workspace; a thread without one belongs to a library."""
    for function in reversed(stack):
        if OURS.search(function):
            return CLOSURE.sub("", HASH.sub("", function)).strip(":")
    return "(threads of libraries: the client of RabbitMQ, the runtime)"


def main():
    requests = int(sys.argv[1])
    counts = collections.Counter()
    for line in sys.stdin:
        stack, _, count = line.rstrip().rpartition(" ")
        if count.isdigit():
            counts[place(stack.split(";"))] += int(count)
    print(f"{sum(counts.values()) / requests:8.1f} allocations per request")
    for name, count in counts.most_common(30):
        print(f"{count / requests:8.1f} {name[:120]}")


if __name__ == "__main__":
    main()
