#include "match/timezone.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/nearest.hpp"
#include "match/civil.hpp"
#include "match/timezone_file.hpp"

namespace sluice::match {
namespace {

// The period each thread used last, per zone: events come in order of time, so it nearly always holds the
// next.
struct PeriodMemo {
  uint32_t serial = 0;
  const ZonePeriod* period = nullptr;
};
constexpr size_t kMemos = 16;

PeriodMemo& memo_of(uint32_t serial) {
  thread_local std::array<PeriodMemo, kMemos> memos;
  return memos[serial % kMemos];
}

// No offset, and no jump of one, is larger than this.
constexpr int64_t kTwoDays = 2 * kSecondsPerDay;

bool digit(char c) { return c >= '0' && c <= '9'; }

bool two_digits(std::string_view text, size_t at, int limit, int& out) {
  if (at + 2 > text.size() || !digit(text[at]) || !digit(text[at + 1])) return false;
  out = (text[at] - '0') * 10 + (text[at + 1] - '0');
  return out <= limit;
}

std::string offset_id(int32_t seconds) {
  const int32_t positive = seconds < 0 ? -seconds : seconds;
  char buffer[32];
  int size = std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", seconds < 0 ? '-' : '+', positive / 3600,
                           positive / 60 % 60);
  if (positive % 60 != 0)
    size += std::snprintf(buffer + size, sizeof buffer - static_cast<size_t>(size), ":%02d", positive % 60);
  return {buffer, static_cast<size_t>(size)};
}

constexpr std::string_view kUtcNames[] = {"UTC", "GMT",  "Etc/UTC",   "Etc/GMT",
                                          "UCT", "Zulu", "Universal", "Greenwich"};

// A name may only be a relative path of zone files: no way out of the folder, nothing but letters and the
// like.
bool name_allowed(std::string_view id) {
  if (id.empty() || id.size() > 64 || id.front() == '/' || id.front() == '-' || id.front() == '+')
    return false;
  for (const char c : id) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c) || c == '/' || c == '_' ||
                      c == '-' || c == '+';
    if (!good) return false;
  }
  return !id.starts_with("posix/") && !id.starts_with("right/") && id != "posixrules" && id != "localtime";
}

std::unique_ptr<TimeZone> load(std::string_view id) {
  size_t at = 0;
  int32_t seconds = 0;
  if (scan_offset(id, at, seconds) && at == id.size()) {
    if (seconds == 0) return ZoneBuilder::from_offset("UTC", 0, "UTC");
    std::string name = offset_id(seconds);
    return ZoneBuilder::from_offset(name, seconds, name);
  }
  if (!name_allowed(id)) return nullptr;
  if (!zoneinfo_folder().empty())
    if (const auto bytes = read_zone_file(zoneinfo_folder() + "/" + std::string(id)))
      if (auto zone = ZoneBuilder::from_tzif(std::string(id), *bytes)) return zone;
  if (std::find(std::begin(kUtcNames), std::end(kUtcNames), id) != std::end(kUtcNames))
    return ZoneBuilder::from_offset(std::string(id), 0, id == "GMT" || id == "Etc/GMT" ? "GMT" : "UTC");
  return nullptr;
}

// All zones asked for so far. Names that are none are remembered too, up to a limit: they can come with
// events.
class Registry {
 public:
  const TimeZone* find(std::string_view id) {
    const std::lock_guard lock(mutex_);
    if (const auto known = zones_.find(std::string(id)); known != zones_.end()) return known->second.get();
    auto zone = load(id);
    const TimeZone* result = zone.get();
    if (zone != nullptr || (unknown_ < kMaxUnknown && ++unknown_ != 0)) zones_.emplace(id, std::move(zone));
    return result;
  }
  const TimeZone* keep(std::unique_ptr<TimeZone> zone) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(zone));
    return kept_.back().get();
  }

 private:
  static constexpr int kMaxUnknown = 1024;
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<TimeZone>> zones_;
  std::vector<std::unique_ptr<TimeZone>> kept_;
  int unknown_ = 0;
};

Registry& registry() {
  static auto* const instance = new Registry;  // never destroyed: zones outlive all threads
  return *instance;
}

const TimeZone* machine_from_file(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  // A name is better than a file: it is what a log line or a pattern with ZZZ shows.
  const std::string_view file = size > 0 ? std::string_view(target.data(), static_cast<size_t>(size)) : path;
  const auto at = file.find("zoneinfo/");
  if (at != std::string_view::npos)
    if (const auto* zone = registry().find(file.substr(at + 9))) return zone;
  const auto bytes = read_zone_file(path);
  if (!bytes) return nullptr;
  auto zone = ZoneBuilder::from_tzif(path, *bytes);
  return zone == nullptr ? nullptr : registry().keep(std::move(zone));
}

const TimeZone* machine_from_variable(std::string_view text) {
  if (text.starts_with(':')) text.remove_prefix(1);
  if (text.empty()) return &utc_zone();
  if (text.front() == '/') return machine_from_file(std::string(text));
  if (const auto* zone = registry().find(text)) return zone;
  auto zone = ZoneBuilder::from_rule(std::string(text), text);
  return zone == nullptr ? nullptr : registry().keep(std::move(zone));
}

bool is_zone_file(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  char magic[4] = {};
  const bool read = std::fread(magic, 1, 4, file) == 4;
  std::fclose(file);
  return read && std::string_view(magic, 4) == "TZif";
}

}  // namespace

const ZonePeriod& TimeZone::period_at(int64_t utc) const {
  PeriodMemo& memo = memo_of(serial_);
  if (memo.serial == serial_ && utc >= memo.period->begin && utc < memo.period->end) return *memo.period;
  const auto after = std::upper_bound(periods_.begin(), periods_.end(), utc,
                                      [](int64_t t, const ZonePeriod& p) { return t < p.begin; });
  const ZonePeriod& found = after == periods_.begin() ? periods_.front() : *(after - 1);
  memo = {serial_, &found};
  return found;
}

// The first period on whose clock `local` is shown; null inside a gap.
const ZonePeriod* TimeZone::locate_local(int64_t local) const {
  const ZonePeriod* period = &period_at(local - kTwoDays);
  const ZonePeriod* const last = &periods_.back();
  while (period != last && local >= period->end + period->offset) ++period;
  return local >= period->begin + period->offset ? period : nullptr;
}

bool TimeZone::to_utc(int64_t local, int64_t& utc) const {
  if (fixed()) {
    utc = local - fixed_offset();
    return true;
  }
  const PeriodMemo& memo = memo_of(serial_);
  if (memo.serial == serial_) {  // well inside of the period used last, no neighbour can show the same time
    const ZonePeriod& p = *memo.period;
    const int64_t guess = local - p.offset;
    if (guess >= p.begin + kTwoDays && guess < p.end) {
      utc = guess;
      return true;
    }
  }
  const ZonePeriod* period = locate_local(local);
  if (period == nullptr) return false;
  utc = local - period->offset;
  memo_of(serial_) = {serial_, period};
  return true;
}

int64_t TimeZone::to_utc_lenient(int64_t local) const {
  int64_t utc = 0;
  if (to_utc(local, utc)) return utc;
  const ZonePeriod* period = &period_at(local - kTwoDays);
  while (period != &periods_.back() && local >= (period + 1)->begin + (period + 1)->offset) ++period;
  return local - period->offset;
}

const std::string& TimeZone::abbreviation(const ZonePeriod& period) const {
  return abbreviations_[period.abbreviation];
}

const TimeZone& utc_zone() {
  static const TimeZone& zone = *registry().keep(ZoneBuilder::from_offset("UTC", 0, "UTC"));
  return zone;
}

const TimeZone* lookup_timezone(std::string_view id) {
  if (id == "UTC") return &utc_zone();
  struct Entry {
    std::string id;
    const TimeZone* zone = nullptr;
  };
  thread_local std::array<Entry, kMemos> recent;
  Entry& entry = recent[std::hash<std::string_view>{}(id) % kMemos];
  if (entry.id != id || id.empty()) entry = {std::string(id), registry().find(id)};
  return entry.zone;
}

Result<const TimeZone*> find_timezone(std::string_view id) {
  if (const auto* zone = lookup_timezone(id)) return zone;
  std::string message = "unknown time zone \"" + std::string(id) + "\"";
  const auto& names = timezone_names();
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  if (names.size() <= std::size(kUtcNames))
    message +=
        ": this machine has no time zone data (package tzdata); UTC and offsets such as +02:00 work without";
  else if (const auto near = nearest(id, candidates))
    message += "; did you mean \"" + *near + "\"?";
  else
    message += "; use a name such as Europe/Berlin or America/New_York, UTC, or an offset such as +02:00";
  return Status::config(std::move(message));
}

const TimeZone& machine_timezone() {
  static const TimeZone& zone = [&]() -> const TimeZone& {
    const TimeZone* found = nullptr;
    if (const char* variable = std::getenv("TZ"))
      found = machine_from_variable(variable);
    else
      found = machine_from_file("/etc/localtime");
    return found != nullptr ? *found : utc_zone();
  }();
  return zone;
}

const std::vector<std::string>& timezone_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found(std::begin(kUtcNames), std::end(kUtcNames));
    const std::filesystem::path root = zoneinfo_folder();
    std::error_code error;
    auto it = root.empty() ? std::filesystem::recursive_directory_iterator()
                           : std::filesystem::recursive_directory_iterator(root, error);
    for (; !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
      const std::string name = it->path().lexically_relative(root).string();
      if (name == "posix" || name == "right")
        it.disable_recursion_pending();
      else if (name_allowed(name) && it->is_regular_file(error) && is_zone_file(it->path()))
        found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }();
  return names;
}

std::string_view longest_timezone_prefix(std::string_view text) {
  const auto& names = timezone_names();
  while (!text.empty()) {
    const auto after = std::upper_bound(names.begin(), names.end(), text);
    if (after == names.begin()) break;
    const std::string& name = *(after - 1);
    if (text.starts_with(name)) return name;
    size_t common = 0;
    while (common < name.size() && common < text.size() && name[common] == text[common]) ++common;
    text = text.substr(0, common);
  }
  return {};
}

bool scan_offset(std::string_view text, size_t& at, int32_t& seconds) {
  size_t p = at;
  if (p >= text.size() || (text[p] != '+' && text[p] != '-')) return false;
  const bool negative = text[p++] == '-';
  int hours = 0, minutes = 0, secs = 0;
  if (!two_digits(text, p, 23, hours)) return false;
  p += 2;
  const bool colon = p < text.size() && text[p] == ':';
  if (colon || (p < text.size() && digit(text[p]))) {
    p += colon ? 1 : 0;
    if (!two_digits(text, p, 59, minutes)) return false;
    p += 2;
    const bool more = p < text.size() && (colon ? text[p] == ':' : digit(text[p]));
    if (more) {
      p += colon ? 1 : 0;
      if (!two_digits(text, p, 59, secs)) return false;
      p += 2;
      const bool fraction = p < text.size() && (colon ? text[p] == '.' || text[p] == ',' : digit(text[p]));
      if (fraction) {
        p += colon ? 1 : 0;
        const size_t begin = p;
        while (p < text.size() && p < begin + 3 && digit(text[p])) ++p;
        if (p == begin) return false;
      }
    }
  }
  seconds = hours * 3600 + minutes * 60 + secs;
  if (negative) seconds = -seconds;
  at = p;
  return true;
}

}  // namespace sluice::match
