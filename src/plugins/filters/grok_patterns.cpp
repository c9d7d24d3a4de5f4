#include "plugins/filters/grok_patterns.hpp"

#include <filesystem>

namespace sluice::plugins {

void add_patterns_dir(plugin::Setup& setup, match::PatternSet& patterns, const std::string& glob) {
  for (const auto& item : setup.options.items("patterns_dir")) {
    const std::string& path = item.text;
    if (const Status status = patterns.add_path(path, glob); !status.ok()) {
      setup
          .error("patterns_dir", "E0305", status.message(), "Give folders and files that this user can read.")
          .span = item.span;
      continue;
    }
    std::error_code ignored;
    if (path.find_first_of("*?[{") == std::string::npos && !std::filesystem::exists(path, ignored))
      setup
          .warning("patterns_dir", "W0306", "patterns_dir names a folder that does not exist: " + path,
                   "Relative paths start at the folder that the program was started in.")
          .span = item.span;
  }
}

void report_grok_error(plugin::Setup& setup, std::string_view option, const std::string& message, Span span) {
  const bool regex = message.find("regular expression") != std::string::npos;
  setup
      .error(option, regex ? "E0301" : "E0302", message,
             regex ? ""
                   : "Define it in pattern_definitions or in a file of patterns_dir, or use one that ships.")
      .span = span;
}

}  // namespace sluice::plugins
