// mutate: the operations on texts and on lists of texts but gsub.
#include "match/text_case.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

/// An operation on each of a list of fields.
class OnFields : public MutateOperation {
 public:
  OnFields(plugin::Setup& setup, std::string_view option) : option_(option) {
    for (const auto& item : setup.options.items(option)) {
      if (!item.scalar()) {
        setup
            .error(option, "E0306", std::string(option) + " takes names of fields, not lists or hashes",
                   "Write it as [\"field\", \"other\"].")
            .span = item.span;
        continue;
      }
      fields_.push_back(FieldName::literal(item.text));
      fields_.back().check(setup, option, item.span);
    }
  }
  Status apply(Event& event, MutateScratch& scratch) const override {
    for (const auto& field : fields_) {
      FieldRef made;
      const FieldRef* ref = nullptr;
      if (Status status = field.resolve(event, made, ref); !status.ok()) return status;
      if (Value* value = event.get(*ref))
        if (Status status = change(event, *value, scratch); !status.ok()) return status;
    }
    return {};
  }
  void flow(plugin::Flow& flow) const override {
    for (const auto& field : fields_) flow.reads(field.text(), option_);
  }

 protected:
  virtual Status change(Event& event, Value& value, MutateScratch& scratch) const = 0;

 private:
  std::string_view option_;
  std::vector<FieldName> fields_;
};

class TextCase : public OnFields {
 public:
  using Append = void (*)(std::string_view, std::string&);
  TextCase(plugin::Setup& setup, std::string_view option, Append append)
      : OnFields(setup, option), append_(append) {}

 protected:
  Status change(Event& event, Value& value, MutateScratch& scratch) const override {
    if (value.is_string()) {
      change_text(event, value, scratch);
    } else if (value.is_array()) {
      for (auto& item : value.as_array()->all())
        if (item.is_string()) change_text(event, item, scratch);
    }
    return {};
  }

 private:
  void change_text(Event& event, Value& value, MutateScratch& scratch) const {
    scratch.text.clear();
    append_(value.as_text(), scratch.text);
    if (scratch.text != value.as_text()) value = event.text(scratch.text);
  }
  Append append_;
};

class Strip : public OnFields {
 public:
  explicit Strip(plugin::Setup& setup) : OnFields(setup, "strip") {}

 protected:
  Status change(Event&, Value& value, MutateScratch&) const override {
    if (value.is_string()) {
      value = stripped(value);
    } else if (value.is_array()) {
      for (const auto& item : value.as_array()->all())
        if (!item.is_string())
          return Status::error(Fault::filter, "strip: an element of the list is no text");
      for (auto& item : value.as_array()->all()) item = stripped(item);
    }
    return {};
  }

 private:
  static Value stripped(const Value& value) {
    return Value::string(match::strip(value.as_text()), value.plain());
  }
};

/// An operation on each of a hash of fields, with a text for each.
class WithSeparator : public MutateOperation {
 public:
  WithSeparator(plugin::Setup& setup, std::string_view option) : option_(option) {
    for (const auto& [name, value] : setup.options.hash(option)) {
      entries_.push_back({FieldName::literal(name), scalar_text(setup, option, value)});
      entries_.back().name.check(setup, option, value.span);
    }
  }
  Status apply(Event& event, MutateScratch& scratch) const override {
    for (const auto& entry : entries_) {
      FieldRef made;
      const FieldRef* ref = nullptr;
      if (Status status = entry.name.resolve(event, made, ref); !status.ok()) return status;
      const Value* value = event.get(*ref);
      Value result;
      if (!value || !change(event, *value, entry.separator, scratch, result)) continue;
      if (const SetError error = event.set(*ref, result); error != SetError::none)
        return set_status(error, *ref);
    }
    return {};
  }
  void flow(plugin::Flow& flow) const override {
    for (const auto& entry : entries_) flow.reads(entry.name.text(), option_);
  }

 protected:
  /// False when the value stays as it is.
  virtual bool change(Event& event, const Value& value, const std::string& separator, MutateScratch& scratch,
                      Value& result) const = 0;

 private:
  struct Entry {
    FieldName name;
    std::string separator;
  };
  std::string_view option_;
  std::vector<Entry> entries_;
};

// Ruby's String#split: a blank cuts at runs of blanks, nothing at each character; empty pieces at the end are
// dropped.
class Split : public WithSeparator {
 public:
  explicit Split(plugin::Setup& setup) : WithSeparator(setup, "split") {}

 protected:
  bool change(Event& event, const Value& value, const std::string& separator, MutateScratch&,
              Value& result) const override {
    if (!value.is_string()) return false;
    auto* list = Array::make(event.arena());
    const std::string_view text = value.as_text();
    const auto push = [&](std::string_view piece) {
      list->push(event.arena(), Value::string(piece, value.plain()));
    };
    if (separator == " ")
      at_blanks(text, push);
    else if (separator.empty())
      at_characters(text, push);
    else
      at_separator(text, separator, push);
    while (list->size && list->items[list->size - 1].as_text().empty()) --list->size;
    result = Value::array(list);
    return true;
  }

 private:
  template <class Push>
  static void at_blanks(std::string_view text, Push push) {
    constexpr std::string_view kBlanks = " \t\n\v\f\r";
    for (;;) {
      const size_t begin = text.find_first_not_of(kBlanks);
      if (begin == std::string_view::npos) return;
      text.remove_prefix(begin);
      const size_t end = std::min(text.find_first_of(kBlanks), text.size());
      push(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  template <class Push>
  static void at_characters(std::string_view text, Push push) {
    for (size_t begin = 0; begin < text.size();) {
      size_t end = begin + 1;
      while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
      push(text.substr(begin, end - begin));
      begin = end;
    }
  }

  template <class Push>
  static void at_separator(std::string_view text, const std::string& separator, Push push) {
    for (size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator)) {
      push(text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
    push(text);
  }
};

class Join : public WithSeparator {
 public:
  explicit Join(plugin::Setup& setup) : WithSeparator(setup, "join") {}

 protected:
  bool change(Event& event, const Value& value, const std::string& separator, MutateScratch& scratch,
              Value& result) const override {
    if (!value.is_array()) return false;
    scratch.text.clear();
    bool first = true;
    append(*value.as_array(), separator, first, scratch.text);
    result = event.text(scratch.text);
    return true;
  }

 private:
  static void append(const Array& list, const std::string& separator, bool& first, std::string& out) {
    for (const auto& item : list.all()) {
      if (item.is_array() && item.as_array()->size) {
        append(*item.as_array(), separator, first, out);
        continue;
      }
      if (!std::exchange(first, false)) out += separator;
      if (!item.is_array()) append_ruby_text(item, out);
    }
  }
};

}  // namespace

void add_text_case(plugin::Setup& setup, std::string_view option, MutateOperations& operations) {
  if (!setup.options.given(option)) return;
  const auto append = option == "uppercase"   ? match::append_upper
                      : option == "lowercase" ? match::append_lower
                                              : match::append_capitalized;
  operations.push_back(std::make_unique<TextCase>(setup, option, append));
}
void add_strip(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("strip")) operations.push_back(std::make_unique<Strip>(setup));
}
void add_split(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("split")) operations.push_back(std::make_unique<Split>(setup));
}
void add_join(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("join")) operations.push_back(std::make_unique<Join>(setup));
}

}  // namespace sluice::plugins
