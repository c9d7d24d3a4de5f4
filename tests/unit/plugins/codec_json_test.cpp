#include <doctest/doctest.h>

#include "filter_fixture.hpp"

using sluice::plugins::fixture::TestCodec;
using Events = std::vector<std::string>;

TEST_CASE("json_lines: a document a line, over chunk ends, blank lines are nothing") {
  const std::string text = "{\"a\":1}\n \r\n{\"b\":\"x\\ny\"}\r\n[{\"c\":1},{\"c\":2}]\n{\"d\":[1,2]}";
  const Events wanted{R"({"a":1})", R"({"b":"x\ny"})", R"({"c":1})", R"({"c":2})", R"({"d":[1,2]})"};
  for (size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(TestCodec("json_lines").decode({text.substr(0, cut), text.substr(cut)}) == wanted);
}

TEST_CASE("json_lines: strings of whole lines are views of the chunk") {
  TestCodec c("json_lines");
  c.decode({"{\"a\":\"some text\"}\n"});
  const auto* event = c.batch->events()[0];
  const auto* value = event->get(sluice::FieldRef::of("a"));
  CHECK(value->plain());
  CHECK(value->as_text().data()[-1] == '"');
}

TEST_CASE("json_lines: what is no object or list of objects is kept and tagged") {
  TestCodec c("json_lines");
  CHECK(c.decode({"{\"a\":\n12\n\"x\"\n[1]\n[{\"a\":1},2]\n[]\n{\"b\":2}\n"}) ==
        Events{R"({"message":"{\"a\":","tags":["_jsonparsefailure"]})",
               R"({"message":"12","tags":["_jsonparsefailure"]})",
               R"({"message":"\"x\"","tags":["_jsonparsefailure"]})",
               R"({"message":"[1]","tags":["_jsonparsefailure"]})",
               R"({"message":"[{\"a\":1},2]","tags":["_jsonparsefailure"]})", R"({"b":2})"});
}

TEST_CASE("json_lines: bytes that are no UTF-8 are a parse failure with readable text") {
  CHECK(TestCodec("json_lines").decode({"{\"a\":\"\xff\"}\n"}) ==
        Events{R"({"message":"{\\\"a\\\":\\\"\\xFF\\\"}","tags":["_jsonparsefailure"]})"});
}

TEST_CASE("json_lines: a document over the bound is cut, tagged and skipped to its end") {
  TestCodec c("json_lines { decode_size_limit_bytes => 20 }");
  const std::string text = "{\"a\":1}\n{\"long\":\"aaaaaaaaaaaaaaaaaaaaaaa\"}\n{\"b\":2}\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    TestCodec fresh("json_lines { decode_size_limit_bytes => 20 }");
    CHECK(fresh.decode({text.substr(0, cut), text.substr(cut)}) ==
          Events{R"({"a":1})",
                 R"({"message":"{\"long\":\"aaaaaaaaaaa","tags":["_jsonparsefailure","_line_too_long"]})",
                 R"({"b":2})"});
  }
}

TEST_CASE("json_lines: target, delimiter and charset") {
  CHECK(TestCodec("json_lines { target => '[doc][x]' }").decode({"{\"a\":1}\n"}) ==
        Events{R"({"doc":{"x":{"a":1}}})"});
  CHECK(TestCodec("json_lines { delimiter => '|' }").decode({"{\"a\":1}|{\"a\":2}"}) ==
        Events{R"({"a":1})", R"({"a":2})"});
  CHECK(TestCodec("json_lines { charset => 'CP1252' }").decode({"{\"a\":\"\xe9\"}\n"}) ==
        Events{R"({"a":"é"})"});
  CHECK(TestCodec("json_lines { delimiter => '|' }")
            .encode({R"({"@timestamp":"2020-01-02T03:04:05Z","a":1})"}) ==
        R"({"@timestamp":"2020-01-02T03:04:05.000Z","a":1,"@version":"1"}|)");
  CHECK(TestCodec("json_lines { delimiter => '' }").code() == "E0306");
  CHECK(TestCodec("json_lines { decode_size_limit_bytes => 0 }").code() == "E0306");
}

TEST_CASE("json: a chunk is a document; in ECS mode a single one keeps its text") {
  CHECK(TestCodec("json").decode({"{\"a\":\n1}", "  ", "[{\"a\":1},{\"a\":2}]"}) ==
        Events{R"({"a":1})", R"({"a":1})", R"({"a":2})"});
  CHECK(TestCodec("json", "v8").decode({"{\"a\":1}"}) ==
        Events{R"({"a":1,"event":{"original":"{\"a\":1}"}})"});
  CHECK(TestCodec("json", "v8").decode({R"({"event":{"original":"o"}})"}) ==
        Events{R"({"event":{"original":"o"}})"});
  CHECK(TestCodec("json", "v8").decode({"[{\"a\":1},{\"a\":2}]"}) == Events{R"({"a":1})", R"({"a":2})"});
  CHECK(TestCodec("json").encode({R"({"@timestamp":"2020-01-02T03:04:05Z","a":1})"}) ==
        R"({"@timestamp":"2020-01-02T03:04:05.000Z","a":1,"@version":"1"})");
}
