#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/verify_run.hpp"

namespace sluice::cli {
namespace {

constexpr int kTrouble = 2;

struct Outcome {
  const VerifyCase* test;
  std::vector<std::string> found;  // empty: passed
  double seconds;
};

struct FileOutcome {
  VerifyFile file;
  std::vector<Outcome> cases;
};

Result<runtime::LoadedConfig> load(const std::string& path, const settings::Settings& settings,
                                   const settings::Variables& variables) {
  runtime::LoadedConfig loaded;
  const runtime::ConfigSource source{path, {}, settings.boolean("config.support_escapes"), variables};
  if (auto status = runtime::read_config(source, loaded); !status.ok()) return status;
  auto environment = environment_of(settings);
  environment.check_only = true;
  runtime::compile_config(loaded, environment);
  loaded.diagnostics.sort();
  if (loaded.plan && !loaded.diagnostics.has_errors()) return loaded;
  const auto text = lang::render_report(loaded.diagnostics, loaded.sources, false);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return Status::config("the config has errors: see above");
}

Result<FileOutcome> verify_file(const std::string& path, const settings::Settings& settings,
                                const settings::Variables& variables) {
  auto read = read_verify_file(path);
  if (!read.ok()) return read.status();
  FileOutcome outcome{std::move(read).value(), {}};
  const auto& config = outcome.file.config.empty() ? settings.text("path.config") : outcome.file.config;
  if (config.empty())
    return Status::config(path + ": which config? Write `config: PATH` in the file, or give -f PATH");
  for (const auto& one : outcome.file.cases) {
    const auto begin = std::chrono::steady_clock::now();
    // New filters for every case: they must not remember another.
    auto loaded = load(config, settings, variables);
    if (!loaded.ok()) return loaded.status();
    auto bench = FilterBench::make(std::move(loaded).value(), environment_of(settings));
    if (!bench.ok()) return bench.status();
    auto found = (*bench)->run(one, outcome.file.ignored);
    if (!found.ok()) return Status::config(fmt::format("{}:{}: {}", path, one.line, found.message()));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    outcome.cases.push_back({&one, std::move(found).value(), seconds.count()});
  }
  return outcome;
}

size_t failures(const FileOutcome& outcome) {
  size_t failed = 0;
  for (const auto& one : outcome.cases) failed += one.found.empty() ? 0 : 1;
  return failed;
}

void print_text(const std::vector<FileOutcome>& all) {
  size_t passed = 0, failed = 0;
  for (const auto& outcome : all) {
    for (const auto& one : outcome.cases) {
      if (one.found.empty()) continue;
      fmt::print("FAILED {}:{}: {}\n", outcome.file.path, one.test->line, one.test->name);
      for (const auto& line : one.found) fmt::print("    {}\n", line);
    }
    failed += failures(outcome);
    passed += outcome.cases.size() - failures(outcome);
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
}

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      out += '?';  // XML 1.0 has no way to write it
    else
      out += c;
  }
  return out;
}

// The form that Jenkins, GitLab and others read.
void print_junit(const std::vector<FileOutcome>& all) {
  fmt::print("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
  for (const auto& outcome : all) {
    fmt::print("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", xml(outcome.file.path),
               outcome.cases.size(), failures(outcome));
    for (const auto& one : outcome.cases) {
      fmt::print("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6f}\"",
                 xml(outcome.file.path), xml(one.test->name), xml(outcome.file.path), one.test->line,
                 one.seconds);
      if (one.found.empty()) {
        fmt::print("/>\n");
        continue;
      }
      fmt::print(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", xml(one.found.front()),
                 xml(fmt::format("{}", fmt::join(one.found, "\n"))));
    }
    fmt::print("  </testsuite>\n");
  }
  fmt::print("</testsuites>\n");
}

}  // namespace

int verify_filters(const Arguments& args, const settings::Settings& settings,
                   const settings::Variables& variables) {
  const auto trouble = [](const std::string& text) {
    fail(text);
    return kTrouble;
  };
  if (args.operands.empty()) return trouble("verify takes files of test cases: pipeline verify FILE...");
  if (!args.format.empty() && args.format != "text" && args.format != "junit")
    return trouble("--format of verify is text or junit, not " + args.format);
  if (!settings.given("log.level")) log::set_level("", log::Level::error);
  std::vector<FileOutcome> all;
  bool failed = false;
  for (const auto& path : args.operands) {
    auto outcome = verify_file(path, settings, variables);
    if (!outcome.ok()) return trouble(outcome.message());
    failed = failed || failures(*outcome) != 0;
    all.push_back(std::move(outcome).value());
  }
  if (args.format == "junit")
    print_junit(all);
  else
    print_text(all);
  return failed ? 1 : 0;
}

}  // namespace sluice::cli
