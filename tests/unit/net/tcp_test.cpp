#include <atomic>
#include <thread>

#include "net_test.hpp"

using namespace sluice;
using namespace sluice::net;
using namespace sluice::net::testing;

TEST_CASE("slabs are recycled, may outlive their pool, and are padded") {
  SlabRef survivor;
  {
    SlabPool pool;
    SlabRef first = pool.allocate(1000);
    CHECK(first.capacity() == 4096);
    CHECK(first.size() == 0);
    const char* at = first.data();
    for (size_t i = 0; i < SlabRef::kPadding; ++i) CHECK(first.data()[first.capacity() + i] == 0);
    SlabRef second = first;
    CHECK_FALSE(first.sole_owner());
    first.reset();
    CHECK(second.sole_owner());
    second.reset();
    CHECK(pool.stats().free_bytes == 4096);
    survivor = pool.allocate(4096);
    CHECK(survivor.data() == at);
    CHECK(pool.stats().allocations == 1);
    CHECK(pool.allocate(17 << 20).capacity() == 17 << 20);
    CHECK(pool.stats().in_use_bytes == 4096);
  }
  survivor.append("still here");
  CHECK(survivor.view() == "still here");
}

TEST_CASE("a loop runs posted work in order on its thread and ends after it") {
  std::vector<int> order;
  bool inside = false;
  bool refused = false;
  {
    Loop loop;
    REQUIRE(loop.start("test").ok());
    for (int i = 0; i < 1000; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.post([&] { inside = loop.in_loop(); });
    CHECK(loop.call([] { return 42; }) == 42);
    CHECK_FALSE(loop.in_loop());
    loop.post([&order] { order.push_back(1000); });
    loop.stop();
    loop.join();
    refused = !loop.post([] {});
    CHECK(loop.call([] { return 43; }) == 43);
  }
  CHECK(inside);
  CHECK(refused);
  REQUIRE(order.size() == 1001);
  for (int i = 0; i <= 1000; ++i) CHECK(order[static_cast<size_t>(i)] == i);
}

TEST_CASE(
    "a loop can run on the caller's thread, with timers that restart, repeat and die in their own call") {
  Loop loop;
  int once = 0;
  int many = 0;
  Timer one(loop);
  auto gone = std::make_unique<Timer>(loop);
  Timer repeated(loop);
  Timer cancelled(loop);
  cancelled.start(1, [] { FAIL("was cancelled"); });
  cancelled.stop();
  one.start(1, [&] {
    if (++once < 3) one.start(1, [&] { ++once; });
  });
  gone->start(1, [&] { gone.reset(); });
  repeated.start(
      1,
      [&] {
        if (++many == 5) loop.stop();
      },
      2);
  loop.run();
  CHECK(once == 2);
  CHECK(many == 5);
  CHECK_FALSE(gone);
}

TEST_CASE("bytes go both ways, both ends know the other, and the end is told with its reason") {
  Record server;
  Record client;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = echo(loop, server);
  CHECK(listener->port() != 0);
  auto connection = dial(loop, listener->port(), client);
  REQUIRE(client.wait_opened());
  loop.call([&] {
    CHECK(connection->peer().text() == "127.0.0.1:" + std::to_string(listener->port()));
    const Bytes parts[] = {Bytes("one "), Bytes::unowned("two "), Bytes(SlabRef::copy_of("three"))};
    connection->write(parts);
  });
  CHECK(client.wait_data("one two three"));
  CHECK(listener->connections() == 1);
  CHECK(listener->accepted() == 1);
  loop.call([&] { connection->close(); });
  REQUIRE(client.wait_closed());
  CHECK(client.reason.kind == CloseReason::local);
  REQUIRE(server.wait_closed());
  CHECK(server.reason.kind == CloseReason::peer);
  CHECK(server.ended == 1);
  CHECK(listener->connections() == 0);
}

TEST_CASE("what was written before the connection is open, and before close_after_writes(), arrives") {
  Record server;
  Record client;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = TcpListener::listen(loop, {.host = "127.0.0.1"}, [&](TcpConnection&) {
    return std::make_unique<RecordingHandler>(server);
  });
  REQUIRE(listener.ok());
  const std::string big(8 << 20, 'x');
  std::atomic<int> written = 0;
  loop.call([&] {
    auto connection = connect_tcp(loop, {.host = "127.0.0.1", .port = (*listener)->port()},
                                  std::make_unique<RecordingHandler>(client));
    connection->write(Bytes::unowned(big), [&](const Status& status) { written += status.ok(); });
    connection->close_after_writes();
  });
  REQUIRE(server.wait_closed());
  CHECK(server.bytes == big.size());
  CHECK(written == 1);
}

TEST_CASE("a paused connection holds its peer up and loses nothing") {
  Record server;
  Record client;
  std::shared_ptr<TcpConnection> accepted;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = TcpListener::listen(loop, {.host = "127.0.0.1"}, [&](TcpConnection& connection) {
    accepted = connection.shared_from_this();
    return std::make_unique<RecordingHandler>(
        server, [](TcpConnection& one, std::string_view) { one.pause_reading(); });
  });
  REQUIRE(listener.ok());
  auto connection = dial(loop, (*listener)->port(), client);
  const std::string big(32 << 20, 'y');
  loop.call([&] { connection->write(Bytes::unowned(big)); });
  REQUIRE(server.watch.wait([&] { return server.bytes > 0; }));
  const size_t waiting = loop.call([&] { return connection->pending_bytes(); });
  CHECK(waiting > (8 << 20));  // the rest cannot be in the kernel
  while (server.watch.read([&] { return server.bytes; }) < big.size()) {
    const size_t before = server.watch.read([&] { return server.bytes; });
    loop.call([&] { accepted->resume_reading(); });
    REQUIRE(server.watch.wait([&] { return server.bytes > before; }));
  }
  CHECK(server.bytes == big.size());
  loop.call([&] {
    accepted->close();
    accepted.reset();
  });
}

TEST_CASE("errors of listening and connecting name the place and the reason") {
  Record server;
  Record client;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = echo(loop, server);
  const auto port = std::to_string(listener->port());
  auto second = TcpListener::listen(loop, {.host = "127.0.0.1", .port = listener->port()},
                                    [](TcpConnection&) { return nullptr; });
  CHECK(second.message() == "port " + port + " on 127.0.0.1 is already in use");
  auto nowhere = TcpListener::listen(loop, {.host = "203.0.113.7"}, [](TcpConnection&) { return nullptr; });
  CHECK(nowhere.message() ==
        "cannot listen on port 0 on 203.0.113.7: the address is not one of this machine's");
  listener.reset();
  dial(loop, static_cast<uint16_t>(std::stoi(port)), client);
  REQUIRE(client.wait_closed());
  CHECK(client.reason.kind == CloseReason::connect);
  CHECK(client.reason.text == "cannot connect to 127.0.0.1:" + port + ": connection refused");
  CHECK(client.opened == 0);
}

TEST_CASE("names are resolved, and one that is not known is an error") {
  Record server;
  Record client;
  Record lost;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = echo(loop, server);
  auto connection = dial(loop, listener->port(), client, {.host = "localhost.localdomain"});
  auto unknown = dial(loop, listener->port(), lost, {.host = "no-such-host.invalid"});
  REQUIRE(lost.wait_closed());
  CHECK(lost.reason.kind == CloseReason::connect);
  CHECK(lost.reason.text.starts_with("cannot connect to no-such-host.invalid:" +
                                     std::to_string(listener->port())));
  REQUIRE(client.watch.wait([&] { return client.opened + client.closed > 0; }));
}

TEST_CASE("an idle connection is closed, one that is paused by us is not") {
  Record server;
  Record client;
  Record held;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = echo(loop, server, {.idle_timeout_millis = 50});
  auto connection = dial(loop, listener->port(), client);
  REQUIRE(server.wait_closed());
  CHECK(server.reason.kind == CloseReason::idle);
  REQUIRE(client.wait_closed());
  auto quiet =
      TcpListener::listen(loop, {.host = "127.0.0.1", .idle_timeout_millis = 20}, [&](TcpConnection& one) {
        one.pause_reading();
        return std::make_unique<RecordingHandler>(held);
      });
  auto other = dial(loop, (*quiet)->port(), client);
  Watch watch;
  bool later = false;
  auto timer = loop.call([&] { return std::make_unique<Timer>(loop); });
  loop.call([&] { timer->start(150, [&] { watch.change([&] { later = true; }); }); });
  REQUIRE(watch.wait([&] { return later; }));
  CHECK(held.watch.read([&] { return held.closed; }) == 0);
  loop.call([&] { timer.reset(); });
}

TEST_CASE("stopping a loop closes what is open and tells its handlers") {
  Record server;
  Record client;
  {
    Loop loop;
    REQUIRE(loop.start().ok());
    auto listener = echo(loop, server);
    auto connection = dial(loop, listener->port(), client);
    REQUIRE(client.wait_opened());
    REQUIRE(server.wait_opened());
    connection.reset();
    loop.stop();
    loop.join();
  }
  CHECK(server.closed + client.closed == 2);
  CHECK((server.reason.kind == CloseReason::stopped || client.reason.kind == CloseReason::stopped));
}

TEST_CASE("a thousand connections at once are served, and hold little while they are idle") {
  Record server;
  Record client;
  Loop server_loop;
  Loop client_loop;
  REQUIRE(server_loop.start("server").ok());
  REQUIRE(client_loop.start("client").ok());
  auto listener = echo(server_loop, server);
  std::vector<std::shared_ptr<TcpConnection>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(dial(client_loop, listener->port(), client));
  REQUIRE(client.wait_opened(1000));
  client_loop.call([&] {
    for (auto& one : all) one->write("hello");
  });
  REQUIRE(client.watch.wait([&] { return client.bytes == 5000; }));
  CHECK(SlabPool::shared().stats().in_use_bytes <= 256 << 10);
  client_loop.call([&] {
    for (auto& one : all) one->close();
  });
  REQUIRE(server.wait_closed(1000));
  CHECK(listener->connections() == 0);
}

TEST_CASE("more connections than allowed are closed when they come") {
  Record server;
  Record client;
  Record extra;
  Loop loop;
  REQUIRE(loop.start().ok());
  auto listener = echo(loop, server, {.access = {.max_connections = 1}});
  auto first = dial(loop, listener->port(), client);
  REQUIRE(server.wait_opened());
  auto second = dial(loop, listener->port(), extra);
  REQUIRE(extra.wait_closed());
  CHECK(client.watch.read([&] { return client.closed; }) == 0);
}

TEST_CASE("endpoints print as people write them") {
  char buffer[Endpoint::kTextSize];
  CHECK(Endpoint::parse("::1", 80)->text() == "[::1]:80");
  CHECK(Endpoint::parse("10.0.0.1", 5044)->address(buffer) == "10.0.0.1");
  CHECK(Endpoint::parse("::ffff:10.0.0.1", 1)->address() == "10.0.0.1");
  CHECK(*Endpoint::parse("::1", 80) == *Endpoint::parse("::1", 80));
  CHECK_FALSE(*Endpoint::parse("::1", 80) == *Endpoint::parse("::1", 81));
  CHECK(Endpoint::parse("nonsense", 1).message() == "'nonsense' is not an IP address");
}
