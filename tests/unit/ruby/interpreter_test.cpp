#include <doctest/doctest.h>
#include <mruby.h>
#include <mruby/string.h>

#include <fstream>
#include <iterator>

#include "ruby/event_class.hpp"
#include "ruby/program.hpp"
#include "ruby/value.hpp"

namespace sluice::ruby {
namespace {

struct Fixture {
  Interpreter& interpreter = Interpreter::of_thread();
  Program program{interpreter, Program::Kind::ruby, "test"};
  Batch batch;
  Raised raised;

  Event& event() {
    Event& made = batch.make();
    normalize(made);
    return made;
  }
  // Runs code on an event as the filter does.
  bool run(std::string_view code, Event& event, bool keep = false) {
    if (!program.define("go", "event, &new_event_block", {code, "code", 1}, raised)) return false;
    const int arena = mrb_gc_arena_save(program.state());
    interpreter.begin(&batch, &event);
    mrb_value result;
    const mrb_value object = new_event(program.state(), event);
    const bool ok = program.call("go", {object}, new_event_block(program.state()), result, raised);
    interpreter.end(keep);
    mrb_gc_arena_restore(program.state(), arena);
    return ok;
  }
};

int64_t integer(Event& event, std::string_view field) {
  const Value* value = event.get(FieldRef::of(field));
  return value && value->kind() == Value::Kind::integer ? value->as_integer() : -1;
}

}  // namespace

TEST_CASE("the library answers as Ruby's does") {
  std::ifstream in(RUBY_LIBRARY_TEST);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  REQUIRE_FALSE(text.empty());
  Fixture f;
  const bool ok = f.program.run({text, "library.rb", 1}, f.raised);
  CHECK_MESSAGE(ok, f.raised.message);
}

TEST_CASE("values come back as they went") {
  Fixture f;
  Event& event = f.event();
  Arena& arena = event.arena();
  auto* list = Array::make(arena, 4);
  for (const Value v :
       {Value::integer(INT64_MIN), Value::integer(INT64_MAX), Value::real(0.1), Value::real(-1e300),
        Value::boolean(true), Value{}, Value::string("\xff\0x"), Value::timestamp(123456789)})
    list->push(arena, v);
  event.set(Key::intern("a"), Value::array(list));
  REQUIRE(f.run("event.set('b', { 'l' => event.get('a') })", event));
  const Value* back = event.get(FieldRef::of("[b][l]"));
  REQUIRE(back);
  CHECK(equal(*back, Value::array(list)));
}

TEST_CASE("a float loses no digit that it shows") {
  for (const double d :
       {0.1, 0.2, 0.3, 1.1, 99.95, 1e22, 123456.789, 5e-324, 1.7976931348623157e308, 1577934245.678}) {
    uint64_t bits = 0;
    std::memcpy(&bits, &d, sizeof bits);
    bits &= ~uint64_t{3};
    double stored = 0;
    std::memcpy(&stored, &bits, sizeof bits);
    CHECK(repaired(stored) == doctest::Approx(d).epsilon(1e-15));
  }
  CHECK(repaired(0.0) == 0.0);
}

TEST_CASE("an event is dead when its work is done, unless it is kept") {
  Fixture f;
  Event& first = f.event();
  first.set(Key::intern("n"), Value::integer(7));
  REQUIRE(f.run("@dead = event", first));
  Event& second = f.event();
  CHECK_FALSE(f.run("@dead.get('n')", second));
  CHECK(f.raised.class_name == "RuntimeError");
  REQUIRE(f.run("@kept = event", first, true));
  Event& third = f.event();
  REQUIRE(f.run("event.set('n', @kept.get('n')); new_event_block.call(@kept)", third, true));
  CHECK(integer(third, "n") == 7);
  REQUIRE(f.interpreter.work().emitted.size() == 1);
  CHECK(integer(*f.interpreter.work().emitted[0], "n") == 7);
}

TEST_CASE("an exception has class, message and line") {
  Fixture f;
  CHECK_FALSE(f.run("x = 1\nraise ArgumentError, 'no'", f.event()));
  CHECK(f.raised.class_name == "ArgumentError");
  CHECK(f.raised.message == "no");
  REQUIRE_FALSE(f.raised.backtrace.empty());
  CHECK(f.raised.backtrace[0].starts_with("code:2"));
}

TEST_CASE("what has no bounds ends in an exception") {
  Fixture f;
  for (const char* code :
       {"def deep(n) deep(n + 1) end; deep(0)", "a = []; a << a; event.set('a', a)", "' ' * 10_000_000_000",
        "[0] * 10_000_000_000", "'x'.ljust(10**15)", "a = []; a << a; a.to_json",
        "JSON.parse('[' * 2000 + ']' * 2000)", "f = lambda { |n| [1].map { f.call(n) } }; f.call(1)",
        "'x'.__send__(:method_missing)", "Time.at(1e300)"})
    CHECK_MESSAGE(!f.run(code, f.event()), code);
  Event& event = f.event();
  CHECK(f.run("event.set('n', 1)", event));
  CHECK(integer(event, "n") == 1);
}

}  // namespace sluice::ruby
