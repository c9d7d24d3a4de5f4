// codec csv: rows of comma-separated values, read and written.
#include <atomic>
#include <memory>

#include "base/log.hpp"
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"
#include "plugins/codecs/line_splitter.hpp"
#include "plugins/codecs/payload.hpp"
#include "plugins/csv/columns.hpp"
#include "plugins/csv/framer.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

using plugin::Type;

constexpr std::string_view kLogger = "logstash.codecs.csv";
constexpr size_t kKeptOfLong = 16384;  // bytes of a row over the limit in its event
constexpr size_t kShown = 200;
constexpr size_t kWide = 64;

constexpr plugin::Option kOptions[] = {
    {"columns", Type::array, "[]",
     "The names of the columns in their order; what is written are these fields, all of the event without "
     "names."},
    {"separator", Type::string, "\",\"", "What stands between two values, one character or more."},
    {"quote_char", Type::string, "'\"'",
     "The character that a value stands between when it holds a separator; \"\\x00\" for none."},
    {"include_headers", Type::boolean, "false", "Write the names of the columns before the first event."},
    {"autogenerate_column_names", Type::boolean, "true",
     "Name columns without a name column1, column2 and so on; otherwise leave them out."},
    {"autodetect_column_names", Type::boolean, "false",
     "Take the names from the first row of each stream, which is no event then."},
    {"skip_empty_columns", Type::boolean, "false", "Make no fields of empty values."},
    {"convert", Type::hash, "{}",
     "Columns and their types: integer, float, date, date_time or boolean; what is none of it stays text."},
    {"charset", Type::string, "\"UTF-8\"", "The character set of the rows that are read."},
    {"target", Type::field_reference, {}, "The field that the columns go into; the root without it."},
};

struct Config {
  Config(plugin::Setup& setup, Charset charset) : columns(setup), charset(std::move(charset)) {}
  csv::Columns columns;
  Charset charset;
  FieldRef target;
  bool ecs = false;
  std::vector<FieldRef> written;  // the columns as references
};

class CsvDecoder : public plugin::Decoder {
 public:
  explicit CsvDecoder(const Config& config)
      : config_(config),
        text_(config.charset),
        framer_(config.columns.dialect),
        reader_(config.columns.dialect),
        names_(config.columns.names) {}

  // A row ends at a line end outside of quotes, and may go on in the next chunk. Character sets whose line
  // ends are several bytes are read chunk by chunk.
  void decode(std::string_view bytes, plugin::EventSink& sink) override {
    if (config_.charset.unit() > 1) {
      rows(bytes, sink);
      return;
    }
    while (!bytes.empty()) {
      const size_t end = framer_.end(bytes);
      const auto part = bytes.substr(0, end);
      bytes.remove_prefix(part.size());
      if (end == std::string_view::npos || !carry_.empty()) carry_ += part;
      if (end == std::string_view::npos && carry_.size() <= kMaxEventBytes) return;
      if (carry_.size() > kMaxEventBytes)
        too_long(sink);
      else if (carry_.empty())
        rows(part, sink);
      else
        flush(sink);
    }
  }

  void flush(plugin::EventSink& sink) override {
    framer_.reset();
    if (carry_.empty()) return;
    const auto text = sink.batch().arena().copy(carry_);
    carry_.clear();
    rows(text, sink);
  }
  bool pending() const override { return !carry_.empty(); }

 private:
  void rows(std::string_view bytes, plugin::EventSink& sink) {
    auto& arena = sink.batch().arena();
    const Value text = text_.text(bytes, arena);
    const auto all = text.as_text();
    for (size_t at = 0; at < all.size();) {
      const size_t begin = at;
      const auto result = readable() ? reader_.read(all, at, arena, fields_) : csv::Reader::Result::malformed;
      if (result == csv::Reader::Result::malformed) {
        fail(Value::string(all.substr(begin), text.plain()), sink);
        return;
      }
      if (result == csv::Reader::Result::end) return;
      // A carriage return between quotes makes the reader take the next one for the whole line end.
      if (at < all.size() && at > 0 && all[at] == '\n' && all[at - 1] == '\r') ++at;
      add(Value::string(all.substr(begin, at - begin), text.plain()), sink);
    }
  }

  [[nodiscard]] bool readable() const { return config_.columns.dialect.problem().empty(); }

  void add(const Value& original, plugin::EventSink& sink) {
    if (config_.columns.autodetect && names_.empty()) {
      names_ = csv::header_of(fields_);
      return;
    }
    auto& event = sink.make();
    auto& arena = event.arena();
    auto* object = Object::make(arena, static_cast<uint32_t>(fields_.size()));
    // Names may repeat: the last value counts. Many are brought in order once, not looked for one by one.
    const bool wide = fields_.size() > kWide;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const auto field = fields_[i];
      if (config_.columns.skipped(field) || !config_.columns.name(names_, i, name_)) continue;
      const Value value =
          field.data() ? csv::convert(field, config_.columns.conversion(name_), arena) : Value{};
      if (wide)
        object->append(arena, Key::of(name_, arena), value);
      else
        object->set(arena, Key::of(name_, arena), value);
    }
    if (wide) object->merge_duplicates();
    (void)set_payload(event, config_.target, Value::object(object));
    if (config_.ecs) {
      static const FieldRef kOriginal = FieldRef::of("[event][original]");
      (void)event.set(kOriginal, original);
    }
    sink.add(event);
  }

  void fail(const Value& data, plugin::EventSink& sink) {
    auto& event = sink.make();
    event.set(Names::get().message, data);
    event.tag("_csvparsefailure");
    if (!std::exchange(failed_, true))
      log::warn(kLogger, "CSV parse failure. Falling back to plain-text; more of this stream are not logged",
                {{"message", readable() ? reader_.error() : config_.columns.dialect.problem()},
                 {"data", data.as_text().substr(0, kShown)}});
    sink.add(event);
  }

  void too_long(plugin::EventSink& sink) {
    auto& arena = sink.batch().arena();
    const auto begin = arena.copy(std::string_view(carry_).substr(0, kKeptOfLong));
    std::string().swap(carry_);
    framer_.reset();
    fail(text_.text(begin, arena), sink);
  }

  const Config& config_;
  TextDecoder text_;
  csv::Framer framer_;
  csv::Reader reader_;
  std::vector<std::string> names_;
  std::vector<csv::Field> fields_;
  std::string carry_, name_;
  bool failed_ = false;
};

class CsvEncoder : public plugin::Encoder {
 public:
  CsvEncoder(const Config& config, std::atomic<bool>& header) : config_(config), header_(header) {
    special_ = "\r\n" + config.columns.dialect.separator + config.columns.dialect.quote;
  }

  void encode(const Event& event, Buffer& out) override {
    const auto& names = config_.columns.names;
    if (header_.load(std::memory_order_relaxed) && header_.exchange(false)) {
      if (names.empty())
        row(event.fields().all(), out, [&](const Member& m) { write(m.key.text(), out); });
      else
        row(names, out, [&](const std::string& name) { write(name, out); });
    }
    if (names.empty())
      row(event.fields().all(), out, [&](const Member& m) { write(&m.value, out); });
    else
      row(config_.written, out, [&](const FieldRef& field) { write(event.get(field), out); });
  }

 private:
  template <class Items, class Write>
  void row(const Items& items, Buffer& out, const Write& write_item) const {
    bool first = true;
    for (const auto& item : items) {
      if (!first) out.append(config_.columns.dialect.separator);
      first = false;
      write_item(item);
    }
    out.append('\n');
  }

  void write(const Value* value, Buffer& out) {
    if (!value || value->is_null()) return;
    if (value->is_string()) {
      write(value->as_text(), out);
      return;
    }
    scratch_.clear();
    append_ruby_text(*value, scratch_);
    write(std::string_view(scratch_), out);
  }

  void write(std::string_view text, Buffer& out) const {
    const std::string_view quote = config_.columns.dialect.quote;
    if (!text.empty() && text.find_first_of(special_) == std::string_view::npos) {
      out.append(text);
      return;
    }
    out.append(quote);
    while (!text.empty() && !quote.empty()) {
      const size_t at = text.find(quote);
      out.append(text.substr(0, at));
      if (at == std::string_view::npos) break;
      out.append(quote);
      out.append(quote);
      text.remove_prefix(at + quote.size());
    }
    out.append(quote);
  }

  const Config& config_;
  std::atomic<bool>& header_;
  std::string special_;  // characters that put a text between quotes
  std::string scratch_;
};

class Csv : public plugin::Codec {
 public:
  Csv(plugin::Setup& setup, Charset charset) : config_(setup, std::move(charset)) {
    config_.target = setup.field("target");
    config_.ecs = setup.ecs();
    header_ = setup.options.boolean("include_headers");
    for (const auto& name : config_.columns.names) {
      auto field = FieldRef::parse(name);
      if (!field.ok())
        setup.warning(
            "columns", "W0304", field.message(),
            "When it is written, the column is always empty. Write a field as `name` or as [outer][inner].");
      config_.written.push_back(field.ok() ? std::move(field).value() : FieldRef{});
    }
  }
  std::string_view name() const override { return "csv"; }
  std::unique_ptr<plugin::Decoder> decoder() const override { return std::make_unique<CsvDecoder>(config_); }
  std::unique_ptr<plugin::Encoder> encoder() const override {
    return std::make_unique<CsvEncoder>(config_, header_);
  }
  bool line_based() const override { return true; }

 private:
  Config config_;
  mutable std::atomic<bool> header_;  // still to be written, by whichever encoder comes first
};

}  // namespace

extern const plugin::Spec codec_csv;
const plugin::Spec codec_csv{
    .kind = plugin::Kind::codec,
    .name = "csv",
    .summary = "Rows of comma-separated values.",
    .options = kOptions,
    .example =
        "output { file { path => \"/tmp/out.csv\" codec => csv { columns => [\"user\", \"bytes\"] } } }",
    .codec = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Codec> {
      auto charset = Charset::from(setup);
      if (!charset) return nullptr;
      return std::make_unique<Csv>(setup, std::move(*charset));
    }};

}  // namespace sluice::plugins
