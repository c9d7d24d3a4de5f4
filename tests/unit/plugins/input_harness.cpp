#include "input_harness.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "event/json_write.hpp"
#include "lang/parser.hpp"
#include "plugins/registry.hpp"

namespace sluice::test {
namespace {

std::chrono::steady_clock::time_point deadline(int millis) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(millis);
}

plugin::Built<plugin::Input> build(const std::string& text, const plugin::Environment& environment,
                                   lang::Diagnostics& diagnostics) {
  plugins::register_all();
  lang::SourceSet sources;
  sources.add("test", "input { " + text + " }");
  const auto config = lang::parse(sources, {}, diagnostics);
  if (diagnostics.has_errors()) return {};
  const auto& node = config.sections.at(0).body.at(0).node;
  return plugin::build_input(*std::get<std::shared_ptr<const lang::Plugin>>(node), environment, diagnostics);
}

}  // namespace

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "sluice-test-XXXXXX").string();
  root_ = ::mkdtemp(name.data());
}
TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}
std::string TempDir::path(const std::string& name) const {
  return name.empty() ? root_.string() : (root_ / name).string();
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
void append_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}
std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

bool TestSink::push(std::shared_ptr<plugin::Stream> stream, plugin::Chunk chunk) {
  std::scoped_lock lock(mutex_);
  if (std::find(streams_.begin(), streams_.end(), stream) == streams_.end()) streams_.push_back(stream);
  work_.push_back({std::move(stream), std::move(chunk), false, {}});
  changed_.notify_all();
  return !full_;
}

void TestSink::finish(std::shared_ptr<plugin::Stream> stream, std::function<void()> done) {
  std::scoped_lock lock(mutex_);
  work_.push_back({std::move(stream), {}, true, std::move(done)});
  changed_.notify_all();
}

bool TestSink::ready() const {
  std::scoped_lock lock(mutex_);
  return !full_;
}

void TestSink::when_ready(std::function<void()> resume) {
  {
    std::scoped_lock lock(mutex_);
    if (full_) {
      waiting_.push_back(std::move(resume));
      return;
    }
  }
  resume();
}

bool TestSink::wait_ready(const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  // As in the engine, nobody rings for `stop`.
  while (full_ && !stop) changed_.wait_for(lock, std::chrono::milliseconds(5));
  return !stop;
}

void TestSink::ended() {
  std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool TestSink::step(std::vector<Got>& got) {
  Work work;
  {
    std::scoped_lock lock(mutex_);
    if (work_.empty()) return false;
    work = std::move(work_.front());
    work_.pop_front();
  }
  BatchRef batch = pool_.take();
  if (work.end) {
    work.stream->flush(*batch);
    std::scoped_lock lock(mutex_);
    ++finished_;
    std::erase(streams_, work.stream);
  } else {
    work.stream->decode(work.chunk, *batch);
  }
  work.chunk = {};
  for (const auto* event : batch->events()) {
    Buffer fields, metadata;
    write_json(*event, fields);
    write_json(event->metadata_value(), metadata);
    got.push_back({std::string(fields.view()), std::string(metadata.view()), event->position, event->digest,
                   std::string(batch->sources()[event->source].stream)});
  }
  batches_.push_back(std::move(batch));
  if (work.done) work.done();
  return true;
}

std::vector<Got> TestSink::take(size_t count, int patience_millis) {
  std::vector<Got> got;
  const auto until = deadline(patience_millis);
  while (got.size() < count) {
    if (step(got)) continue;
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, until, [&] { return !work_.empty(); })) break;
  }
  return got;
}

std::vector<Got> TestSink::take_until(const std::function<bool()>& done, int patience_millis) {
  std::vector<Got> got;
  const auto until = deadline(patience_millis);
  while (!done() && std::chrono::steady_clock::now() < until) {
    if (step(got)) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(5), [&] { return !work_.empty(); });
  }
  while (step(got)) {
  }
  return got;
}

std::vector<Got> TestSink::flush() {
  std::vector<std::shared_ptr<plugin::Stream>> all;
  {
    std::scoped_lock lock(mutex_);
    all = streams_;
    for (auto& stream : all) work_.push_back({stream, {}, true, {}});
  }
  std::vector<Got> got;
  while (step(got)) {
  }
  return got;
}

void TestSink::settle(bool delivered) {
  auto batches = std::move(batches_);
  batches_.clear();
  if (!delivered)
    for (auto& batch : batches) batch->abandon();
}

bool TestSink::wait_ended(int patience_millis) {
  std::vector<Got> got;
  const auto until = deadline(patience_millis);
  while (true) {
    while (step(got)) {
    }
    std::unique_lock lock(mutex_);
    if (ended_) return true;
    if (!changed_.wait_until(lock, until, [&] { return ended_ || !work_.empty(); })) return false;
  }
}

void TestSink::set_full(bool full) {
  std::vector<std::function<void()>> resumed;
  {
    std::scoped_lock lock(mutex_);
    full_ = full;
    if (!full) resumed.swap(waiting_);
  }
  changed_.notify_all();
  for (auto& resume : resumed) resume();
}

size_t TestSink::queued() const {
  std::scoped_lock lock(mutex_);
  return work_.size();
}

size_t TestSink::finished() const {
  std::scoped_lock lock(mutex_);
  return finished_;
}

bool TestSink::wait(const std::function<bool()>& test, int patience_millis) {
  const auto until = deadline(patience_millis);
  while (!test()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(2));
  }
  return true;
}

TestEngine::TestEngine() { (void)loop_.start("test"); }
TestEngine::~TestEngine() {
  loop_.stop();
  loop_.join();
}
void TestEngine::listening(std::string_view, std::string_view address) { addresses.emplace_back(address); }

Running::Running(const std::string& text, const std::string& ecs, const std::string& path_data) {
  engine.environment_.ecs_default = ecs;
  engine.environment_.node_name = "test-host";
  engine.environment_.path_data = path_data;
  auto built = build(text, engine.environment_, diagnostics);
  input = std::move(built.plugin);
  id_ = built.id;
  if (!input) {
    std::string all;
    for (const auto& item : diagnostics.items()) all += item.code + " " + item.message + "\n";
    throw std::runtime_error("the input was not built: " + all);
  }
}

Running::~Running() {
  close();
  sink.settle(false);
}

Status Running::start(bool name_events) {
  plugin::Start start{engine, metrics, id_, refuser, name_events};
  auto status = input->start(start, sink);
  started_ = status.ok();
  return status;
}

void Running::stop() {
  if (started_ && !stopped_) input->stop();
  stopped_ = true;
}

void Running::close() {
  stop();
  if (started_ && !closed_) input->close();
  closed_ = true;
}

uint16_t Running::port() const {
  const auto& address = engine.addresses.back();
  return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

std::string faults(const std::string& text) {
  plugin::Environment environment;
  environment.path_data = "/tmp";
  lang::Diagnostics diagnostics;
  (void)build(text, environment, diagnostics);
  std::string all;
  for (const auto& item : diagnostics.items()) all += item.code + " " + item.message + "\n";
  return all;
}

Client::Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) close();
}
Client::~Client() { close(); }
void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}
void Client::shut() { ::shutdown(fd_, SHUT_WR); }

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string Client::read(size_t count, int millis) {
  std::string all;
  while (all.size() < count) {
    pollfd waited{fd_, POLLIN, 0};
    if (::poll(&waited, 1, millis) <= 0) break;
    char text[4096];
    const ssize_t n = ::recv(fd_, text, std::min(sizeof text, count - all.size()), 0);
    if (n <= 0) break;
    all.append(text, static_cast<size_t>(n));
  }
  return all;
}

bool Client::closed(int millis) {
  pollfd waited{fd_, POLLIN, 0};
  if (::poll(&waited, 1, millis) <= 0) return false;
  char c;
  return ::recv(fd_, &c, 1, 0) <= 0;
}

uint16_t Client::local_port() const {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

}  // namespace sluice::test
