// mutate: coerce, rename, update, replace, merge and copy, which move whole values.
#include "base/log.hpp"
#include "plugins/codecs/ruby_text.hpp"
#include "plugins/filters/field_name.hpp"
#include "plugins/filters/mutate_operation.hpp"

namespace sluice::plugins {
namespace {

Status bad_template(const Template& text) {
  return Status::error(Fault::filter,
                       "cannot be filled in: " + text.text() + " " + std::string(text.problem()));
}

// coerce, update and replace: a field gets a text, each under another condition.
enum class When : uint8_t { null, present, always };

// A list or hash in the place of a text, as Ruby's inspect shows it: Logstash makes that text of it.
std::string inspected(const lang::Value& value) {
  std::string out;
  if (value.kind == lang::Value::Kind::array) {
    for (const auto& item : value.items) out += (out.empty() ? "[" : ", ") + inspected(item);
    return out.empty() ? "[]" : out + "]";
  }
  if (value.kind == lang::Value::Kind::hash) {
    for (const auto& [key, item] : value.entries)
      out += (out.empty() ? "{" : ", ") + inspected(key) + "=>" + inspected(item);
    return out.empty() ? "{}" : out + "}";
  }
  if (value.kind == lang::Value::Kind::number) return value.text;
  out = "\"";
  append_ruby_escaped(value.text, out);
  return out + "\"";
}

std::string assigned_text(plugin::Setup& setup, std::string_view option, const lang::Value& value) {
  if (value.scalar()) return value.text;
  std::string text = inspected(value);
  setup
      .warning(option, "W0306", std::string(option) + " writes texts: the field becomes the text " + text,
               "For a list, give the field several add_field, or split a text.")
      .span = value.span;
  return text;
}

class Assign : public MutateOperation {
 public:
  Assign(plugin::Setup& setup, std::string_view option, When when) : option_(option), when_(when) {
    for (const auto& [name, value] : setup.options.hash(option)) {
      entries_.push_back({FieldName::literal(name), Template(assigned_text(setup, option, value))});
      entries_.back().name.check(setup, option, value.span);
      if (const auto problem = entries_.back().value.problem(); !problem.empty())
        setup.warning(option, "W0306", "The text can never be filled in: " + std::string(problem)).span =
            value.span;
    }
  }

  Status apply(Event& event, MutateScratch&) const override {
    for (const auto& entry : entries_) {
      FieldRef made;
      const FieldRef* ref = nullptr;
      if (Status status = entry.name.resolve(event, made, ref); !status.ok()) return status;
      if (when_ != When::always) {
        const Value* old = event.get(*ref);
        if (!old || (when_ == When::null && !old->is_null())) continue;
      }
      Template::Outcome outcome;
      const Value value = entry.value.value(event, &outcome);
      if (outcome == Template::Outcome::failed) return bad_template(entry.value);
      if (const SetError error = event.set(*ref, value); error != SetError::none)
        return set_status(error, *ref);
    }
    return {};
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& entry : entries_) {
      if (when_ != When::always) flow.reads(entry.name.text(), option_);
      for (const auto& field : entry.value.fields()) flow.reads(field.text(), option_);
      if (when_ == When::always) flow.always_writes(entry.name.text());
    }
  }

 private:
  struct Entry {
    FieldName name;
    Template value;
  };
  std::string_view option_;
  When when_;
  std::vector<Entry> entries_;
};

class Rename : public MutateOperation {
 public:
  explicit Rename(plugin::Setup& setup) {
    for (const auto& [from, to] : setup.options.hash("rename")) {
      entries_.push_back({FieldName::expanded(from), FieldName::expanded(scalar_text(setup, "rename", to))});
      entries_.back().from.check(setup, "rename", to.span);
      entries_.back().to.check(setup, "rename", to.span);
    }
  }

  Status apply(Event& event, MutateScratch&) const override {
    for (const auto& entry : entries_) {
      FieldRef made_from, made_to;
      const FieldRef *from = nullptr, *to = nullptr;
      if (Status status = entry.from.resolve(event, made_from, from); !status.ok()) return status;
      if (Status status = entry.to.resolve(event, made_to, to); !status.ok()) return status;
      const Value* found = event.get(*from);
      if (!found) continue;
      const Value value = *found;
      event.remove(*from);
      if (const SetError error = event.set(*to, value); error != SetError::none) {
        event.set(*from, value);  // Logstash loses the value here
        return set_status(error, *to);
      }
    }
    return {};
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& entry : entries_) {
      if (entry.from.constant()) {
        flow.reads(entry.from.text(), "rename");
        flow.removes(entry.from.text());
      }
      if (entry.to.constant())
        flow.writes(entry.to.text());
      else
        flow.writes_anything();
    }
  }

 private:
  struct Entry {
    FieldName from, to;
  };
  std::vector<Entry> entries_;
};

class Merge : public MutateOperation {
 public:
  explicit Merge(plugin::Setup& setup) {
    for (const auto& [name, value] : setup.options.hash("merge")) {
      Entry entry{FieldName::literal(name), {}};
      entry.into.check(setup, "merge", value.span);
      if (value.kind == lang::Value::Kind::array) {
        for (const auto& item : value.items)
          entry.from.push_back(FieldName::literal(scalar_text(setup, "merge", item)));
      } else {
        entry.from.push_back(FieldName::literal(scalar_text(setup, "merge", value)));
      }
      for (const auto& from : entry.from) from.check(setup, "merge", value.span);
      entries_.push_back(std::move(entry));
    }
  }

  Status apply(Event& event, MutateScratch& scratch) const override {
    for (const auto& entry : entries_) {
      FieldRef made;
      const FieldRef *into = nullptr, *from = nullptr;
      if (Status status = entry.into.resolve(event, made, into); !status.ok()) return status;
      const Value* found = event.get(*into);
      // A list or hash grows with each source. A single value does not become a list between two sources: as
      // in Logstash the last one is then joined to the value as it was.
      Value start = found ? *found : Value{};
      for (const auto& name : entry.from) {
        if (Status status = name.resolve(event, made, from); !status.ok()) return status;
        const Value* added = event.get(*from);
        const Value more = added ? *added : Value{};
        if (start.is_object() != more.is_object()) {
          refuse(*into, *from, scratch);
          continue;
        }
        const Value merged = start.is_object() ? update(event, start, more) : concatenate(event, start, more);
        if (const SetError error = event.set(*into, merged); error != SetError::none)
          return set_status(error, *into);
        if (start.is_array() || start.is_object()) start = merged;
      }
    }
    return {};
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& entry : entries_) {
      for (const auto& from : entry.from) flow.reads(from.text(), "merge");
      flow.writes(entry.into.text());
    }
  }

 private:
  struct Entry {
    FieldName into;
    std::vector<FieldName> from;
  };

  static void append(Event& event, const Value& value, Array& list) {
    if (value.is_array()) {
      for (const auto& item : value.as_array()->all())
        list.push(event.arena(), deep_copy(item, event.arena()));
    } else if (!value.is_null()) {
      list.push(event.arena(), value);
    }
  }

  static Value concatenate(Event& event, const Value& a, const Value& b) {
    auto* list = Array::make(event.arena());
    append(event, a, *list);
    append(event, b, *list);
    return Value::array(list);
  }

  static Value update(Event& event, const Value& into, const Value& from) {
    const Value merged = deep_copy(into, event.arena());
    for (const auto& member : from.as_object()->all())
      merged.as_object()->set(event.arena(), member.key, deep_copy(member.value, event.arena()));
    return merged;
  }

  static void refuse(const FieldRef& into, const FieldRef& from, MutateScratch& scratch) {
    uint64_t suppressed = 0;
    if (scratch.warnings.allow(suppressed))
      log::error("logstash.filters.mutate", "Not possible to merge an array and a hash: ",
                 {{"dest_field", into.text()}, {"added_field", from.text()}, {"suppressed", suppressed}});
  }

  std::vector<Entry> entries_;
};

class Copy : public MutateOperation {
 public:
  explicit Copy(plugin::Setup& setup) {
    for (const auto& [from, to] : setup.options.hash("copy")) {
      entries_.push_back({FieldName::literal(from), FieldName::literal(scalar_text(setup, "copy", to))});
      entries_.back().from.check(setup, "copy", to.span);
      entries_.back().to.check(setup, "copy", to.span);
    }
  }

  Status apply(Event& event, MutateScratch&) const override {
    for (const auto& entry : entries_) {
      FieldRef made;
      const FieldRef *from = nullptr, *to = nullptr;
      if (Status status = entry.from.resolve(event, made, from); !status.ok()) return status;
      const Value* found = event.get(*from);
      if (!found || found->is_null()) continue;
      if (Status status = entry.to.resolve(event, made, to); !status.ok()) return status;
      const SetError error = event.set(*to, deep_copy(*found, event.arena()));
      if (error != SetError::none) return set_status(error, *to);
    }
    return {};
  }

  void flow(plugin::Flow& flow) const override {
    for (const auto& entry : entries_) {
      flow.reads(entry.from.text(), "copy");
      flow.writes(entry.to.text());
    }
  }

 private:
  struct Entry {
    FieldName from, to;
  };
  std::vector<Entry> entries_;
};

}  // namespace

std::string scalar_text(plugin::Setup& setup, std::string_view option, const lang::Value& value) {
  if (value.scalar()) return value.text;
  setup
      .error(option, "E0306", std::string(option) + " takes one text for a field, not a list or hash",
             "Write it as { \"field\" => \"text\" }, each field once.")
      .span = value.span;
  return {};
}

void add_coerce(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("coerce"))
    operations.push_back(std::make_unique<Assign>(setup, "coerce", When::null));
}
void add_rename(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("rename")) operations.push_back(std::make_unique<Rename>(setup));
}
void add_update(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("update"))
    operations.push_back(std::make_unique<Assign>(setup, "update", When::present));
}
void add_replace(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("replace"))
    operations.push_back(std::make_unique<Assign>(setup, "replace", When::always));
}
void add_merge(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("merge")) operations.push_back(std::make_unique<Merge>(setup));
}
void add_copy(plugin::Setup& setup, MutateOperations& operations) {
  if (setup.options.given("copy")) operations.push_back(std::make_unique<Copy>(setup));
}

}  // namespace sluice::plugins
