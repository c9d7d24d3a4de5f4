// A pipeline's entrance for tests of inputs: takes chunks, decodes them as a worker would, and lets the test
// decide when events are delivered.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event/batch.hpp"
#include "net/loop.hpp"
#include "plugin/spec.hpp"

namespace sluice::test {

constexpr int kPatienceMillis = 10'000;

/// A directory that goes with the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  [[nodiscard]] std::string path(const std::string& name = {}) const;

 private:
  std::filesystem::path root_;
};

void write_file(const std::string& path, std::string_view text);
void append_file(const std::string& path, std::string_view text);
std::string read_file(const std::string& path);

/// An event as the test looks at it.
struct Got {
  std::string json;      // of the fields
  std::string metadata;  // of @metadata
  uint64_t position;
  uint64_t digest;
  std::string stream;
};

class TestSink : public plugin::InputSink {
 public:
  bool push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk) override;
  void finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done) override;
  bool ready() const override;
  void when_ready(std::function<void()> resume) override;
  bool wait_ready(const std::atomic<bool>& stop) override;
  void ended() override;

  /// Decodes what comes until `count` more events are there; the events of this call, fewer when they do not
  /// come in time.
  std::vector<Got> take(size_t count, int patience_millis = kPatienceMillis);
  /// Decodes what is there and what comes until `done()`.
  std::vector<Got> take_until(const std::function<bool()>& done, int patience_millis = kPatienceMillis);
  /// Flushes every stream that has not ended.
  std::vector<Got> flush();
  /// Lets the batches of all calls so far go, as delivered or as given up.
  void settle(bool delivered = true);
  /// The batches of all calls so far, out of reach of settle(): letting them go delivers them.
  std::vector<BatchRef> detach() { return std::exchange(batches_, {}); }
  /// Waits until the input has said that it has ended, while decoding.
  bool wait_ended(int patience_millis = kPatienceMillis);
  /// Answers "full" from now on, or lets inputs go on.
  void set_full(bool full);
  [[nodiscard]] size_t queued() const;
  [[nodiscard]] size_t finished() const;
  /// Waits for `test` to become true while chunks come (without decoding them).
  bool wait(const std::function<bool()>& test, int patience_millis = kPatienceMillis);

 private:
  struct Work {
    std::shared_ptr<plugin::Stream> stream;
    plugin::Chunk chunk;
    bool end = false;
    std::function<void()> done;
  };
  bool step(std::vector<Got>& got);  // decodes one piece of work, if there is one

  BatchPool pool_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> work_;
  std::vector<std::shared_ptr<plugin::Stream>> streams_;
  std::vector<BatchRef> batches_;
  std::vector<std::function<void()>> waiting_;
  size_t finished_ = 0;
  bool full_ = false;
  bool ended_ = false;
};

class TestEngine : public plugin::Engine {
 public:
  TestEngine();
  ~TestEngine() override;
  net::Loop& input_loop() override { return loop_; }
  net::Loop& output_loop() override { return loop_; }
  void background(std::function<void()> job) override { job(); }
  const plugin::Environment& environment() const override { return environment_; }
  void listening(std::string_view what, std::string_view address) override;

  plugin::Environment environment_;
  std::vector<std::string> addresses;

 private:
  net::Loop loop_;
};

/// An input built from config text (`tcp { port => 0 }`), with its engine and sink.
class Running {
 public:
  explicit Running(const std::string& text, const std::string& ecs = "disabled",
                   const std::string& path_data = {});
  ~Running();
  /// `name_events`: as an output that tells events apart asks for it.
  Status start(bool name_events = false);
  void stop();
  void close();
  /// The port of the last address that the input said it listens on.
  [[nodiscard]] uint16_t port() const;

  TestEngine engine;
  TestSink sink;
  lang::Diagnostics diagnostics;
  plugin::PluginMetrics metrics;
  plugin::Counter refused;
  plugin::Refuser refuser{"input", "test", "test.conf:1:1", nullptr, refused, metrics};
  std::unique_ptr<plugin::Input> input;

 private:
  std::string id_;
  bool started_ = false;
  bool stopped_ = false;
  bool closed_ = false;
};

/// What building the input finds fault with: "E0308 message", one a line.
std::string faults(const std::string& text);

/// A blocking TCP client on 127.0.0.1 with a timeout on reads.
class Client {
 public:
  explicit Client(uint16_t port);
  ~Client();
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  bool send(std::string_view bytes);
  /// Exactly `count` bytes, fewer at the end of the stream or after the timeout.
  std::string read(size_t count, int millis = kPatienceMillis);
  /// True when the peer has closed.
  bool closed(int millis = kPatienceMillis);
  void shut();
  void close();
  [[nodiscard]] uint16_t local_port() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace sluice::test
