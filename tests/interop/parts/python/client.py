"""client.py NAME PORT COUNT: logs COUNT messages to 127.0.0.1:PORT with a published Python client, and ends when they are sent.

Message n is `py-n grüß "quoted"` and a second line; `uid` (py-n) and `tenant` (acme) are extra fields.
"""
import logging
import sys
import time

NAME, PORT, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def log_with(handler, pause=0.0):
    logger = logging.getLogger("shop.orders")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    for n in range(COUNT):
        logger.info('py-%d gr\u00fc\u00df "quoted"\nsecond line', n, extra={"uid": f"py-{n}", "tenant": "acme"})
        time.sleep(pause)
    logging.shutdown()  # the asynchronous handler sends what it has


def asynchronous(transport, pause=0.0, **formatting):
    from logstash_async.formatter import LogstashFormatter
    from logstash_async.handler import AsynchronousLogstashHandler

    handler = AsynchronousLogstashHandler("127.0.0.1", PORT, database_path=None, transport=transport)
    if formatting:
        handler.setFormatter(LogstashFormatter(**formatting))
    log_with(handler, pause)


def async_tcp():
    """As it comes: extra fields are under `extra`."""
    asynchronous("logstash_async.transport.TcpTransport")


def async_tcp_flat():
    asynchronous("logstash_async.transport.TcpTransport", extra_prefix="")


def async_udp_flat():
    asynchronous("logstash_async.transport.UdpTransport", extra_prefix="")


def logstash_tcp():
    import logstash

    log_with(logstash.TCPLogstashHandler("127.0.0.1", PORT, version=1))


{function.__name__: function for function in (async_tcp, async_tcp_flat, async_udp_flat, logstash_tcp)}[NAME]()
