// client.js NAME PORT COUNT: logs COUNT messages to 127.0.0.1:PORT with a published Node client, and ends when they are sent.
// Message n is `js-n grüß "quoted"` and a second line; the tenant is acme.
'use strict';
const [name, port, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const host = '127.0.0.1';
const uids = Array.from({ length: count }, (_, n) => `js-${n}`);
const message = uid => `${uid} gr\u00fc\u00df "quoted"\nsecond line`;
// None of the clients tells when the last byte has left.
const endSoon = () => setTimeout(() => process.exit(0), 2000);

const clients = {
  'winston-tcp'() {
    const winston = require('winston');
    const Transport = require('winston-logstash/lib/winston-logstash-latest');
    const logger = winston.createLogger({ transports: [new Transport({ host, port, max_connect_retries: 5 })] });
    for (const uid of uids) logger.warn(message(uid), { tenant: 'acme', uid });
    endSoon();
  },
  'log4js-udp'() {
    const log4js = require('log4js');
    const appender = { type: '@log4js-node/logstashudp', host, port };
    log4js.configure({ appenders: { logstash: appender }, categories: { default: { appenders: ['logstash'], level: 'info' } } });
    for (const uid of uids) log4js.getLogger('orders').info(message(uid), { tenant: 'acme', uid }); // under `fields`
    endSoon();
  },
  'pino-tcp': () => pinoSocket('tcp'),
  'pino-udp': () => pinoSocket('udp'),
};

function pinoSocket(mode) {
  const pino = require('pino');
  const transport = pino.transport({ target: 'pino-socket', options: { address: host, port, mode } });
  const logger = pino({ base: { tenant: 'acme' } }, transport);
  transport.on('ready', () => {
    for (const uid of uids) logger.info({ uid }, message(uid));
    endSoon();
  });
}

clients[name]();
