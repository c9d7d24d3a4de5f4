#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <ctime>

#include "base/time.hpp"
#include "input_harness.hpp"
#include "plugins/inputs/file/glob.hpp"
#include "plugins/inputs/file/sincedb.hpp"

using namespace sluice;
using namespace sluice::test;
namespace file = sluice::plugins::file;

namespace {

std::string field(const Got& got, const std::string& name) {
  const std::string start = "\"" + name + "\":\"";
  const size_t at = got.json.find(start);
  if (at == std::string::npos) return "(none)";
  const size_t from = at + start.size();
  return got.json.substr(from, got.json.find('"', from) - from);
}

std::string messages(const std::vector<Got>& got) {
  std::string all;
  for (const auto& one : got) all += (all.empty() ? "" : "|") + field(one, "message");
  return all;
}

/// The options of a quick watcher on `path`, with its sincedb in the same directory.
std::string tail(const TempDir& dir, const std::string& pattern, const std::string& more = {}) {
  return "file { path => \"" + dir.path(pattern) + "\" sincedb_path => \"" + dir.path("sincedb") +
         "\" stat_interval => \"10 ms\" discover_interval => 2 sincedb_write_interval => \"20 ms\" "
         "start_position => beginning " +
         more + " }";
}

std::string read_mode(const TempDir& dir, const std::string& pattern, const std::string& more = {}) {
  return tail(dir, pattern, "mode => read " + more);
}

void write_gzip(const std::string& path, const std::string& text) {
  gzFile out = ::gzopen(path.c_str(), "wb");
  ::gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(out);
}

}  // namespace

TEST_CASE("file follows a file, with path and host, line by line") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo\nunfin");
  Running run(tail(dir, "a.log"));
  REQUIRE(run.start().ok());
  auto got = run.sink.take(2);
  CHECK(messages(got) == "one|two");
  CHECK(field(got[0], "path") == dir.path("a.log"));
  CHECK(field(got[0], "host") == "test-host");
  CHECK(got[1].position == 4);
  CHECK(got[0].metadata.find(dir.path("a.log")) != std::string::npos);
  append_file(dir.path("a.log"), "ished\n\nlast\n");
  CHECK(messages(run.sink.take(3)) == "unfinished||last");
}

TEST_CASE("file uses the ECS layout") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  Running run(tail(dir, "a.log"), "v8");
  REQUIRE(run.start().ok());
  const auto got = run.sink.take(1);
  REQUIRE(got.size() == 1);
  CHECK(got[0].json.find(R"("log":{"file":{"path":)") != std::string::npos);
  CHECK(got[0].json.find(R"("host":{"name":"test-host"})") != std::string::npos);
}

TEST_CASE("file begins known files at their end, and files that come later at their beginning") {
  TempDir dir;
  write_file(dir.path("old.log"), "before\n");
  Running run("file { path => \"" + dir.path("*.log") +
              "\" sincedb_path => \"/dev/null\" stat_interval => 0.01 discover_interval => 1 }");
  REQUIRE(run.start().ok());
  // The first look has been taken when a later file's line arrives.
  write_file(dir.path("later.txt"), "x\n");
  CHECK(run.sink.take(1, 300).empty());
  append_file(dir.path("old.log"), "after\n");
  CHECK(messages(run.sink.take(1)) == "after");
  write_file(dir.path("new.log"), "first\n");
  CHECK(messages(run.sink.take(1)) == "first");
}

TEST_CASE("file goes on after a restart where delivery ended: nothing lost, nothing twice") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo\n");
  {
    Running run(tail(dir, "a.log"));
    REQUIRE(run.start().ok());
    CHECK(run.sink.take(2).size() == 2);
    run.sink.settle();
    append_file(dir.path("a.log"), "three\n");
    CHECK(messages(run.sink.take(1)) == "three");
    run.stop();
    run.sink.settle(false);  // the pipeline gave it up at its end
    run.close();
  }
  append_file(dir.path("a.log"), "four\n");
  Running run(tail(dir, "a.log"));
  REQUIRE(run.start().ok());
  CHECK(messages(run.sink.take(2)) == "three|four");
}

TEST_CASE("file knows a file again whose birth lies ahead because the clock was set back") {
  set_wall_clock([] {
    constexpr int64_t kHour = 3'600'000'000'000;
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec - kHour;
  });
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo\n");
  {
    Running run(tail(dir, "a.log"));
    REQUIRE(run.start().ok());
    CHECK(run.sink.take(2).size() == 2);
    run.sink.settle();
    run.stop();
    run.close();
  }
  append_file(dir.path("a.log"), "three\n");
  Running run(tail(dir, "a.log"));
  REQUIRE(run.start().ok());
  CHECK(messages(run.sink.take(1)) == "three");
  run.stop();
  set_wall_clock(nullptr);
}

TEST_CASE("file saves nothing that is not delivered, and saves in order") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  Running run(tail(dir, "a.log"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(1).size() == 1);
  auto first = run.sink.detach();
  append_file(dir.path("a.log"), "two\n");
  CHECK(run.sink.take(1).size() == 1);
  run.sink.settle();
  REQUIRE(run.sink.wait([&] { return !read_file(dir.path("sincedb")).empty(); }));
  CHECK(read_file(dir.path("sincedb")).find(" 0 ") != std::string::npos);
  first.clear();
  CHECK(run.sink.wait([&] { return read_file(dir.path("sincedb")).find(" 8 ") != std::string::npos; }));
}

TEST_CASE("file reads Logstash's sincedb, of both versions") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo\n");
  file::FileInfo info;
  REQUIRE(file::look_at(dir.path("a.log"), info));
  const std::string id = std::to_string(info.id.inode) + " " + std::to_string(info.id.major) + " " +
                         std::to_string(info.id.minor);
  for (const auto& rest : {" 4 9999999999.5 " + dir.path("a.log"), std::string(" 4")}) {
    write_file(dir.path("sincedb"), "what is this\n" + id + rest + "\n");
    Running run(tail(dir, "a.log"));
    REQUIRE(run.start().ok());
    CHECK(messages(run.sink.take(1)) == "two");
  }
}

TEST_CASE("file follows a rename: the rest of the old file, then the new one") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  Running run(tail(dir, "a.log"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(1).size() == 1);
  append_file(dir.path("a.log"), "two\n");
  ::rename(dir.path("a.log").c_str(), dir.path("a.log.1").c_str());
  append_file(dir.path("a.log.1"), "three\n");
  write_file(dir.path("a.log"), "four\n");
  std::string all = messages(run.sink.take(3));
  CHECK(all.find("two") != std::string::npos);
  CHECK(all.find("three") != std::string::npos);
  CHECK(all.find("four") != std::string::npos);
}

TEST_CASE("file does not read a renamed file again when its new name matches too") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  Running run(tail(dir, "a.log*"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(1).size() == 1);
  ::rename(dir.path("a.log").c_str(), dir.path("a.log.1").c_str());
  write_file(dir.path("a.log"), "two\n");
  append_file(dir.path("a.log.1"), "late\n");
  const auto all = messages(run.sink.take(2));
  CHECK((all == "two|late" || all == "late|two"));
  CHECK(run.sink.take(1, 100).empty());
}

TEST_CASE("file begins anew when a file is truncated in place") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo\n");
  Running run(tail(dir, "a.log"));
  REQUIRE(run.start().ok());
  const auto before = run.sink.take(2);
  REQUIRE(before.size() == 2);
  run.sink.settle();
  write_file(dir.path("a.log"), "x\n");
  const auto after = run.sink.take(1);
  REQUIRE(after.size() == 1);
  CHECK(messages(after) == "x");
  CHECK(before[0].stream != after[0].stream);  // position 0 of another text
  run.sink.settle();
  CHECK(run.sink.wait([&] { return read_file(dir.path("sincedb")).find(" 2 ") != std::string::npos; }));
}

TEST_CASE("file reads what takes a deleted file's place") {
  TempDir dir;
  Running run(tail(dir, "*.log"));
  REQUIRE(run.start().ok());
  for (int i = 0; i < 5; ++i) {
    // The file system likes to give the same inode again.
    write_file(dir.path("a.log"), "text number " + std::to_string(i) + "\n");
    CHECK(messages(run.sink.take(1)) == "text number " + std::to_string(i));
    run.sink.settle();
    ::unlink(dir.path("a.log").c_str());
  }
}

TEST_CASE("file finds files by globs at any depth, and leaves out what exclude names") {
  TempDir dir;
  std::filesystem::create_directories(dir.path("x/y"));
  for (const auto* name : {"a.log", "x/b.log", "x/y/c.log", "x/y/d.txt", "x/skip.log", ".hidden.log"})
    write_file(dir.path(name), std::string(name) + "\n");
  CHECK(file::expand_glob(dir.path("**/*.log")).size() == 4);
  CHECK(file::expand_glob(dir.path("{a,x/b}.log")).size() == 2);
  CHECK(file::expand_glob(dir.path("x/*/?.[lt]*")).size() == 2);
  Running run(tail(dir, "**/*.log", "exclude => \"sk*\" file_sort_by => path"));
  REQUIRE(run.start().ok());
  CHECK(messages(run.sink.take(3)) == "a.log|x/b.log|x/y/c.log");
  CHECK(run.sink.take(1, 100).empty());
}

TEST_CASE("file keeps multiline groups of its files apart, and unacknowledged until they are whole") {
  TempDir dir;
  write_file(dir.path("a.log"), "a1\n more\n");
  write_file(dir.path("b.log"), "b1\n more\n");
  Running run(tail(dir, "*.log", "codec => multiline { pattern => \"^ \" what => previous }"));
  REQUIRE(run.start().ok());
  run.sink.take_until([&] { return false; }, 100);
  run.sink.settle();
  append_file(dir.path("a.log"), "a2\n");
  const auto group = run.sink.take(1);
  CHECK(messages(group) == "a1\\n more");
  CHECK(group.at(0).position == 0);
  run.sink.settle();
  // a2 is still in the codec, so the file cannot be saved to its end.
  REQUIRE(run.sink.wait([&] { return read_file(dir.path("sincedb")).find(" 9 ") != std::string::npos; }));
  CHECK(read_file(dir.path("sincedb")).find(" 12 ") == std::string::npos);
  run.stop();
  const auto rest = run.sink.take(2);
  CHECK(messages(rest).find("b1\\n more") != std::string::npos);
  CHECK(rest.at(0).position + rest.at(1).position == 9);
}

TEST_CASE("file cuts lines that are too long, and goes on behind them") {
  TempDir dir;
  write_file(dir.path("a.log"), "short\n" + std::string(5000, 'x') + "\nnext\n");
  Running run(tail(dir, "a.log", "max_line_bytes => \"1 KiB\" file_chunk_size => 100"));
  REQUIRE(run.start().ok());
  const auto got = run.sink.take(3);
  REQUIRE(got.size() == 3);
  CHECK(field(got[1], "message") == std::string(1024, 'x'));
  CHECK(field(got[2], "message") == "next");
  CHECK(run.metrics.counter("lines_cut").get() == 1);
}

TEST_CASE("file splits at any delimiter") {
  TempDir dir;
  write_file(dir.path("a.log"), "one<end>two<en<end>three<end>");
  Running run(tail(dir, "a.log", "delimiter => \"<end>\" file_chunk_size => 7"));
  REQUIRE(run.start().ok());
  CHECK(messages(run.sink.take(3)) == "one|two<en|three");
}

TEST_CASE("mode read reads to the end, the unfinished last line too, and deletes what is delivered") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo");
  Running run(read_mode(dir, "*.log", "exit_after_read => true"));
  REQUIRE(run.start().ok());
  CHECK(messages(run.sink.take(2)) == "one|two");
  CHECK_FALSE(run.sink.wait_ended(100));
  CHECK(std::filesystem::exists(dir.path("a.log")));
  run.sink.settle();
  CHECK(run.sink.wait_ended());
  CHECK_FALSE(std::filesystem::exists(dir.path("a.log")));
}

TEST_CASE("mode read logs completed files and does not read them again") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  const std::string more =
      "exit_after_read => true file_completed_action => log file_completed_log_path => \"" +
      dir.path("done") + "\"";
  for (int i = 0; i < 2; ++i) {
    Running run(read_mode(dir, "*.log", more));
    REQUIRE(run.start().ok());
    CHECK(run.sink.take(1, i == 0 ? kPatienceMillis : 100).size() == (i == 0 ? 1 : 0));
    run.sink.settle();
    CHECK(run.sink.wait_ended());
  }
  CHECK(read_file(dir.path("done")) == dir.path("a.log") + "\n");
}

TEST_CASE("mode read unpacks gzip files, of several members too") {
  TempDir dir;
  write_gzip(dir.path("a.gz"), "one\ntwo\n");
  write_gzip(dir.path("b.gzip"), "three");
  append_file(dir.path("a.gz"), read_file(dir.path("b.gzip")));
  ::unlink(dir.path("b.gzip").c_str());
  Running run(read_mode(dir, "*.gz*", "exit_after_read => true file_chunk_size => 3"));
  REQUIRE(run.start().ok());
  CHECK(messages(run.sink.take(3)) == "one|two|three");
  run.sink.settle();
  CHECK(run.sink.wait_ended());
  CHECK_FALSE(std::filesystem::exists(dir.path("a.gz")));
}

TEST_CASE("mode read leaves damaged archives alone") {
  TempDir dir;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + "\n";
  write_gzip(dir.path("a.gz"), text);
  ::truncate(dir.path("a.gz").c_str(), 20'000);
  Running checked(read_mode(dir, "*.gz", "exit_after_read => true check_archive_validity => true"));
  REQUIRE(checked.start().ok());
  CHECK(checked.sink.wait_ended());
  CHECK(std::filesystem::exists(dir.path("a.gz")));
  Running run(read_mode(dir, "*.gz", "exit_after_read => true"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take_until([&] { return run.sink.finished() == 1; }).size() > 1000);
  run.sink.settle();
  CHECK(run.sink.wait_ended());
  CHECK(std::filesystem::exists(dir.path("a.gz")));
}

TEST_CASE("file closes what is idle and reads on when it grows") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  write_file(dir.path("b.log"), "two\n");
  Running run(tail(dir, "*.log", "close_older => \"30 ms\" max_open_files => 1"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(2).size() == 2);
  append_file(dir.path("a.log"), "three\n");
  CHECK(messages(run.sink.take(1)) == "three");
}

TEST_CASE("file ignores old files until they change") {
  TempDir dir;
  write_file(dir.path("a.log"), "old\n");
  const timespec times[2] = {{1'000'000, 0}, {1'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, dir.path("a.log").c_str(), times, 0) == 0);
  Running run(tail(dir, "a.log", "ignore_older => 3600"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(1, 100).empty());
  append_file(dir.path("a.log"), "new\n");
  CHECK(messages(run.sink.take(1)) == "new");
}

TEST_CASE("file keeps its sincedb under path.data, named by the MD5 of its paths") {
  CHECK(file::Sincedb::default_path("/data", {"/var/log/a", "/var/log/b"}) ==
        "/data/plugins/inputs/file/.sincedb_608e1ae3675a862ccf4e4057fc52a92a");
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  Running run("file { path => \"" + dir.path("a.log") + "\" start_position => beginning }", "disabled",
              dir.path("data"));
  REQUIRE(run.start().ok());
  CHECK(run.sink.take(1).size() == 1);
  run.sink.settle();
  run.close();
  CHECK(read_file(file::Sincedb::default_path(dir.path("data"), {dir.path("a.log")})).find(" 4 ") !=
        std::string::npos);
}

TEST_CASE("file waits while the pipeline is full") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\n");
  Running run(tail(dir, "a.log"));
  run.sink.set_full(true);
  REQUIRE(run.start().ok());
  CHECK_FALSE(run.sink.wait([&] { return run.sink.queued() > 0; }, 100));
  run.sink.set_full(false);
  CHECK(run.sink.take(1).size() == 1);
}

TEST_CASE("file says which options are wrong") {
  CHECK(faults("file { path => \"relative.log\" }").find("must be absolute") != std::string::npos);
  CHECK(faults("file { path => \"/x\" exit_after_read => true }").find("E0308") != std::string::npos);
  CHECK(faults("file { path => \"/x\" mode => read file_completed_action => log }")
            .find("file_completed_log_path") != std::string::npos);
  CHECK(faults("file { path => \"/x\" sincedb_path => \"/tmp\" }").find("received a directory") !=
        std::string::npos);
  CHECK(faults("file { path => \"/x\" mode => follow }").find("E0") != std::string::npos);
  CHECK(faults("file { path => \"/x\" }").empty());
}

TEST_CASE("file names events by place and line, the same in every run, when an output asks for it") {
  TempDir dir;
  write_file(dir.path("a.log"), "one\ntwo\ntwo\n");
  const auto names = [&] {
    Running run(tail(dir, "a.log"));
    REQUIRE(run.start(true).ok());
    std::vector<std::pair<uint64_t, uint64_t>> all;
    for (const auto& got : run.sink.take(3)) all.emplace_back(got.digest, got.position);
    run.stop();
    run.sink.settle(false);
    return all;
  };
  const auto first = names();
  REQUIRE(first.size() == 3);
  CHECK(first[0].first != 0);
  CHECK(first[1] != first[2]);
  CHECK(names() == first);
  // The file is written anew behind a head that stays: another line at a place that had one before.
  write_file(dir.path("a.log"), "one\nTWO\ntwo\n");
  const auto changed = names();
  REQUIRE(changed.size() == 3);
  CHECK(changed[0] == first[0]);
  CHECK(changed[1] != first[1]);
  CHECK(changed[2] == first[2]);
}
