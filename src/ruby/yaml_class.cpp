// Psych's parser: what a YAML document consists of, step by step. The values are made in Ruby.
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/string.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>

#include "ruby/interpreter.hpp"
#include "ruby/method.hpp"

namespace sluice::ruby {
namespace {

constexpr size_t kDeepest = 200;

/// Reads memory that is not its own.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

/// One step of the parser, in the interpreter's arena: no Ruby is called, so nothing is raised, while the
/// parser is on the stack.
struct Step {
  Step* next;
  const char* kind;
  YAML::anchor_t anchor;
  std::string_view tag, text;
};

class Recorder : public YAML::EventHandler {
 public:
  explicit Recorder(Arena& arena) : arena_(arena) {}
  [[nodiscard]] Step* first() const { return first_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t anchor) override { add("plain", anchor, {}, {}); }
  void OnAlias(const YAML::Mark&, YAML::anchor_t anchor) override { add("alias", anchor, {}, {}); }
  void OnScalar(const YAML::Mark&, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool texts = tag == "!" || tag == "!str" || tag == "tag:yaml.org,2002:str" || tag == "!binary" ||
                       tag == "tag:yaml.org,2002:binary";
    add(texts ? "text" : "plain", anchor, tag, text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, "list", tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, "mapping", tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  void open(const YAML::Mark& mark, const char* kind, const std::string& tag, YAML::anchor_t anchor) {
    if (++depth_ > kDeepest) throw YAML::ParserException(mark, "nested too deeply");
    add(kind, anchor, tag, {});
  }
  void close() {
    --depth_;
    add("end", 0, {}, {});
  }
  void add(const char* kind, YAML::anchor_t anchor, std::string_view tag, std::string_view text) {
    auto* step = static_cast<Step*>(arena_.allocate(sizeof(Step), alignof(Step)));
    new (step) Step{nullptr, kind, anchor, arena_.copy(tag), arena_.copy(text)};
    (last_ ? last_->next : first_) = step;
    last_ = step;
  }

  Arena& arena_;
  Step* first_ = nullptr;
  Step* last_ = nullptr;
  size_t depth_ = 0;
};

// False with the reason in `scratch`.
bool record(Interpreter& interpreter, std::string_view text, Step*& first) {
  interpreter.arena.reset();
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    Recorder recorder(interpreter.arena);
    parser.HandleNextDocument(recorder);
    first = recorder.first();
    return true;
  } catch (const YAML::Exception& error) {
    interpreter.scratch = error.msg + " at line " + std::to_string(error.mark.line + 1) + " column " +
                          std::to_string(error.mark.column + 1);
    return false;
  }
}

// Psych.__steps(text, name of the file)
mrb_value steps(mrb_state* mrb, mrb_value) {
  mrb_value text, name;
  mrb_get_args(mrb, "SS", &text, &name);
  auto& interpreter = Interpreter::of(mrb);
  Step* first = nullptr;
  if (!record(interpreter, text_of(text), first))
    raise(mrb, mrb_class_get_under(mrb, mrb_module_get(mrb, "Psych"), "SyntaxError"), "(%v): %s", name,
          interpreter.scratch.c_str());
  const mrb_value out = mrb_ary_new(mrb);
  const int arena = mrb_gc_arena_save(mrb);
  for (const Step* step = first; step; step = step->next) {
    mrb_ary_push(mrb, out, mrb_symbol_value(mrb_intern_cstr(mrb, step->kind)));
    mrb_ary_push(mrb, out, mrb_int_value(mrb, static_cast<mrb_int>(step->anchor)));
    mrb_ary_push(mrb, out, string_of(mrb, step->tag));
    mrb_ary_push(mrb, out, string_of(mrb, step->text));
    mrb_gc_arena_restore(mrb, arena);
  }
  return out;
}

}  // namespace

void define_yaml(mrb_state* mrb) {
  RClass* owner = mrb_define_module(mrb, "Psych");
  class_method<steps>(mrb, owner, "__steps");
}

}  // namespace sluice::ruby
