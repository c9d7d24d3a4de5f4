#include "cli/verify_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

#include "base/buffer.hpp"
#include "event/json_write.hpp"

namespace sluice::cli {
namespace {

// Set-up code: what is wrong with the file travels as an exception to read_verify_file().
struct Problem : std::runtime_error {
  Problem(const YAML::Node& at, const std::string& text)
      : std::runtime_error(fmt::format("{}:{}: {}", at.Mark().line + 1, at.Mark().column + 1, text)) {}
};

std::string quoted(const std::string& text) {
  Buffer out;
  write_json_string(text, false, out);
  return std::string(out.view());
}

// What YAML 1.2 takes a word without quotes for.
std::string scalar_json(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() == "!") return quoted(text);
  if (text == "true" || text == "false" || text == "null") return text;
  if (text.empty() || text == "~") return "null";
  int64_t whole = 0;
  double real = 0;
  if (YAML::convert<int64_t>::decode(node, whole)) return std::to_string(whole);
  if (text.find_first_of("0123456789") != std::string::npos && YAML::convert<double>::decode(node, real))
    return fmt::format("{}{}", real,
                       fmt::format("{}", real).find_first_of(".en") == std::string::npos ? ".0" : "");
  return quoted(text);
}

std::string json_of(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "null";
  if (node.IsScalar()) return scalar_json(node);
  std::string out(1, node.IsMap() ? '{' : '[');
  for (const auto& entry : node) {
    if (out.size() > 1) out += ',';
    out += node.IsMap() ? quoted(entry.first.Scalar()) + ":" + json_of(entry.second) : json_of(entry);
  }
  return out + (node.IsMap() ? '}' : ']');
}

template <size_t N>
void check_keys(const YAML::Node& node, const std::array<std::string_view, N>& known) {
  if (!node.IsMap()) throw Problem(node, "expected `name: value` lines");
  for (const auto& entry : node)
    if (std::find(known.begin(), known.end(), entry.first.Scalar()) == known.end())
      throw Problem(entry.first, fmt::format("\"{}\" is not known here; there is: {}", entry.first.Scalar(),
                                             fmt::join(known, ", ")));
}

std::vector<YAML::Node> list_of(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return {};
  if (!node.IsSequence()) return {node};
  return {node.begin(), node.end()};
}

// A line of text becomes the message, or with codec: json the event; a map is the event.
std::string event_json(const YAML::Node& input, const YAML::Node& common, const YAML::Node& own,
                       const std::string& codec) {
  std::string fields;
  for (const auto& more : {common, own}) {
    if (!more.IsDefined() || more.IsNull()) continue;
    if (!more.IsMap()) throw Problem(more, "fields is a map of names and values");
    const auto text = json_of(more);
    if (text.size() > 2) fields += "," + text.substr(1, text.size() - 2);
  }
  if (!input.IsMap() && !input.IsScalar()) throw Problem(input, "an event is a line of text or a map");
  std::string event = input.IsMap()      ? json_of(input)
                      : codec == "plain" ? "{\"message\":" + quoted(input.Scalar()) + "}"
                                         : input.Scalar();
  const size_t open = event.find('{');
  if (open == std::string::npos) throw Problem(input, "with codec: json each line of input is a JSON object");
  // The event's own fields stand behind the common ones, and win.
  if (fields.empty()) return event;
  const bool empty = event.find_first_not_of(" \t\r\n", open + 1) == event.rfind('}');
  return "{" + fields.substr(1) + (empty ? "" : ",") + event.substr(open + 1);
}

VerifyCase read_case(const YAML::Node& node, const YAML::Node& root, const std::string& codec,
                     size_t number) {
  check_keys(node, std::array<std::string_view, 5>{"description", "input", "fields", "expected", "contains"});
  VerifyCase one;
  one.line = node.Mark().line + 1;
  one.name = node["description"] ? node["description"].as<std::string>() : fmt::format("case {}", number);
  const auto inputs = list_of(node["input"]);
  if (inputs.empty()) throw Problem(node, "the test case has no input");
  for (const auto& input : inputs)
    one.input.push_back(event_json(input, root["fields"], node["fields"], codec));
  one.exact = !node["contains"];
  if (one.exact == !node["expected"])
    throw Problem(
        node,
        "a test case has either `expected` (all fields) or `contains` (these at least); `expected: []` "
        "when nothing is to come out");
  for (const auto& event : list_of(one.exact ? node["expected"] : node["contains"])) {
    if (!event.IsMap()) throw Problem(event, "an expected event is a map of names and values");
    one.expected.push_back(json_of(event));
  }
  return one;
}

VerifyFile read(const std::string& path, const YAML::Node& root) {
  check_keys(root, std::array<std::string_view, 5>{"config", "codec", "fields", "ignore", "testcases"});
  VerifyFile file;
  file.path = path;
  if (root["config"])
    file.config = (std::filesystem::path(path).parent_path() / root["config"].as<std::string>()).string();
  const auto codec = root["codec"] ? root["codec"].as<std::string>() : "plain";
  if (codec != "plain" && codec != "line" && codec != "json" && codec != "json_lines")
    throw Problem(root["codec"], "codec is plain or json: how the lines of `input` are read");
  for (const auto& name : list_of(root["ignore"])) file.ignored.push_back(name.as<std::string>());
  if (!root["testcases"] || !root["testcases"].IsSequence() || root["testcases"].size() == 0)
    throw Problem(root, "there is no list `testcases`");
  for (const auto& node : root["testcases"])
    file.cases.push_back(
        read_case(node, root, codec.starts_with("json") ? "json" : "plain", file.cases.size() + 1));
  return file;
}

}  // namespace

Result<VerifyFile> read_verify_file(const std::string& path) {
  try {
    return read(path, YAML::LoadFile(path));
  } catch (const YAML::BadFile&) {
    return Status::config(path + " cannot be read");
  } catch (const YAML::Exception& e) {
    return Status::config(fmt::format("{}:{}:{}: the YAML cannot be read: {}", path, e.mark.line + 1,
                                      e.mark.column + 1, e.msg));
  } catch (const Problem& e) {
    return Status::config(path + ":" + e.what());
  }
}

}  // namespace sluice::cli
