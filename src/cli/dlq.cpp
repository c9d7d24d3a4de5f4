// pipeline dlq: the events that were refused.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <map>

#include "base/time.hpp"
#include "cli/commands.hpp"
#include "cli/dlq_letters.hpp"
#include "cli/dlq_replay.hpp"
#include "event/json_write.hpp"

namespace sluice::cli {
namespace {

constexpr size_t kReasonWidth = 160;  // bytes of a reason in a list

// Output that ends early (`| head`) is no error.
void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Result<size_t> limit_of(const Arguments& args, size_t fallback) {
  if (args.limit.empty()) return fallback;
  size_t limit = 0;
  const auto [end, error] = std::from_chars(args.limit.data(), args.limit.data() + args.limit.size(), limit);
  if (error != std::errc{} || end != args.limit.data() + args.limit.size())
    return Status::config("--limit must be a whole number, not " + args.limit);
  return limit;
}

void say_damaged(const Visited& visited) {
  if (visited.damaged_bytes)
    fmt::print(stderr, "warning: {} bytes of sealed segments are damaged and were passed over\n",
               visited.damaged_bytes);
}

std::string line_of(const ShownLetter& shown) {
  const auto refusal = shown.letter.refusal();
  return fmt::format("{:<8} {}  {} {}  {}\n", queue::to_string(shown.id),
                     time_text(shown.letter.entry_time()), refusal.plugin_id, refusal.place,
                     one_line(refusal.reason, kReasonWidth));
}

int list_queue(const std::string& pipeline, const std::string& folder, const Arguments& args, size_t limit) {
  const bool json = args.format == "json";
  std::string lines;
  uint64_t matching = 0;
  int64_t oldest = 0, newest = 0;
  const auto visited = visit_letters(folder, [&](const ShownLetter& shown) {
    if (!wanted(shown.letter, args)) return true;
    if (matching++ == 0) oldest = shown.letter.entry_time();
    newest = shown.letter.entry_time();
    if (matching <= limit) lines += json ? json_of(shown) + "\n" : line_of(shown);
    return true;
  });
  if (!visited.ok()) return fail(visited.message());
  say_damaged(*visited);
  if (json) {
    print(lines);
    return 0;
  }
  fmt::print("{}: {} dead letters, {} bytes, in {}\n", pipeline, matching, visited->bytes, folder);
  if (matching) fmt::print("from {} to {}\n", time_text(oldest), time_text(newest));
  print(lines);
  if (matching > limit) fmt::print("... and {} more: --limit {} shows them\n", matching - limit, matching);
  return 0;
}

struct Group {
  uint64_t letters = 0;
  queue::LetterId example;
  int64_t newest = 0;
};

int top_of_queue(const std::string& pipeline, const std::string& folder, const Arguments& args,
                 size_t limit) {
  std::map<std::pair<std::string, std::string>, Group> groups;
  uint64_t letters = 0;
  const auto visited = visit_letters(folder, [&](const ShownLetter& shown) {
    if (!wanted(shown.letter, args)) return true;
    const auto refusal = shown.letter.refusal();
    auto& group =
        groups[{fmt::format("{} {}", refusal.plugin_id, refusal.place), kind_of_reason(refusal.reason)}];
    ++letters;
    ++group.letters;
    group.example = shown.id;
    group.newest = shown.letter.entry_time();
    return true;
  });
  if (!visited.ok()) return fail(visited.message());
  say_damaged(*visited);
  std::vector<const decltype(groups)::value_type*> sorted;
  for (const auto& group : groups) sorted.push_back(&group);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->second.letters > b->second.letters; });
  if (args.format == "json") {
    for (size_t i = 0; i < sorted.size() && i < limit; ++i) {
      Buffer reason;
      write_json_string(sorted[i]->first.second, false, reason);
      Buffer plugin;
      write_json_string(sorted[i]->first.first, false, plugin);
      fmt::print("{{\"letters\":{},\"plugin\":{},\"reason\":{},\"example\":\"{}\",\"newest\":\"{}\"}}\n",
                 sorted[i]->second.letters, plugin.view(), reason.view(),
                 queue::to_string(sorted[i]->second.example), time_text(sorted[i]->second.newest));
    }
    return 0;
  }
  fmt::print("{}: {} dead letters, {} reasons\n", pipeline, letters, groups.size());
  for (size_t i = 0; i < sorted.size() && i < limit; ++i)
    fmt::print("{:>9}  {}  last {}, such as {}\n           {}\n", sorted[i]->second.letters,
               sorted[i]->first.first, time_text(sorted[i]->second.newest),
               queue::to_string(sorted[i]->second.example),
               one_line(sorted[i]->first.second, 2 * kReasonWidth));
  if (sorted.size() > limit)
    fmt::print("... and {} more reasons: --limit {}\n", sorted.size() - limit, sorted.size());
  return 0;
}

int each_queue(const Arguments& args, const settings::Settings& settings, size_t fallback,
               int (*one)(const std::string&, const std::string&, const Arguments&, size_t)) {
  if (args.operands.size() > 1) return fail("\"" + args.operands[1] + "\" is more than this command takes");
  const auto limit = limit_of(args, fallback);
  if (!limit.ok()) return fail(limit.message());
  const auto pipelines = letter_pipelines(settings);
  if (!pipelines.ok()) return fail(pipelines.message());
  int result = 0;
  for (const auto& pipeline : *pipelines) {
    settings::Settings own = settings;
    if (auto status = own.set("pipeline.id", pipeline, "--pipeline.id"); !status.ok())
      return fail(status.message());
    result = std::max(result, one(pipeline, letter_folder(own), args, *limit));
  }
  if (pipelines->empty()) fmt::print("no dead letters\n");
  return result;
}

void print_letter(const ShownLetter& shown) {
  const auto refusal = shown.letter.refusal();
  const auto& event = *shown.letter.event;
  fmt::print("letter    {}\ntime      {}\nplugin    {} ({})\nconfig    {}\nreason    {}\n",
             queue::to_string(shown.id), time_text(shown.letter.entry_time()), refusal.plugin_type,
             refusal.plugin_id, refusal.place, refusal.reason);
  const auto& sources = shown.batch.sources();
  if (event.source < sources.size() && !sources[event.source].input_id.empty())
    fmt::print("source    {} {} at {}\n", sources[event.source].input_id, sources[event.source].stream,
               event.position);
  static const FieldRef original = FieldRef::parse("[event][original]").value();
  if (const auto* value = event.get(original); value && value->is_string())
    fmt::print("original  {}\n", value->as_text());
  Buffer json;
  write_json(event, json);
  fmt::print("event     {}\n", json.view());
  json.clear();
  write_json(event.metadata_value(), json);
  fmt::print("metadata  {}\n", json.view());
}

int show(const Arguments& args, const settings::Settings& settings) {
  if (args.operands.size() != 2)
    return fail("which letter? Give its number as `dlq list` has it: dlq show 12.5");
  const auto id = queue::parse_letter_id(args.operands[1]);
  if (!id)
    return fail("\"" + args.operands[1] + "\" is no number of a letter; `dlq list` has them, such as 12.5");
  bool found = false;
  const auto visited = visit_letters(letter_folder(settings), [&](const ShownLetter& shown) {
    if (shown.id != *id) return true;
    found = true;
    if (args.format == "json")
      print(json_of(shown) + "\n");
    else
      print_letter(shown);
    return false;
  });
  if (!visited.ok()) return fail(visited.message());
  if (!found) return fail("there is no letter " + args.operands[1] + " in " + letter_folder(settings));
  return 0;
}

int purge(const Arguments& args, const settings::Settings& settings) {
  if (args.operands.size() > 1) return fail("\"" + args.operands[1] + "\" is more than this command takes");
  if (!args.all && args.older_than.empty() && args.reason.empty())
    return fail("which letters shall go? Give --all, --older-than AGE or --reason TEXT");
  int64_t before = INT64_MAX;
  if (!args.older_than.empty()) {
    const auto age = settings::parse_age_millis(args.older_than);
    if (!age) return fail("--older-than must be an age such as 30d, 12h, 5m or 90s, not " + args.older_than);
    before = wall_nanos() - *age * 1'000'000;
  }
  const std::string folder = letter_folder(settings);
  const auto hold = settle_folder(folder);
  const auto removed = remove_letters(folder, [&](const ShownLetter& shown) {
    return wanted(shown.letter, args) && shown.letter.entry_time() < before;
  });
  if (!removed.ok()) return fail(removed.message());
  fmt::print("{} dead letters removed, {} left\n", removed->removed, removed->left);
  if (!hold)
    fmt::print("An engine is using the queue: letters that it has not sealed yet were left alone.\n");
  return 0;
}

}  // namespace

int dlq(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables) {
  const std::string what = args.operands.empty() ? "" : args.operands[0];
  if (!args.format.empty() && args.format != "text" && args.format != "json")
    return fail("--format of dlq is text or json, not " + args.format);
  constexpr size_t kLettersShown = 50, kReasonsShown = 20;
  if (what == "list") return each_queue(args, settings, kLettersShown, list_queue);
  if (what == "top") return each_queue(args, settings, kReasonsShown, top_of_queue);
  if (what == "show") return show(args, settings);
  if (what == "replay") return replay_letters(args, settings, variables);
  if (what == "purge") return purge(args, settings);
  return fail(
      (what.empty() ? "what to do with the dead letters?" : "\"" + what + "\" is no command of dlq.") +
      std::string(" There are list, top, show, replay and purge."));
}

}  // namespace sluice::cli
