<?php
// Publishes a paid booking and a request to open its door, and waits for the answer.
//
// Exit status: 0 the door was opened, 1 it was not, 2 trouble (no connection, no right, no answer in time).
// docs/publishing.md explains each step.

declare(strict_types=1);

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\{AbstractConnection, AMQPConnectionConfig, AMQPConnectionFactory};
use PhpAmqpLib\Exception\AMQPTimeoutException;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

// Composer's packages where they are installed, otherwise Debian's package php-amqplib.
$composer = __DIR__ . '/vendor/autoload.php';
require is_file($composer) ? $composer : 'PhpAmqpLib/autoload.php';

define('INTEGRATION', getenv('INTEGRATION') ?: 'acme-utrecht');
define('OBJECT', getenv('OBJECT') ?: 'room-12');
define('ANSWERS', getenv('ANSWERS_QUEUE') ?: 'acme.answers');
// How long to wait for the answer: until the request expires, and for a command that left shortly before.
define('WAIT', (float) (getenv('WAIT_SECONDS') ?: '45'));
const ENDINGS = ['lock.opened.v1', 'lock.open-rejected.v1', 'lock.open-failed.v1'];

function connect(): AbstractConnection
{
    $url = parse_url(getenv('BROKER_URL') ?: throw new InvalidArgumentException(
        'BROKER_URL is not set; an example: amqp://user:password@127.0.0.1:5672/%2f',
    ));
    $secure = $url['scheme'] === 'amqps';
    $config = new AMQPConnectionConfig();
    $config->setIsSecure($secure);
    $config->setHost($url['host']);
    $config->setPort($url['port'] ?? ($secure ? 5671 : 5672));
    $config->setUser(urldecode($url['user'] ?? 'guest'));
    $config->setPassword(urldecode($url['pass'] ?? 'guest'));
    $config->setVhost(urldecode(substr($url['path'] ?? '', 1)) ?: '/');
    $config->setConnectionTimeout(10.0);
    $config->setReadTimeout(10.0);
    $config->setWriteTimeout(10.0);
    $config->setChannelRPCTimeout(10.0);
    return AMQPConnectionFactory::create($config);
}

function timestamp(string $moment): string
{
    return (new DateTimeImmutable($moment, new DateTimeZone('UTC')))->format(DateTimeInterface::RFC3339_EXTENDED);
}

function event(string $type, array $data): array
{
    $id = bin2hex(random_bytes(16));
    $data = ['integration_id' => INTEGRATION] + $data;
    $envelope = ['specversion' => '1.0', 'source' => '/booking-system', 'time' => timestamp('now')];
    return $envelope + compact('type', 'id', 'data');
}

/** Returns when RabbitMQ has confirmed the message; throws where no queue takes it, or the queue refuses it. */
function publish(AMQPChannel $channel, array $event): void
{
    $properties = ['content_type' => 'application/cloudevents+json', 'message_id' => $event['id']];
    $properties['delivery_mode'] = AMQPMessage::DELIVERY_MODE_PERSISTENT;
    $message = new AMQPMessage(json_encode($event, JSON_THROW_ON_ERROR), $properties);
    $key = substr($event['type'], 0, -strlen('.v1')) . '.' . INTEGRATION;
    $channel->basic_publish($message, 'postern.inbound', $key, true);
    $channel->wait_for_pending_acks_returns(20.0);
}

/** The event that ends the request. */
function wait_for_answer(AMQPChannel $channel, string $request_id, float $deadline): array
{
    $found = null;
    $take = function (AMQPMessage $message) use (&$found, $request_id): void {
        $answer = json_decode($message->getBody(), true, 512, JSON_THROW_ON_ERROR);
        // A program in production stores each answer before it acknowledges it.
        $message->ack();
        $ends = in_array(preg_replace('/^rehearsal\./', '', $answer['type']), ENDINGS, true);
        if ($ends && ($answer['data']['request_id'] ?? null) === $request_id) {
            $found = $answer;
        } else {
            fwrite(STDERR, "another event: {$answer['type']} {$answer['id']}\n");
        }
    };
    $channel->basic_consume(ANSWERS, callback: $take);
    while ($found === null && ($left = $deadline - microtime(true)) > 0) {
        try {
            $channel->wait(null, false, $left);
        } catch (AMQPTimeoutException) {
            break;
        }
    }
    return $found ?? throw new RuntimeException('no answer within ' . WAIT . ' s; the door may have opened');
}

function open_door(AMQPChannel $channel): array
{
    $deadline = microtime(true) + WAIT;
    $quorum = new AMQPTable(['x-queue-type' => 'quorum']);
    $channel->queue_declare(ANSWERS, durable: true, auto_delete: false, arguments: $quorum);
    $channel->queue_bind(ANSWERS, 'postern.outbound', '#.' . INTEGRATION);
    $channel->confirm_select();
    $channel->set_return_listener(fn ($code, $text, $exchange, $key) =>
        throw new RuntimeException("no queue takes messages with the routing key $key"));
    $channel->set_nack_handler(fn () => throw new RuntimeException('the queue refuses the message'));
    $booking_id = 'example-' . bin2hex(random_bytes(16));
    $times = ['starts_at' => timestamp('now'), 'ends_at' => timestamp('+1 hour')];
    // The revision is a number that the booking system increases with every change of the booking.
    $state = ['booking_id' => $booking_id, 'status' => 'paid', 'object_ids' => [OBJECT], 'revision' => 1];
    publish($channel, event('booking.status.v1', $state + $times));
    $asked = ['booking_id' => $booking_id, 'object_id' => OBJECT, 'expires_at' => timestamp('+30 seconds')];
    $request = event('lock.open-request.v1', $asked);
    publish($channel, $request);
    return wait_for_answer($channel, $request['id'], $deadline);
}

try {
    if (WAIT <= 0) {
        throw new InvalidArgumentException('WAIT_SECONDS is "' . getenv('WAIT_SECONDS') . '", which is no number of seconds');
    }
    $connection = connect();
    ['type' => $type, 'data' => $data] = open_door($connection->channel());
    $connection->close();
} catch (Throwable $error) {
    fwrite(STDERR, "trouble: {$error->getMessage()}\n");
    exit(2);
}
if ($type === 'lock.opened.v1') {
    echo 'opened: ', OBJECT, " at {$data['opened_at']}\n";
    exit(0);
}
if (str_starts_with($type, 'rehearsal.')) {
    echo "not opened: the integration rehearses, this was $type\n";
} else {
    echo "not opened: {$data['reason']} (", $data['class'] ?? 'rejected', "): {$data['detail']}\n";
}
exit(1);
