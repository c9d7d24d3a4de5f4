#include "plugins/aggregate/tasks.hpp"

#include <mruby/array.h>
#include <mruby/class.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <mruby/variable.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "match/civil.hpp"
#include "ruby/value.hpp"

namespace sluice::plugins::aggregate {
namespace {

Status cannot(std::string_view what, const std::string& path, std::string_view why) {
  return Status::config("The aggregate maps cannot be " + std::string(what) + " " + path + ": " +
                        std::string(why));
}

}  // namespace

std::shared_ptr<Pipeline> Pipeline::of(const std::string& id, ruby::Interpreter& interpreter) {
  static std::map<std::string, std::weak_ptr<Pipeline>> known;
  auto& slot = known[id];
  auto pipeline = slot.lock();
  if (!pipeline) slot = pipeline = std::make_shared<Pipeline>(interpreter);
  return pipeline;
}

Tasks& Pipeline::tasks(const std::string& pattern) {
  const auto [at, fresh] = tasks_.try_emplace(pattern);
  if (fresh) {
    mrb_state* mrb = program_.state();
    const int arena = mrb_gc_arena_save(mrb);
    program_.keep(at->second.elements = mrb_hash_new(mrb));
    mrb_gc_arena_restore(mrb, arena);
  }
  return at->second;
}

mrb_value Pipeline::aggregate_class() {
  return mrb_obj_value(mrb_obj_class(program_.state(), program_.self()));
}

Status Pipeline::load(const std::string& path) {
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return {};
  const auto text = read_file(path);
  if (!text.ok()) return cannot("read from", path, text.message());
  mrb_state* mrb = program_.state();
  const int arena = mrb_gc_arena_save(mrb);
  mrb_value loaded;
  ruby::Raised raised;
  const mrb_value argument = mrb_str_new(mrb, text->data(), text->size());
  if (!program_.call(aggregate_class(), "restore", {argument}, mrb_nil_value(), loaded, raised))
    return cannot("read from", path, raised.message);
  const mrb_value patterns = mrb_hash_keys(mrb, loaded);
  for (mrb_int i = 0; i < RARRAY_LEN(patterns); ++i) {
    const mrb_value pattern = mrb_ary_entry(patterns, i);
    auto& into = tasks({RSTRING_PTR(pattern), static_cast<size_t>(RSTRING_LEN(pattern))});
    mrb_hash_merge(mrb, into.elements, mrb_hash_get(mrb, loaded, pattern));
  }
  mrb_gc_arena_restore(mrb, arena);
  std::error_code error;
  std::filesystem::remove(path, error);
  return error ? cannot("removed after they were read from", path, error.message()) : Status{};
}

Status Pipeline::store(const std::string& path) {
  mrb_state* mrb = program_.state();
  const int arena = mrb_gc_arena_save(mrb);
  const mrb_value all = mrb_hash_new(mrb);
  for (const auto& [pattern, tasks] : tasks_)
    mrb_hash_set(mrb, all, mrb_str_new(mrb, pattern.data(), pattern.size()), tasks.elements);
  mrb_value text;
  ruby::Raised raised;
  const bool ok = program_.call(aggregate_class(), "store", {all}, mrb_nil_value(), text, raised);
  Status status = ok ? Status{} : cannot("stored in", path, raised.message);
  if (ok && mrb_string_p(text)) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(RSTRING_PTR(text), RSTRING_LEN(text));
    out.close();
    if (!out) status = cannot("stored in", path, "the file cannot be written");
  }
  mrb_gc_arena_restore(mrb, arena);
  return status;
}

mrb_value Element::get(const char* name) const {
  return mrb_iv_get(mrb_, object_, mrb_intern_cstr(mrb_, name));
}

int64_t Element::moment(const char* name) const {
  const auto* moment = ruby::moment_of(mrb_, get(name));
  return moment ? moment->nanos : 0;
}

int64_t Element::whole(const char* name) const {
  const mrb_value value = get(name);
  return mrb_integer_p(value) ? mrb_integer(value) : 0;
}

double Element::seconds(const char* name, double otherwise) const {
  const mrb_value value = get(name);
  if (mrb_integer_p(value)) return static_cast<double>(mrb_integer(value));
  return mrb_float_p(value) ? mrb_float(value) : otherwise;
}

void Element::set_created(int64_t nanos, int64_t now) {
  const mrb_value lag = mrb_int_value(mrb_, (now - nanos) / match::kNanosPerSecond);
  const mrb_value time = ruby::new_time(mrb_, {nanos, 0, true});
  mrb_iv_set(mrb_, object_, mrb_intern_lit(mrb_, "@creation_timestamp"), time);
  mrb_iv_set(mrb_, object_, mrb_intern_lit(mrb_, "@difference_from_creation_to_now"), lag);
}

void Element::set_last_event(int64_t nanos, int64_t now) {
  const mrb_value lag = mrb_int_value(mrb_, (now - nanos) / match::kNanosPerSecond);
  const mrb_value time = ruby::new_time(mrb_, {nanos, 0, true});
  mrb_iv_set(mrb_, object_, mrb_intern_lit(mrb_, "@lastevent_timestamp"), time);
  mrb_iv_set(mrb_, object_, mrb_intern_lit(mrb_, "@difference_from_lastevent_to_now"), lag);
}

}  // namespace sluice::plugins::aggregate
