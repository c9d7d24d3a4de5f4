// filter urldecode: %HH in texts becomes the byte it stands for.
#include "plugin/spec.hpp"
#include "plugins/codecs/charset.hpp"

namespace sluice::plugins {
namespace {

constexpr plugin::Option kOptions[] = {
    {"field", plugin::Type::field_reference, "\"message\"",
     "The field to decode; texts in lists and objects are decoded as well."},
    {"all_fields", plugin::Type::boolean, "false", "Decode every field instead of the one in `field`."},
    {"charset", plugin::Type::string, "\"UTF-8\"", "The character set of the decoded bytes."},
    {"tag_on_failure", plugin::Type::array, "[\"_urldecodefailure\"]",
     "Tags for events with a field that cannot be set."},
};

struct Config {
  FieldRef field;
  bool all = false;
  Charset charset;
  std::vector<std::string> failure_tags;
};

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class UrldecodeWorker : public plugin::FilterWorker {
 public:
  explicit UrldecodeWorker(const Config& config) : config_(config), charset_(config.charset) {}

  void filter(plugin::FilterRun& run) override {
    for (auto* event : run.events()) {
      const bool good = config_.all ? decode_all(*event) : decode_field(*event);
      if (!good)
        for (const auto& tag : config_.failure_tags) event->tag(tag);
      (void)run.matched(*event);
    }
  }

 private:
  bool decode_field(Event& event) {
    if (Value* value = event.get(config_.field)) {
      decode(*value, event.arena());
      return true;
    }
    return event.set(config_.field, Value{}) == SetError::none;
  }

  // A name with brackets is read as a reference, which may be illegal; the fields behind it then stay.
  bool decode_all(Event& event) {
    const uint32_t count = event.fields().size;
    for (uint32_t i = 0; i < count; ++i) {
      auto& member = event.fields().members[i];
      if (member.key.text().find_first_of("[]") == std::string_view::npos) {
        decode(member.value, event.arena());
        continue;
      }
      Value value = deep_copy(member.value, event.arena());
      decode(value, event.arena());
      const auto ref = FieldRef::parse(member.key.text(), event.arena());
      if (!ref.ok() || event.set(*ref, value) != SetError::none) return false;
    }
    return true;
  }

  void decode(Value& value, Arena& arena) {
    if (value.is_string()) {
      const auto text = value.as_text();
      const bool escapes = text.find('%') != std::string_view::npos;
      value = charset_.text(escapes ? unescape(text, arena) : text, arena);
    } else if (value.is_array()) {
      for (auto& item : value.as_array()->all()) decode(item, arena);
    } else if (value.is_object()) {
      for (auto& member : value.as_object()->all()) decode(member.value, arena);
    }
  }

  static std::string_view unescape(std::string_view text, Arena& arena) {
    auto* out = static_cast<char*>(arena.allocate(text.size() + 1, 1));
    char* end = out;
    for (size_t i = 0; i < text.size(); ++i) {
      const int high = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1;
      const int low = high >= 0 ? hex(text[i + 2]) : -1;
      if (low >= 0) {
        *end++ = static_cast<char>(high << 4 | low);
        i += 2;
      } else {
        *end++ = text[i];
      }
    }
    return {out, static_cast<size_t>(end - out)};
  }

  const Config& config_;
  TextDecoder charset_;
};

class Urldecode : public plugin::Filter {
 public:
  Urldecode(plugin::Setup& setup, Charset charset) {
    config_.field = setup.field("field");
    config_.all = setup.options.boolean("all_fields");
    config_.charset = std::move(charset);
    config_.failure_tags = setup.options.strings("tag_on_failure");
    if (config_.all && setup.options.given("field"))
      setup.warning("field", "W0307", "field has no effect with all_fields", "Leave one of the two out.");
  }
  std::unique_ptr<plugin::FilterWorker> worker() override {
    return std::make_unique<UrldecodeWorker>(config_);
  }
  void flow(plugin::Flow& flow) const override {
    flow.matches_all();
    if (!config_.all) {
      flow.reads(config_.field.text(), "field");
      flow.writes(config_.field.text());
    }
    if (!config_.failure_tags.empty()) flow.writes("tags");
  }

 private:
  Config config_;
};

}  // namespace

extern const plugin::Spec filter_urldecode;
const plugin::Spec filter_urldecode{.kind = plugin::Kind::filter,
                                    .name = "urldecode",
                                    .summary = "Decodes the %HH escapes of URLs.",
                                    .options = kOptions,
                                    .example = "filter { urldecode { field => \"[url][query]\" } }",
                                    .filter = [](plugin::Setup& setup) -> std::unique_ptr<plugin::Filter> {
                                      auto charset = Charset::from(setup);
                                      if (!charset) return nullptr;
                                      return std::make_unique<Urldecode>(setup, std::move(*charset));
                                    }};

}  // namespace sluice::plugins
