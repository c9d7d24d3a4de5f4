#include "plugins/elastic/index_name.hpp"

#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "event/json_write.hpp"
#include "match/text_case.hpp"

namespace sluice::elastic {
namespace {

constexpr int64_t kHour = int64_t{3600} * 1000000000;
constexpr int64_t kDay = 24 * kHour;
constexpr size_t kRememberedRenames = 1000;

// Says once per name that it was changed; hostile names cannot make the log or the memory grow.
void say_renamed(std::string_view from, std::string_view to) {
  static std::mutex mutex;
  static std::unordered_set<std::string, TextHash, std::equal_to<>> said;
  {
    std::scoped_lock lock(mutex);
    if (said.size() >= kRememberedRenames || !said.emplace(from).second) return;
  }
  log::warn("logstash.outputs.elasticsearch", "An index cannot have this name; the nearest legal one is used",
            {{"index", from}, {"used", to}});
}

// How long the dates of the template stay the same at least, in nanoseconds; 0: it has none. nullopt when
// they may change within the hour, so that names cannot be kept.
std::optional<int64_t> period_of_dates(std::string_view text) {
  int64_t period = 0;
  for (size_t at = text.find("%{"); at != std::string_view::npos; at = text.find("%{", at + 2)) {
    const size_t close = text.find('}', at);
    if (close == std::string_view::npos) break;
    const auto inside = text.substr(at + 2, close - at - 2);
    if (inside.starts_with('{')) return std::nullopt;
    if (!inside.starts_with('+')) continue;
    if (inside == "+" || inside.find_first_not_of("+yYxXMdDEeweGHkKha.-_/") != std::string_view::npos)
      return std::nullopt;
    const bool hours = inside.find_first_of("HkKha") != std::string_view::npos;
    if (hours || period == 0) period = hours ? kHour : kDay;
  }
  return period;
}

// nanos / period, rounded down.
template <int64_t period>
int64_t whole(int64_t nanos) {
  return nanos / period - (nanos % period < 0 ? 1 : 0);
}

bool left_over(std::string_view name) {
  const size_t open = name.find("%{");
  return open != std::string_view::npos && name.find('}', open) != std::string_view::npos;
}

}  // namespace

void make_legal_index_name(std::string_view name, std::string& out) {
  out.clear();
  if (name.size() > 2 && name.front() == '<' && name.back() == '>') {
    out = name;
    return;
  }
  std::string scrubbed;
  if (!utf8_valid(name)) name = scrubbed = utf8_scrub(name);
  bool ascii = true;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) >= 0x80) ascii = false;
    if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c + 32);
    else if (static_cast<unsigned char>(c) < 0x20 ||
             std::string_view("\\/*?\"<>| ,#:").find(c) != std::string_view::npos)
      out += '_';
    else
      out += c;
  }
  if (!ascii) out = match::lower(out);
  const size_t start = out.find_first_not_of("-_+");
  out.erase(0, start);
  if (out.size() > 255) out.resize(utf8_valid_prefix(std::string_view(out).substr(0, 255)));
  if (out == "." || out == "..") out.clear();
}

IndexNamer::IndexNamer(const DocumentSettings& settings, const Target& target, std::string_view action,
                       plugin::Counter* renamed)
    : settings_(settings),
      data_stream_(target.data_stream),
      template_(target.rollover_alias.empty() ? settings.index : Template(target.rollover_alias)),
      action_(action),
      renamed_(renamed),
      verbatim_(!target.rollover_alias.empty()) {
  if (data_stream_) {
    if (settings.ds_auto_routing)
      for (const auto* name : {"[data_stream][type]", "[data_stream][dataset]", "[data_stream][namespace]"})
        fields_.push_back(FieldRef::of(name));
  } else {
    fields_ = template_.fields();
    const auto period = period_of_dates(template_.text());
    cacheable_ = period.has_value();
    period_ = period.value_or(0);
  }
  if (fields_.empty() && period_ == 0 && cacheable_) {
    finish(data_stream_ ? settings.ds_type + "-" + settings.ds_dataset + "-" + settings.ds_namespace
                        : template_.text(),
           single_);
  } else {
    slots_ = std::make_unique<std::array<Slot, 256>>();
  }
}

// What the name depends on, as one text; data() is null when a part is missing or no plain text: the slow way
// decides then.
std::string_view IndexNamer::key_of(const Event& event) {
  if (fields_.size() == 1) {  // as it lies in the event
    const Value* value = event.get(fields_[0]);
    return value && value->is_string() ? value->as_text() : std::string_view();
  }
  key_.clear();
  for (const auto& field : fields_) {
    const Value* value = event.get(field);
    if (!value || value->is_null()) {
      if (!data_stream_) return {};
      key_ += '\x01';
      continue;
    }
    if (!value->is_string()) return {};
    key_ += value->as_text();
    key_ += '\0';
  }
  return key_;
}

bool IndexNamer::time_of(const Event& event, int64_t& periods) const {
  if (period_ == 0) return true;
  const Value* time = event.get(Names::get().timestamp);
  if (!time || time->kind() != Value::Kind::timestamp) return false;
  const int64_t nanos = time->as_nanos();
  periods = period_ == kDay ? whole<kDay>(nanos) : whole<kHour>(nanos);
  return true;
}

const IndexName& IndexNamer::of(const Event& event) {
  if (!slots_) {
    if (single_.renamed && renamed_) renamed_->add();
    return single_;
  }
  int64_t periods = 0;
  const std::string_view key = cacheable_ && time_of(event, periods) ? key_of(event) : std::string_view();
  IndexName* name = &single_;
  if (key.data()) {
    const size_t hash = hash_bytes(key) + static_cast<size_t>(periods) * 31;
    Slot& slot = (*slots_)[hash & 255];
    name = &slot.name;
    if (!slot.used || slot.periods != periods || slot.key != key) {
      fill(event, slot.name);
      slot.used = true;
      slot.periods = periods;
      slot.key = key;
    }
  } else {
    fill(event, single_);
  }
  if (name->renamed && renamed_) renamed_->add();
  return *name;
}

const IndexName& IndexNamer::of_text(std::string_view name) {
  thread_local IndexName other;
  finish(name, other);
  return other;
}

void IndexNamer::fill(const Event& event, IndexName& out) {
  scratch_.clear();
  if (data_stream_) {
    const std::string* fallback[] = {&settings_.ds_type, &settings_.ds_dataset, &settings_.ds_namespace};
    for (size_t i = 0; i < 3; ++i) {
      if (i != 0) scratch_ += '-';
      const Value* value = event.get(fields_[i]);
      if (value && !value->is_null())
        append_text(*value, scratch_);
      else
        scratch_ += *fallback[i];
    }
    return finish(scratch_, out);
  }
  const auto outcome = template_.fill(event, scratch_);
  finish(scratch_, out);
  if (outcome == Template::Outcome::failed)
    out.problem = "the index name cannot be filled in: " + std::string(template_.problem());
}

void IndexNamer::finish(std::string_view filled, IndexName& out) {
  out.problem.clear();
  out.renamed = false;
  if (left_over(filled)) {
    out.problem = "Badly formatted index, after interpolation still contains placeholder: [" +
                  std::string(filled) + "]";
    return;
  }
  if (verbatim_)
    out.name = filled;
  else
    make_legal_index_name(filled, out.name);
  if (out.name.empty()) {
    out.problem = "No index can be named [" + std::string(filled) + "]";
    return;
  }
  out.renamed = out.name != filled;
  if (out.renamed) say_renamed(filled, out.name);
  quoted_.clear();
  write_json_string(out.name, false, quoted_);
  out.quoted = quoted_.view();
  out.head.clear();
  if (!action_.empty()) out.head.append("{\"").append(action_).append("\":{\"_index\":").append(out.quoted);
}

}  // namespace sluice::elastic
