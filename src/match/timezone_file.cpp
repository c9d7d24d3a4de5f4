#include "match/timezone_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "match/civil.hpp"

namespace sluice::match {
namespace {

// Far enough that no nanosecond time is outside, near enough that adding an offset cannot overflow.
constexpr int64_t kBegin = -(int64_t{1} << 60);
constexpr int64_t kEnd = int64_t{1} << 60;
// 64 bits of nanoseconds hold 1677 to 2262.
constexpr int64_t kFirstRuleYear = 1676;
constexpr int64_t kLastRuleYear = 2263;

int64_t big_endian(const char* p, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(p[i]);
  return bytes == 4 ? static_cast<int32_t>(static_cast<uint32_t>(value)) : static_cast<int64_t>(value);
}

// The day and second of a year at which summer time begins or ends.
struct RuleDate {
  enum class Kind { julian, zero_based, month_week } kind = Kind::month_week;
  int month = 1, week = 1, day = 0;
  int32_t seconds = 7200;

  [[nodiscard]] int64_t local(int64_t year) const {
    int64_t days = 0;
    if (kind == Kind::zero_based) {
      days = days_from_civil(year, 1, 1) + day;
    } else if (kind == Kind::julian) {
      days = days_from_civil(year, 1, 1) + day - 1 + (leap_year(year) && day >= 60 ? 1 : 0);
    } else {
      const int64_t first = days_from_civil(year, month, 1);
      const int64_t first_weekday = (weekday_from_days(first) + 1) % 7;  // 0 = Sunday
      int64_t in_month = (day - first_weekday + 7) % 7 + (week - 1) * 7;
      while (in_month >= days_in_month(year, month)) in_month -= 7;
      days = first + in_month;
    }
    return days * kSecondsPerDay + seconds;
  }
};

struct Rule {
  std::string standard, daylight;
  int32_t standard_offset = 0, daylight_offset = 0;
  RuleDate begin, end;
};

class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  bool read(Rule& rule) {
    int32_t west = 0;
    if (!name(rule.standard) || !time(west, true)) return false;
    rule.standard_offset = -west;
    if (at_ == text_.size()) return true;
    if (!name(rule.daylight)) return false;
    rule.daylight_offset = rule.standard_offset + 3600;
    if (at_ < text_.size() && text_[at_] != ',') {
      if (!time(west, true)) return false;
      rule.daylight_offset = -west;
    }
    if (at_ == text_.size()) {  // the default of POSIX implementations: the rule of the USA
      rule.begin = {RuleDate::Kind::month_week, 3, 2, 0, 7200};
      rule.end = {RuleDate::Kind::month_week, 11, 1, 0, 7200};
      return true;
    }
    return eat(',') && date(rule.begin) && eat(',') && date(rule.end) && at_ == text_.size();
  }

 private:
  bool eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool name(std::string& out) {
    const bool quoted = eat('<');
    const size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      const bool other = quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-');
      if (!letter && !other) break;
      ++at_;
    }
    out = text_.substr(begin, at_ - begin);
    return out.size() >= 3 && (!quoted || eat('>'));
  }

  bool number(int limit, int& out) {
    const size_t begin = at_;
    for (out = 0; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - begin < 3; ++at_)
      out = out * 10 + (text_[at_] - '0');
    return at_ > begin && out <= limit;
  }

  bool time(int32_t& out, bool offset) {
    const bool negative = eat('-');
    if (!negative) eat('+');
    int hours = 0, minutes = 0, seconds = 0;
    if (!number(offset ? 24 : 167, hours)) return false;
    if (eat(':') && !number(59, minutes)) return false;
    if (eat(':') && !number(59, seconds)) return false;
    out = hours * 3600 + minutes * 60 + seconds;
    if (negative) out = -out;
    return true;
  }

  bool date(RuleDate& out) {
    if (eat('M')) {
      out.kind = RuleDate::Kind::month_week;
      if (!number(12, out.month) || !eat('.') || !number(5, out.week) || !eat('.') || !number(6, out.day))
        return false;
      if (out.month == 0 || out.week == 0) return false;
    } else if (eat('J')) {
      out.kind = RuleDate::Kind::julian;
      if (!number(365, out.day) || out.day == 0) return false;
    } else {
      out.kind = RuleDate::Kind::zero_based;
      if (!number(365, out.day)) return false;
    }
    out.seconds = 7200;
    return !eat('/') || time(out.seconds, false);
  }

  std::string_view text_;
  size_t at_ = 0;
};

// The counts in a TZif header, and where its block ends.
struct TzifHeader {
  char version;
  int64_t utc_count, standard_count, leaps, times, types, characters;

  static std::optional<TzifHeader> read(std::string_view bytes) {
    if (bytes.size() < 44 || !bytes.starts_with("TZif")) return std::nullopt;
    const char* p = bytes.data() + 20;
    TzifHeader h{bytes[4],
                 big_endian(p, 4),
                 big_endian(p + 4, 4),
                 big_endian(p + 8, 4),
                 big_endian(p + 12, 4),
                 big_endian(p + 16, 4),
                 big_endian(p + 20, 4)};
    constexpr int64_t kSane = 1 << 20;
    for (const int64_t n : {h.utc_count, h.standard_count, h.leaps, h.times, h.types, h.characters})
      if (n < 0 || n > kSane) return std::nullopt;
    return h;
  }
  [[nodiscard]] size_t size(int width) const {
    return static_cast<size_t>(times * (width + 1) + types * 6 + characters + leaps * (width + 4) +
                               standard_count + utc_count);
  }
};

}  // namespace

ZoneBuilder::ZoneBuilder(std::string id) : zone_(std::make_unique<TimeZone>()) {
  static std::atomic<uint32_t> last_serial{0};
  zone_->id_ = std::move(id);
  zone_->serial_ = ++last_serial;
}

uint8_t ZoneBuilder::abbreviation(std::string_view text) {
  auto& known = zone_->abbreviations_;
  for (size_t i = 0; i < known.size(); ++i)
    if (known[i] == text) return static_cast<uint8_t>(i);
  if (known.size() == 255) return 0;
  known.emplace_back(text);
  return static_cast<uint8_t>(known.size() - 1);
}

void ZoneBuilder::add(int64_t begin, int32_t offset, bool daylight, std::string_view name) {
  auto& periods = zone_->periods_;
  const uint8_t index = abbreviation(name);
  if (!periods.empty()) {
    auto& last = periods.back();
    if (begin <= last.begin) {  // nothing of the last one remains
      last = {last.begin, kEnd, offset, daylight, index};
      return;
    }
    if (last.offset == offset && last.daylight == daylight && last.abbreviation == index) return;
    last.end = begin;
  }
  periods.push_back({periods.empty() ? kBegin : begin, kEnd, offset, daylight, index});
}

bool ZoneBuilder::add_rule_years(std::string_view text, int64_t after) {
  Rule rule;
  if (!RuleReader(text).read(rule)) return false;
  if (rule.daylight.empty()) {
    add(after, rule.standard_offset, false, rule.standard);
    return true;
  }
  if (after == kBegin) add(after, rule.standard_offset, false, rule.standard);
  // A damaged file may name any time.
  const int64_t first_year =
      std::max<int64_t>(kFirstRuleYear, civil_from_days(floor_div(after, kSecondsPerDay)).year);
  for (int64_t year = first_year; year <= kLastRuleYear; ++year) {
    const int64_t on = rule.begin.local(year) - rule.standard_offset;
    const int64_t off = rule.end.local(year) - rule.daylight_offset;
    const auto add_on = [&] {
      if (on > after) add(on, rule.daylight_offset, true, rule.daylight);
    };
    const auto add_off = [&] {
      if (off > after) add(off, rule.standard_offset, false, rule.standard);
    };
    if (on < off)
      add_on(), add_off();
    else
      add_off(), add_on();
  }
  return true;
}

std::unique_ptr<TimeZone> ZoneBuilder::finish() {
  return zone_->periods_.empty() ? nullptr : std::move(zone_);
}

std::unique_ptr<TimeZone> ZoneBuilder::from_offset(std::string id, int32_t seconds, std::string name) {
  ZoneBuilder builder(std::move(id));
  builder.add(kBegin, seconds, false, name);
  builder.zone_->offset_zone_ = true;
  return builder.finish();
}

std::unique_ptr<TimeZone> ZoneBuilder::from_rule(std::string id, std::string_view rule) {
  ZoneBuilder builder(std::move(id));
  if (!builder.add_rule_years(rule, kBegin)) return nullptr;
  return builder.finish();
}

std::unique_ptr<TimeZone> ZoneBuilder::from_tzif(std::string id, std::string_view bytes) {
  auto header = TzifHeader::read(bytes);
  if (!header) return nullptr;
  int width = 4;
  if (header->version >= '2') {  // the second block repeats the first with 64-bit times
    const size_t skip = 44 + header->size(4);
    if (bytes.size() < skip) return nullptr;
    bytes.remove_prefix(skip);
    header = TzifHeader::read(bytes);
    if (!header) return nullptr;
    width = 8;
  }
  bytes.remove_prefix(44);
  if (bytes.size() < header->size(width) || header->types == 0) return nullptr;
  const char* times = bytes.data();
  const char* indices = times + header->times * width;
  const char* types = indices + header->times;
  const char* names = types + header->types * 6;

  ZoneBuilder builder(std::move(id));
  const auto add = [&](int64_t begin, int64_t type) {
    if (type >= header->types) return false;
    const char* info = types + type * 6;
    const auto at = static_cast<unsigned char>(info[5]);
    if (at >= header->characters) return false;
    const size_t length = strnlen(names + at, static_cast<size_t>(header->characters - at));
    builder.add(begin, static_cast<int32_t>(big_endian(info, 4)), info[4] != 0, {names + at, length});
    return true;
  };
  if (!add(kBegin, 0)) return nullptr;
  int64_t last = kBegin;
  for (int64_t i = 0; i < header->times; ++i) {
    const int64_t time = big_endian(times + i * width, width);
    if (time <= kBegin) continue;
    if (!add(time, static_cast<unsigned char>(indices[i]))) return nullptr;
    last = time;
  }
  if (width == 8) {
    std::string_view footer = bytes.substr(header->size(width));
    if (footer.size() >= 2 && footer.front() == '\n') {
      footer.remove_prefix(1);
      footer = footer.substr(0, footer.find('\n'));
      if (!footer.empty()) builder.add_rule_years(footer, last);
    }
  }
  return builder.finish();
}

const std::string& zoneinfo_folder() {
  static const std::string folder = [] {
    std::array<const char*, 5> candidates = {std::getenv("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                             "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};
    for (const char* candidate : candidates) {
      struct stat info {};
      if (candidate != nullptr && *candidate != 0 && stat(candidate, &info) == 0 && S_ISDIR(info.st_mode))
        return std::string(candidate);
    }
    return std::string();
  }();
  return folder;
}

std::optional<std::string> read_zone_file(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > (1 << 20))
    return std::nullopt;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

}  // namespace sluice::match
