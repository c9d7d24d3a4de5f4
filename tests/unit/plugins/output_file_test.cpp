#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "output_fixture.hpp"
#include "plugins/outputs/file_path.hpp"

using namespace sluice;
using test::OutputTest;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/sluice-file-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string read_gzip(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file);
  std::string out;
  char buffer[4096];
  for (int n = 0; (n = gzread(file, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(n));
  gzclose(file);
  return out;
}

bool open_somewhere(const std::string& path) {
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (fs::read_symlink(entry.path(), error) == path) return true;
  }
  return false;
}

const std::string kLine = "codec => line { format => \"%{m}\" } ";

}  // namespace

TEST_CASE("a batch is confirmed when its events are in the file") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path + "/a/b/%{who}.log\" " + kLine + "}"), t.problem);
  t.write({R"({"m":"1","who":"x"})", R"({"m":"2","who":"y"})", R"({"m":"3","who":"x"})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(read(folder.path + "/a/b/x.log") == "1\n3\n");
  CHECK(read(folder.path + "/a/b/y.log") == "2\n");
}

TEST_CASE("events are JSON lines by default") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path + "/o\" }"), t.problem);
  t.write({R"({"@timestamp":"2026-11-21T00:00:00.000Z","@version":"1","m":1})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(read(folder.path + "/o") ==
        "{\"@timestamp\":\"2026-11-21T00:00:00.000Z\",\"@version\":\"1\",\"m\":1}\n");
}

TEST_CASE("a field cannot lead the path out of its fixed folder") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path + "/in/%{who}.log\" " + kLine + "}"), t.problem);
  t.write({R"({"m":"1","who":"../evil"})", R"({"m":"2","who":"sub/../fine"})"});
  REQUIRE(t.wait_delivered(1));
  CHECK_FALSE(fs::exists(folder.path + "/evil.log"));
  CHECK(read(folder.path + "/in/_filepath_failures") == "1\n");
  CHECK(read(folder.path + "/in/fine.log") == "2\n");
}

TEST_CASE("a name that no file can have goes to the failure file, others are not held up") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path +
                          "/in/%{who}.log\" filename_failure => \"bad\" " + kLine + "}"),
                  t.problem);
  t.write({R"({"m":"1","who":")" + std::string(300, 'x') + R"("})", R"({"m":"2","who":"y"})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(read(folder.path + "/in/bad") == "1\n");
  CHECK(read(folder.path + "/in/y.log") == "2\n");
}

TEST_CASE("the first folder of the path must be fixed") {
  OutputTest t;
  CHECK(t.build("file { path => \"/%{who}/x.log\" }") == nullptr);
  CHECK(t.says("first folder"));
}

TEST_CASE("a file that is removed is made again, unless create_if_deleted forbids it") {
  Folder folder;
  const std::string path = folder.path + "/x.log";
  {
    OutputTest t;
    REQUIRE_MESSAGE(t.start("file { path => \"" + path + "\" " + kLine + "}"), t.problem);
    t.write({R"({"m":"1"})"});
    REQUIRE(t.wait_delivered(1));
    fs::remove(path);
    t.write({R"({"m":"2"})"});
    REQUIRE(t.wait_delivered(2));
    CHECK(read(path) == "2\n");
  }
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + path + "\" create_if_deleted => false " + kLine + "}"),
                  t.problem);
  t.write({R"({"m":"3"})"});
  REQUIRE(t.wait_delivered(1));
  fs::remove(path);
  t.write({R"({"m":"4"})"});
  REQUIRE(t.wait_delivered(2));
  CHECK_FALSE(fs::exists(path));
  CHECK(read(folder.path + "/_filepath_failures") == "4\n");
}

TEST_CASE("gzip files are whole at any time and confirmed with their member") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start("file { path => \"" + folder.path + "/x.gz\" gzip => true flush_interval => 0 " + kLine + "}"),
      t.problem);
  t.write({R"({"m":"1"})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(read_gzip(folder.path + "/x.gz") == "1\n");
  t.write({R"({"m":"2"})"});
  REQUIRE(t.wait_delivered(2));
  CHECK(read_gzip(folder.path + "/x.gz") == "1\n2\n");
}

TEST_CASE("flush writes compressed data that is being gathered") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path + "/x.gz\" gzip => true flush_interval => 600 " +
                          kLine + "}"),
                  t.problem);
  t.write({R"({"m":"1"})"});
  CHECK(t.delivered == 0);
  t.built.plugin->flush();
  REQUIRE(t.wait_delivered(1));
  CHECK(read_gzip(folder.path + "/x.gz") == "1\n");
}

TEST_CASE("overwrite keeps the newest event only") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start("file { path => \"" + folder.path + "/x\" write_behavior => \"overwrite\" " + kLine + "}"),
      t.problem);
  t.write({R"({"m":"long text"})", R"({"m":"1"})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(read(folder.path + "/x") == "1\n");
  t.write({R"({"m":"2"})"});
  REQUIRE(t.wait_delivered(2));
  CHECK(read(folder.path + "/x") == "2\n");
}

TEST_CASE("modes of files and folders are the ones asked for") {
  Folder folder;
  OutputTest t;
  REQUIRE_MESSAGE(
      t.start("file { path => \"" + folder.path + "/d/%{m}\" file_mode => 0640 dir_mode => 488 }"),
      t.problem);
  t.write({R"({"m":"1"})"});
  REQUIRE(t.wait_delivered(1));
  struct stat s {};
  REQUIRE(::stat((folder.path + "/d/1").c_str(), &s) == 0);
  CHECK((s.st_mode & 07777) == 0640);
  REQUIRE(::stat((folder.path + "/d").c_str(), &s) == 0);
  CHECK((s.st_mode & 07777) == 0750);
}

TEST_CASE("a full disk holds events back until there is room") {
  Folder folder;
  const std::string path = folder.path + "/full";
  fs::create_symlink("/dev/full", path);
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + path + "\" " + kLine + "}"), t.problem);
  t.write({R"({"m":"1"})"});
  t.write({R"({"m":"2"})"});
  while (!open_somewhere("/dev/full")) std::this_thread::yield();
  CHECK(t.delivered == 0);
  fs::remove(path);
  REQUIRE(t.wait_delivered(2));
  CHECK(read(path) == "1\n2\n");
}

TEST_CASE("a worker does not get far ahead of the writing") {
  Folder folder;
  OutputTest t;
  // Compressing takes longer than making the next batch.
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path + "/f.gz\" gzip => true " + kLine + "}"),
                  t.problem);
  constexpr size_t kBytes = 256 << 10, kBatches = 64, kMostAhead = 16;
  std::string text;
  for (uint32_t i = 1; text.size() < kBytes; i = i * 1664525 + 1013904223) text += std::to_string(i);
  for (size_t i = 1; i <= kBatches; ++i) {
    t.write({R"({"m":")" + text + "\"}"});
    const std::scoped_lock lock(t.happened.mutex_);
    CHECK(i - t.delivered <= kMostAhead);
  }
  t.built.plugin->flush();
  REQUIRE(t.wait_delivered(kBatches));
}

TEST_CASE("events that wait for a file that cannot be written hold up no others") {
  Folder folder;
  fs::create_symlink("/dev/full", folder.path + "/full");
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"" + folder.path + "/%{f}\" " + kLine + "}"), t.problem);
  const std::string text(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) t.write({R"({"f":"full","m":")" + text + "\"}"});
  t.write({R"({"f":"good","m":"1"})"});
  REQUIRE(t.wait_delivered(1));
  CHECK(read(folder.path + "/good") == "1\n");
}

TEST_CASE("what cannot be written before the end is not confirmed") {
  OutputTest t;
  REQUIRE_MESSAGE(t.start("file { path => \"/dev/full\" }"), t.problem);
  t.write({R"({"m":"1"})"});
  t.built.plugin->stop();
  CHECK(t.abandoned == 1);
  CHECK(t.delivered == 0);
}

TEST_CASE("paths are resolved as text") {
  CHECK(plugins::expand_path("/a/./b//c/../d") == "/a/b/d");
  CHECK(plugins::expand_path("/../..") == "/");
  const plugins::PathRules rules("/var/log/%{host}/x.log", "failed");
  CHECK(rules.failure_path() == "/var/log/failed");
  CHECK(rules.inside("/var/log/h/x.log"));
  CHECK_FALSE(rules.inside("/var/log/../x.log"));
  CHECK_FALSE(rules.inside("/var/logs/x.log"));
}
