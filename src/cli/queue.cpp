// pipeline queue inspect | verify | repair | export [FOLDER] | drain -f CONFIG
#include "queue/stopped_queue.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/nearest.hpp"
#include "cli/commands.hpp"
#include "event/json_write.hpp"

namespace sluice::cli {
namespace {

using queue::StoppedQueue;
using Contents = StoppedQueue::Contents;

constexpr std::string_view kUsage =
    "pipeline queue inspect [FOLDER]   what is in a queue\n"
    "pipeline queue verify [FOLDER]    the same with each damaged place; ends with 1 when there is one\n"
    "pipeline queue repair [FOLDER]    write damaged files anew with all that is intact; what is not is kept "
    "in\n"
    "                                  the folder damaged\n"
    "pipeline queue export [FOLDER]    print the events that are not delivered, as JSON lines; they stay "
    "there\n"
    "pipeline queue drain -f CONFIG    deliver them with the filters and outputs of a config, without its "
    "inputs\n"
    "\n"
    "The engine must be stopped. FOLDER is the queue of one pipeline; without it --path.queue (or "
    "--path.data) "
    "and\n"
    "--pipeline.id say which, as for the engine.\n";

void print(const Contents& contents, const std::string& folder) {
  uint64_t bytes = 0, events = 0;
  for (const auto& segment : contents.segments) {
    bytes += segment.bytes;
    events += segment.events;
  }
  fmt::print("queue       {}\n", folder);
  fmt::print("events      {} to be delivered, {} delivered that are still on disk\n", contents.undelivered,
             events - contents.undelivered);
  fmt::print("files       {} with {} bytes\n", contents.segments.size(), bytes);
  if (const auto& known = contents.checkpoint.checkpoint)
    fmt::print("checkpoint  all below {} delivered, and {} above\n", known->acknowledged.mark(),
               known->acknowledged.count_above());
  else
    fmt::print("checkpoint  {}\n",
               contents.checkpoint.damaged ? "damaged: all events will be delivered once more" : "none");
  for (const auto& segment : contents.segments) {
    const std::string events =
        segment.records ? fmt::format("{} records, events {} to {}, {} to be delivered", segment.records,
                                      segment.range.first, segment.range.end - 1, segment.undelivered)
                        : "no events";
    fmt::print("  {}  {} bytes, {}{}\n", segment.name, segment.bytes, events,
               segment.damages.empty() ? "" : fmt::format(", {} damaged places", segment.damages.size()));
  }
}

void print_damages(const Contents& contents, const std::string& folder) {
  for (const auto& segment : contents.segments)
    for (const auto& damage : segment.damages)
      fmt::print("damaged: {}/{} at byte {}, {} bytes: {}\n", folder, segment.name, damage.offset,
                 damage.size, damage.reason);
  if (contents.checkpoint.damaged) fmt::print("damaged: {}/checkpoint\n", folder);
  for (const auto& range : contents.missing)
    fmt::print("missing: events {} to {}, which were not delivered\n", range.first, range.end - 1);
}

int inspect(StoppedQueue& queue) {
  const auto contents = queue.read();
  if (!contents.ok()) return fail(contents.message());
  print(*contents, queue.folder());
  return 0;
}

int verify(StoppedQueue& queue) {
  const auto contents = queue.read();
  if (!contents.ok()) return fail(contents.message());
  print(*contents, queue.folder());
  print_damages(*contents, queue.folder());
  if (!contents->damaged()) {
    fmt::print("intact\n");
    return 0;
  }
  fmt::print(
      "The engine starts with this queue and delivers what is intact; `pipeline queue repair` writes the "
      "files "
      "anew.\n");
  return 1;
}

int repair(StoppedQueue& queue) {
  const auto before = queue.repair();
  if (!before.ok()) return fail(before.message());
  print_damages(*before, queue.folder());
  if (before->damaged())
    fmt::print(
        "repaired: {} events are there to be delivered, {} are lost; damaged bytes are in {}/damaged\n",
        before->undelivered, before->events_missing(), queue.folder());
  else
    fmt::print("intact: nothing to repair\n");
  return 0;
}

// One event a line; @metadata is a field of it, so that an input with codec json_lines makes the same event.
Status write_events(Batch& batch) {
  Buffer out;
  for (const auto* event : batch.events()) {
    Object* whole = Object::make(batch.arena(), event->fields().size + 1);
    for (const auto& member : event->fields().all()) whole->append(batch.arena(), member.key, member.value);
    if (event->metadata().size) whole->append(batch.arena(), Names::get().metadata, event->metadata_value());
    write_json(Value::object(whole), out);
    out.append('\n');
  }
  if (std::fwrite(out.data(), 1, out.size(), stdout) == out.size()) return {};
  return Status::system(std::string("standard output cannot be written: ") + std::strerror(errno));
}

int export_events(StoppedQueue& queue) {
  const auto contents = queue.read(write_events);
  if (!contents.ok()) return fail(contents.message());
  if (std::fflush(stdout) != 0)
    return fail(std::string("standard output cannot be written: ") + std::strerror(errno));
  if (contents->damaged())
    fmt::print(stderr, "A part of the queue is damaged: `pipeline queue verify {}` says what.\n",
               queue.folder());
  return 0;
}

}  // namespace

int queue(const Arguments& args, const settings::Settings& settings, const settings::Variables& variables) {
  const auto& words = args.operands;
  if (args.help || words.empty() || words[0] == "help") {
    fmt::print("{}", kUsage);
    return args.help || !words.empty() ? 0 : 1;
  }
  if (words[0] == "drain") return run(args, settings, variables);
  int (*const command)(StoppedQueue&) = words[0] == "inspect"  ? inspect
                                        : words[0] == "verify" ? verify
                                        : words[0] == "repair" ? repair
                                        : words[0] == "export" ? export_events
                                                               : nullptr;
  if (!command) {
    const auto near =
        nearest(words[0], std::vector<std::string_view>{"inspect", "verify", "repair", "export", "drain"});
    return fail(fmt::format("\"{}\" is no command of pipeline queue.{}\n\n{}", words[0],
                            near ? " Did you mean " + *near + "?" : "", kUsage));
  }
  if (words.size() > 2) return fail("one folder at a time: " + words[2]);
  auto opened = StoppedQueue::open(Env::system(), words.size() > 1 ? words[1] : queue_folder(settings));
  if (!opened.ok()) return fail(opened.message());
  return command(*opened);
}

}  // namespace sluice::cli
