#include "plugins/useragent/parser.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <map>

#include "base/log.hpp"
#include "match/regex_syntax.hpp"

namespace sluice::plugins::useragent {
namespace {

// Agents come from outside: no text may keep a worker.
constexpr match::Budget kBudget{250};

// `^` and `$` are the text's ends in these files, and a line's in Ruby's syntax.
std::string anchored(std::string_view pattern) {
  std::string out;
  for (auto token = match::next_regex_token(pattern, 0); token.kind != match::RegexToken::Kind::end;
       token = match::next_regex_token(pattern, token.end)) {
    const auto part = pattern.substr(token.begin, token.end - token.begin);
    const bool plain = token.kind == match::RegexToken::Kind::text;
    out += plain && part == "^" ? "\\A" : plain && part == "$" ? "\\Z" : part;
  }
  return out;
}

// What Java's trim takes away.
std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool took_part(const match::Captures& captures, size_t group) {
  return group < captures.size() && captures.participated(group);
}

std::optional<std::string> capture(const match::Captures& captures, size_t group, bool keep_empty) {
  if (!took_part(captures, group)) return std::nullopt;
  const auto text = captures.group(group);
  if (text.empty() && !keep_empty) return std::nullopt;
  return std::string(text);
}

}  // namespace

Parser::Parser(const Rules& rules) {
  std::vector<std::vector<Clause>> needed;
  for (size_t list = 0; list < kLists; ++list) {
    begin_[list] = entries_.size();
    for (const auto& rule : rules[list]) {
      Entry& entry = entries_.emplace_back();
      entry.pattern = anchored(rule.regex);
      entry.ignore_case = rule.ignore_case;
      entry.line = rule.line;
      for (size_t i = 0; i < rule.replacements.size(); ++i)
        if (rule.replacements[i])
          entry.replacements[i] = filling(*rule.replacements[i], static_cast<List>(list), i);
      needed.push_back(required_clauses(entry.pattern));
    }
  }
  begin_[kLists] = entries_.size();
  prefilter_ = std::make_unique<Prefilter>(needed);
}

Result<std::shared_ptr<const Parser>> Parser::open(const std::string& path, bool shipped) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Parser>> open_parsers;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Status::config("cannot read " + path);
  const auto key = fmt::format("{} {} {}.{} {}", path, shipped, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                               status.st_size);
  std::scoped_lock lock(mutex);
  if (auto known = open_parsers[key].lock()) return known;
  auto rules = read_rules(path);
  if (!rules.ok()) return rules.status();
  if (shipped) mend_default_rules(*rules);
  std::shared_ptr<const Parser> parser = std::make_shared<Parser>(*rules);
  std::erase_if(open_parsers, [](const auto& entry) { return entry.second.expired(); });
  open_parsers[key] = parser;
  return parser;
}

// Which captures a replacement takes differs from list to list, as in Logstash.
Parser::Filling Parser::filling(const std::string& text, List list, size_t part) {
  Filling filling{{"", 0}};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool used = false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool group = text[i] == '$' && i + 1 < text.size() && is_digit(text[i + 1]);
    if (list == List::agent) group = group && part == 0 && text[i + 1] == '1' && !used;
    if (list == List::system && part == 0) group = group && text[i + 1] == '1';
    if (list == List::system && part > 0) group = group && i == 0 && text.size() == 2;
    if (!group) {
      filling.back().first += text[i];
      continue;
    }
    used = true;
    filling.back().second = static_cast<size_t>(text[++i] - '0');
    filling.emplace_back("", 0);
  }
  return filling;
}

std::string Parser::fill(const Filling& filling, const match::Captures& captures) {
  std::string text;
  for (const auto& [literal, group] : filling) {
    text += literal;
    if (group != 0 && took_part(captures, group)) text += captures.group(group);
  }
  return text;
}

const match::Regex* Parser::regex_of(const Entry& entry) {
  std::call_once(entry.once, [&entry] {
    auto regex = match::Regex::compile(entry.pattern, {.ignore_case = entry.ignore_case});
    if (regex.ok())
      entry.regex = std::move(regex).value();
    else
      entry.fault = regex.message();
  });
  return entry.regex ? &*entry.regex : nullptr;
}

std::optional<std::string> Parser::find_fault() const {
  for (const auto& entry : entries_)
    if (!regex_of(entry)) return fmt::format("line {}: {}: {}", entry.line, entry.fault, entry.pattern);
  return std::nullopt;
}

std::vector<match::Regex> Parser::expressions() const {
  std::vector<match::Regex> all;
  for (const auto& entry : entries_)
    if (const auto* regex = regex_of(entry)) all.push_back(*regex);
  return all;
}

template <class Take>
void Parser::search(List list, std::string_view text, Scratch& scratch, const Take& take) const {
  const auto number = static_cast<size_t>(list);
  const size_t end = begin_[number + 1];
  for (size_t i = scratch.candidates.next(begin_[number], end); i < end;
       i = scratch.candidates.next(i + 1, end)) {
    const auto* regex = regex_of(entries_[i]);
    if (!regex || regex->search(text, scratch.captures, 0, kBudget) != match::MatchResult::match) continue;
    if (take(entries_[i], scratch.captures)) return;
  }
}

Client Parser::parse(std::string_view text, Scratch& scratch) const {
  Client client;
  prefilter_->scan(text, scratch.candidates);
  search(List::agent, text, scratch, [&](const Entry& entry, const match::Captures& captures) {
    return read_agent(entry, captures, client.agent);
  });
  search(List::system, text, scratch, [&](const Entry& entry, const match::Captures& captures) {
    return read_system(entry, captures, client.system);
  });
  search(List::device, text, scratch, [&](const Entry& entry, const match::Captures& captures) {
    return read_device(entry, captures, client.device);
  });
  return client;
}

bool Parser::read_agent(const Entry& entry, const match::Captures& captures, Product& agent) {
  const auto& [family, major, minor, unused] = entry.replacements;
  if (!family && !took_part(captures, 1)) return false;
  agent.family = family ? fill(*family, captures) : std::string(captures.group(1));
  agent.version[0] = major ? fill(*major, captures) : capture(captures, 2, false);
  agent.version[1] = minor ? fill(*minor, captures) : capture(captures, 3, false);
  if (minor) return true;  // a version that is given has no further parts
  agent.version[2] = capture(captures, 4, false);
  agent.version[3] = capture(captures, 5, false);
  return true;
}

bool Parser::read_system(const Entry& entry, const match::Captures& captures, Product& system) {
  const auto& family = entry.replacements[0];
  if (!family && !took_part(captures, 1)) return false;
  system.family = family ? fill(*family, captures) : std::string(captures.group(1));
  for (size_t part = 0; part < system.version.size(); ++part) {
    const auto* given = part < 3 && entry.replacements[part + 1] ? &*entry.replacements[part + 1] : nullptr;
    const size_t group = given ? given->front().second : 0;
    if (!given)
      system.version[part] = capture(captures, part + 2, true);
    else
      system.version[part] = group ? capture(captures, group, true) : fill(*given, captures);
  }
  return true;
}

bool Parser::read_device(const Entry& entry, const match::Captures& captures, Device& device) {
  const auto& [family, brand, model, unused] = entry.replacements;
  if (!family && !took_part(captures, 1)) return false;
  const auto filled = [&](const Filling& filling) {
    std::string text = fill(filling, captures);
    return filling.size() > 1 ? std::string(trimmed(text)) : text;
  };
  const auto known = [](std::string text) {
    return text.empty() ? std::optional<std::string>() : std::optional<std::string>(std::move(text));
  };
  device.family = family ? filled(*family) : std::string(captures.group(1));
  if (brand) device.brand = known(filled(*brand));
  device.model = model ? known(filled(*model)) : capture(captures, 1, false);
  return true;
}

}  // namespace sluice::plugins::useragent
