// Publishes a paid booking and a request to open its door, and waits for the answer.
//
// Exit status: 0 the door was opened, 1 it was not, 2 trouble (no connection, no right, no answer in time).
// docs/publishing.md explains each step.

import { randomUUID } from 'node:crypto'
import amqp from 'amqplib'

const { BROKER_URL, INTEGRATION = 'acme-utrecht', OBJECT = 'room-12' } = process.env
const { ANSWERS_QUEUE = 'acme.answers', WAIT_SECONDS = '45' } = process.env
const EXPIRY_MS = 30_000
const ENDINGS = ['lock.opened.v1', 'lock.open-rejected.v1', 'lock.open-failed.v1']

const inMs = (ms) => new Date(Date.now() + ms).toISOString()

function event(type, data) {
  return {
    specversion: '1.0',
    type,
    source: '/booking-system',
    id: randomUUID(),
    time: inMs(0),
    data: { integration_id: INTEGRATION, ...data },
  }
}

// Resolves when RabbitMQ has confirmed the message; rejects where no queue takes it, or the queue refuses it.
function publish(channel, message) {
  const key = `${message.type.replace(/\.v1$/, '')}.${INTEGRATION}`
  const contentType = 'application/cloudevents+json'
  const options = { contentType, persistent: true, messageId: message.id, mandatory: true }
  return new Promise((resolve, reject) => {
    // RabbitMQ returns a message that no queue takes before it confirms it.
    channel.once('return', () => reject(new Error(`no queue takes messages with the routing key ${key}`)))
    channel.publish('postern.inbound', key, Buffer.from(JSON.stringify(message)), options, (error) => {
      channel.removeAllListeners('return')
      error ? reject(error) : resolve()
    })
  })
}

// Resolves with the event that ends the request.
function waitForAnswer(channel, requestId) {
  return new Promise((resolve, reject) => {
    const take = (message) => {
      if (message === null) return reject(new Error(`the queue ${ANSWERS_QUEUE} was deleted`))
      const answer = JSON.parse(message.content.toString())
      // A program in production stores each answer before it acknowledges it.
      channel.ack(message)
      const ends = ENDINGS.includes(answer.type.replace(/^rehearsal\./, ''))
      if (answer.data.request_id === requestId && ends) return resolve(answer)
      console.error(`another event: ${answer.type} ${answer.id}`)
    }
    channel.consume(ANSWERS_QUEUE, take).catch(reject)
  })
}

async function openDoor(channel) {
  await channel.assertQueue(ANSWERS_QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue(ANSWERS_QUEUE, 'postern.outbound', `#.${INTEGRATION}`)
  const booking_id = `example-${randomUUID()}`
  const times = { starts_at: inMs(0), ends_at: inMs(3_600_000) }
  // The revision is a number that the booking system increases with every change of the booking.
  const state = { booking_id, status: 'paid', object_ids: [OBJECT], revision: 1 }
  await publish(channel, event('booking.status.v1', { ...state, ...times }))
  const request = event('lock.open-request.v1', { booking_id, object_id: OBJECT, expires_at: inMs(EXPIRY_MS) })
  await publish(channel, request)
  return waitForAnswer(channel, request.id)
}

async function answerOrTrouble() {
  if (!BROKER_URL) throw new Error('BROKER_URL is not set')
  const connection = await amqp.connect(BROKER_URL, { timeout: 10_000 })
  const channel = await connection.createConfirmChannel()
  const trouble = new Promise((_, reject) => {
    for (const closed of [connection, channel]) closed.on('error', reject)
    connection.on('close', () => reject(new Error('the connection was closed')))
    const late = new Error(`no answer within ${WAIT_SECONDS} s; the door may have opened`)
    setTimeout(() => reject(late), Number(WAIT_SECONDS) * 1000)
  })
  const answer = await Promise.race([openDoor(channel), trouble])
  // The channel first: otherwise the connection may be closed before the acknowledgement has left.
  await channel.close()
  await connection.close()
  return answer
}

function print({ type, data }) {
  if (type === 'lock.opened.v1') console.log(`opened: ${OBJECT} at ${data.opened_at}`)
  else if (type.startsWith('rehearsal.')) console.log(`not opened: the integration rehearses, this was ${type}`)
  else console.log(`not opened: ${data.reason} (${data.class ?? 'rejected'}): ${data.detail}`)
  return type === 'lock.opened.v1' ? 0 : 1
}

try {
  if (!BROKER_URL) throw new Error('BROKER_URL is not set; an example: amqp://user:password@127.0.0.1:5672/%2f')
  if (!(Number(WAIT_SECONDS) > 0)) throw new Error(`WAIT_SECONDS is "${WAIT_SECONDS}", which is no number of seconds`)
  process.exit(print(await answerOrTrouble()))
} catch (error) {
  console.error(`trouble: ${error.message}`)
  process.exit(2)
}
