// From an agent's text to browser, system and device, by the rules of uap-core.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "match/regex.hpp"
#include "plugins/useragent/prefilter.hpp"
#include "plugins/useragent/rules.hpp"

namespace sluice::plugins::useragent {

/// A browser or a system. Its version has up to four parts: major, minor, patch and a fourth.
struct Product {
  std::string family = "Other";
  std::array<std::optional<std::string>, 4> version;
};

struct Device {
  std::string family = "Other";
  std::optional<std::string> brand, model;
};

struct Client {
  Product agent, system;
  Device device;
};

/// Rules ready for use. Expressions are compiled when they first become candidates: most never do. Immutable
/// to its users, shared by threads.
class Parser {
 public:
  /// What one thread keeps between texts.
  struct Scratch {
    Candidates candidates;
    match::Captures captures;
  };

  explicit Parser(const Rules& rules);
  /// The parser of a file; filters that name the same file share it. `shipped`: the file came from
  /// default_rules_path() and is mended.
  static Result<std::shared_ptr<const Parser>> open(const std::string& path, bool shipped);

  Client parse(std::string_view text, Scratch& scratch) const;

  /// Compiles every expression; describes the first that cannot be, with its line.
  [[nodiscard]] std::optional<std::string> find_fault() const;
  /// Every expression that can be compiled, in the order of the lists.
  [[nodiscard]] std::vector<match::Regex> expressions() const;

 private:
  // A text with captures in it: after each literal comes the group of that number (0: none).
  using Filling = std::vector<std::pair<std::string, size_t>>;
  struct Entry {
    std::string pattern;
    bool ignore_case = false;
    size_t line = 0;
    std::array<std::optional<Filling>, 4> replacements;
    mutable std::once_flag once;
    mutable std::optional<match::Regex> regex;
    mutable std::string fault;
  };

  static Filling filling(const std::string& text, List list, size_t part);
  static std::string fill(const Filling& filling, const match::Captures& captures);
  static const match::Regex* regex_of(const Entry& entry);
  // False when the family comes out as nothing: the rule is passed by then.
  static bool read_agent(const Entry& entry, const match::Captures& captures, Product& agent);
  static bool read_system(const Entry& entry, const match::Captures& captures, Product& system);
  static bool read_device(const Entry& entry, const match::Captures& captures, Device& device);
  template <class Take>
  void search(List list, std::string_view text, Scratch& scratch, const Take& take) const;

  std::deque<Entry> entries_;               // of all lists, one behind the other
  std::array<size_t, kLists + 1> begin_{};  // where a list begins
  std::unique_ptr<const Prefilter> prefilter_;
};

}  // namespace sluice::plugins::useragent
