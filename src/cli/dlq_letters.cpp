#include "cli/dlq_letters.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/utf8.hpp"
#include "cli/commands.hpp"
#include "event/json_write.hpp"
#include "match/iso8601.hpp"

namespace sluice::cli {
namespace {

bool word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

// The request that an elasticsearch output names in its reasons is the event once more.
std::string without_action(std::string_view reason) {
  constexpr std::string_view kAction = ", action: [", kResponse = "], response: ";
  const size_t from = reason.find(kAction), to = reason.find(kResponse);
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) return std::string(reason);
  return std::string(reason.substr(0, from)) +
         ", response: " + std::string(reason.substr(to + kResponse.size()));
}

// Status codes tell kinds apart.
bool behind_status(std::string_view text, size_t at) {
  const auto before = text.substr(0, at);
  return before.ends_with("status: ") || before.ends_with("\"status\":");
}

}  // namespace

std::string letter_folder(const settings::Settings& settings) { return letter_settings(settings).folder; }

Result<std::vector<std::string>> letter_pipelines(const settings::Settings& settings) {
  if (settings.given("pipeline.id")) return std::vector<std::string>{settings.text("pipeline.id")};
  const auto root = std::filesystem::path(letter_folder(settings)).parent_path();
  std::vector<std::string> pipelines;
  std::error_code error;
  for (std::filesystem::directory_iterator at(root, error), end; !error && at != end; at.increment(error))
    if (at->is_directory(error)) pipelines.push_back(at->path().filename().string());
  if (error)
    return Status::config("no dead letter queues in " + root.string() + ": " + error.message() +
                          ". Name their folder with --path.dead_letter_queue, or --path.data");
  std::sort(pipelines.begin(), pipelines.end());
  return pipelines;
}

Result<bool> visit_segment(const std::string& folder, const queue::LetterSegment& segment,
                           queue::LetterReader& reader,
                           const std::function<bool(const queue::Record&, const ShownLetter*)>& visit) {
  BatchPool pool;
  for (queue::Record record;;) {
    const auto more = reader.next(record);
    if (!more.ok())
      return Status::config(folder + "/" + segment.name() + " cannot be read: " + more.message());
    if (!*more) return true;
    const BatchRef batch = pool.take();
    const auto letter = queue::decode_letter(record.payload.view(), *batch);
    if (!letter) {
      if (!visit(record, nullptr)) return false;
      continue;
    }
    const ShownLetter shown{{segment.number, record.header.first}, *letter, *batch};
    if (!visit(record, &shown)) return false;
  }
}

Result<Visited> visit_letters(const std::string& folder,
                              const std::function<bool(const ShownLetter&)>& visit) {
  auto& env = Env::system();
  auto segments = queue::letter_segments(env, folder);
  if (!segments.ok()) return Status::config(folder + " cannot be read: " + segments.message());
  Visited visited;
  for (const auto& segment : *segments) {
    auto reader = queue::LetterReader::open(env, folder, segment);
    if (!reader.ok()) continue;  // removed meanwhile
    visited.bytes += (*reader)->size();
    const auto all = visit_segment(folder, segment, **reader, [&](const auto&, const ShownLetter* shown) {
      if (!shown) return true;
      ++visited.letters;
      return visit(*shown);
    });
    if (!all.ok()) return all.status();
    if (!*all) return visited;
    // The end of a segment that is being written may be half a letter.
    if (!segment.open) visited.damaged_bytes += (*reader)->damaged_bytes();
  }
  return visited;
}

bool wanted(const queue::Letter& letter, const Arguments& args) {
  return letter.refusal().reason.find(args.reason) != std::string_view::npos;
}

std::string kind_of_reason(std::string_view full) {
  const std::string reason = without_action(full);
  const std::string_view text = reason;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (const size_t close = c == '\'' ? text.find('\'', at + 1) : std::string_view::npos;
        close != std::string_view::npos && (at == 0 || !word_char(text[at - 1]))) {
      out += "'*'";
      at = close + 1;
    } else if (word_char(c)) {
      size_t end = at;
      while (end < text.size() && word_char(text[end])) ++end;
      const auto word = text.substr(at, end - at);
      constexpr size_t kIdSize = 16;  // shorter words with digits have a meaning
      const bool digits = std::any_of(word.begin(), word.end(), digit);
      if (digits && word.size() >= kIdSize) {
        out += '*';
      } else if (std::all_of(word.begin(), word.end(), digit) && !behind_status(text, at)) {
        out += 'N';
      } else {
        out += word;
      }
      at = end;
    } else {
      out += c;
      ++at;
    }
  }
  return out;
}

std::string one_line(std::string_view text, size_t limit) {
  std::string out(text.substr(0, utf8_valid_prefix(text.substr(0, limit))));
  if (out.size() < text.size()) out += "…";
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return out;
}

std::string time_text(int64_t nanos) {
  char text[match::kIso8601Size];
  return {text, match::format_iso8601(nanos, text)};
}

std::string json_of(const ShownLetter& shown) {
  const auto refusal = shown.letter.refusal();
  const auto& sources = shown.batch.sources();
  const auto& event = *shown.letter.event;
  Buffer out;
  const auto text = [&](std::string_view name, std::string_view value) {
    out.append(out.empty() ? "{" : ",");
    write_json_string(name, false, out);
    out.append(':');
    write_json_string(value, false, out);
  };
  text("id", queue::to_string(shown.id));
  text("entry_time", time_text(shown.letter.entry_time()));
  text("plugin_type", refusal.plugin_type);
  text("plugin_id", refusal.plugin_id);
  text("config", refusal.place);
  text("reason", refusal.reason);
  if (event.source < sources.size() && !sources[event.source].input_id.empty()) {
    text("input", sources[event.source].input_id);
    text("stream", sources[event.source].stream);
    text("position", std::to_string(event.position));
  }
  out.append(",\"event\":");
  write_json(event, out);
  out.append(",\"metadata\":");
  write_json(event.metadata_value(), out);
  out.append('}');
  return std::string(out.view());
}

}  // namespace sluice::cli
