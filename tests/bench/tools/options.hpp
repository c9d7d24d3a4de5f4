#pragma once
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace bench {

/// `name=value` words of a command line. A value that is asked for, not given and without default ends the
/// program.
class Options {
 public:
  Options(int argc, char** argv, int first) {
    for (int i = first; i < argc; ++i) {
      const std::string word = argv[i];
      const auto sign = word.find('=');
      if (sign == std::string::npos) fail("not name=value: " + word);
      values_[word.substr(0, sign)] = word.substr(sign + 1);
    }
  }

  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) fail("missing: " + name + "=");
    return found->second;
  }
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
    return values_.contains(name) ? values_.at(name) : otherwise;
  }
  [[nodiscard]] long number(const std::string& name) const { return std::atol(text(name).c_str()); }
  [[nodiscard]] long number(const std::string& name, long otherwise) const {
    return values_.contains(name) ? number(name) : otherwise;
  }

  /// Says what went wrong and ends the program with 1.
  [[noreturn]] static void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(1);
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace bench
