"""Publishes a paid booking and a request to open its door, and waits for the answer.

Exit status: 0 the door was opened, 1 it was not, 2 trouble (no connection, no right, no answer in time).
docs/publishing.md explains each step.
"""

import json
import os
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone

import pika
from pika.exceptions import AMQPError

INTEGRATION = os.environ.get("INTEGRATION", "acme-utrecht")
OBJECT = os.environ.get("OBJECT", "room-12")
ANSWERS = os.environ.get("ANSWERS_QUEUE", "acme.answers")
# How long to wait for the answer: until the request expires, and for a command that left shortly before.
WAIT_SECONDS = os.environ.get("WAIT_SECONDS", "45")
EXPIRY = timedelta(seconds=30)
ENDINGS = ("lock.opened.v1", "lock.open-rejected.v1", "lock.open-failed.v1")


def connect():
    parameters = pika.URLParameters(os.environ["BROKER_URL"])
    parameters.socket_timeout = 10
    parameters.heartbeat = 20
    # RabbitMQ blocks publishers while it has too little memory or disk space.
    parameters.blocked_connection_timeout = 20
    return pika.BlockingConnection(parameters)


def timestamp(moment):
    return moment.isoformat(timespec="milliseconds")


def event(kind, data):
    return {
        "specversion": "1.0",
        "type": kind,
        "source": "/booking-system",
        "id": str(uuid.uuid4()),
        "time": timestamp(datetime.now(timezone.utc)),
        "data": {"integration_id": INTEGRATION, **data},
    }


def publish(channel, message):
    """Returns when RabbitMQ has confirmed the message; raises where no queue takes it, or the queue refuses it."""
    channel.basic_publish(
        exchange="postern.inbound",
        routing_key=f"{message['type'].removesuffix('.v1')}.{INTEGRATION}",
        body=json.dumps(message).encode(),
        properties=pika.BasicProperties(
            content_type="application/cloudevents+json", delivery_mode=2, message_id=message["id"]
        ),
        mandatory=True,
    )


def wait_for_answer(channel, request_id):
    """The event that ends the request, or None when the time is over."""
    deadline = time.monotonic() + float(WAIT_SECONDS)
    while (left := deadline - time.monotonic()) > 0:
        method, _, body = next(channel.consume(ANSWERS, inactivity_timeout=left))
        if method is None:
            return None
        answer = json.loads(body)
        # A program in production stores each answer before it acknowledges it.
        channel.basic_ack(method.delivery_tag)
        kind = answer["type"].removeprefix("rehearsal.")
        if answer["data"].get("request_id") == request_id and kind in ENDINGS:
            return answer
        print(f"another event: {answer['type']} {answer['id']}", file=sys.stderr)
    return None


def open_door(channel):
    channel.queue_declare(ANSWERS, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(ANSWERS, "postern.outbound", f"#.{INTEGRATION}")
    channel.confirm_delivery()
    now = datetime.now(timezone.utc)
    booking = f"example-{uuid.uuid4()}"
    times = {"starts_at": timestamp(now), "ends_at": timestamp(now + timedelta(hours=1))}
    # The revision is a number that the booking system increases with every change of the booking.
    state = {"booking_id": booking, "status": "paid", "object_ids": [OBJECT], "revision": 1}
    publish(channel, event("booking.status.v1", {**state, **times}))
    expires_at = timestamp(datetime.now(timezone.utc) + EXPIRY)
    asked = {"booking_id": booking, "object_id": OBJECT, "expires_at": expires_at}
    request = event("lock.open-request.v1", asked)
    publish(channel, request)
    return wait_for_answer(channel, request["id"])


def settings_mistake():
    """What is wrong with the settings, or None."""
    if not os.environ.get("BROKER_URL"):
        return "BROKER_URL is not set; an example: amqp://user:password@127.0.0.1:5672/%2f"
    try:
        float(WAIT_SECONDS)
    except ValueError:
        return f"WAIT_SECONDS is {WAIT_SECONDS!r}, which is no number of seconds"
    return None


def main():
    mistake = settings_mistake()
    if mistake:
        print(f"trouble: {mistake}", file=sys.stderr)
        return 2
    try:
        connection = connect()
        answer = open_door(connection.channel())
        connection.close()
    except (AMQPError, OSError, ValueError) as error:
        print(f"trouble: {error!r}", file=sys.stderr)
        return 2
    if answer is None:
        print(f"trouble: no answer within {WAIT_SECONDS} s; the door may have opened", file=sys.stderr)
        return 2
    kind, data = answer["type"], answer["data"]
    if kind == "lock.opened.v1":
        print(f"opened: {OBJECT} at {data['opened_at']}")
        return 0
    if kind.startswith("rehearsal."):
        print(f"not opened: the integration rehearses, this was {kind}")
    else:
        print(f"not opened: {data['reason']} ({data.get('class', 'rejected')}): {data['detail']}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
