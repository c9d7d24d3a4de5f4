#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "match/numbers.hpp"
#include "match/text_case.hpp"

using namespace sluice::match;

namespace {

std::string whole(std::string_view text) {
  const auto value = convert_to_integer(text);
  if (!value) return "-";
  return value->fits() ? std::to_string(value->value) : value->big;
}

std::string real(std::string_view text) {
  const auto value = convert_to_float(text);
  return value ? java_double_text(*value) : "-";
}

}  // namespace

TEST_CASE("doubles as Java writes them") {
  CHECK(java_double_text(2) == "2.0");
  CHECK(java_double_text(-0.0) == "-0.0");
  CHECK(java_double_text(0.001) == "0.001");
  CHECK(java_double_text(0.0001) == "1.0E-4");
  CHECK(java_double_text(9999999) == "9999999.0");
  CHECK(java_double_text(12345678.9) == "1.23456789E7");
  CHECK(java_double_text(1e21) == "1.0E21");
  CHECK(java_double_text(2e-7) == "2.0E-7");
  CHECK(java_double_text(0.1 + 0.2) == "0.30000000000000004");
  CHECK(java_double_text(5e-324) == "4.9E-324");
  CHECK(java_double_text(1.7976931348623157e308) == "1.7976931348623157E308");
  CHECK(java_double_text(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(java_double_text(std::nan("")) == "NaN");
}

TEST_CASE("doubles in fixed form have the shortest digits that stand for them") {
  std::mt19937_64 random(20240404);
  for (int round = 0; round < 200'000; ++round) {
    // Few decimals, their neighbours, and any.
    const double scale = std::pow(10, static_cast<double>(random() % 9));
    double value = static_cast<double>(random() % 1'000'000'000) / scale;
    if (round % 4 == 1) value = std::nextafter(value, round % 8 == 1 ? 0 : 1e9);
    if (round % 4 == 2) value = static_cast<double>(random() % 10'000'000) * 0.1;
    if (value < 1e-3 || value >= 1e7) continue;
    if (random() % 2) value = -value;
    char text[64];
    std::string expected(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr);
    if (expected.find('.') == std::string::npos) expected += ".0";
    REQUIRE(java_double_text(value) == expected);
    REQUIRE(ruby_double_text(value) == expected);
  }
}

TEST_CASE("doubles as Ruby writes them") {
  CHECK(ruby_double_text(2) == "2.0");
  CHECK(ruby_double_text(12345678.9) == "12345678.9");
  CHECK(ruby_double_text(1e15) == "1000000000000000.0");
  CHECK(ruby_double_text(1e16) == "1.0e+16");
  CHECK(ruby_double_text(0.0001) == "0.0001");
  CHECK(ruby_double_text(0.00001) == "1.0e-05");
  CHECK(ruby_double_text(1.5e300) == "1.5e+300");
}

TEST_CASE("grok's int takes the number at the start of the text") {
  CHECK(ruby_to_i("42").value == 42);
  CHECK(ruby_to_i("  -17 bottles").value == -17);
  CHECK(ruby_to_i("+5").value == 5);
  CHECK(ruby_to_i("3.99").value == 3);
  CHECK(ruby_to_i("1_000").value == 1000);
  CHECK(ruby_to_i("1__0").value == 1);
  CHECK(ruby_to_i("_1").value == 0);
  CHECK(ruby_to_i("--5").value == 0);
  CHECK(ruby_to_i("0x1A").value == 0);
  CHECK(ruby_to_i("abc").value == 0);
  CHECK(ruby_to_i("").value == 0);
  CHECK(ruby_to_i("-9223372036854775808").value == std::numeric_limits<int64_t>::min());
  CHECK(ruby_to_i("9223372036854775807").fits());
  CHECK(ruby_to_i("9223372036854775808x").big == "9223372036854775808");
  CHECK(ruby_to_i("-00123456789012345678901").big == "-123456789012345678901");
}

TEST_CASE("grok's float takes the number at the start of the text") {
  CHECK(ruby_to_f("3.25s") == 3.25);
  CHECK(ruby_to_f(" -.5") == -0.5);
  CHECK(ruby_to_f("1.") == 1.0);
  CHECK(ruby_to_f("1e3x") == 1000.0);
  CHECK(ruby_to_f("1e") == 1.0);
  CHECK(ruby_to_f("1_000.5") == 1000.5);
  CHECK(ruby_to_f("1e400") == std::numeric_limits<double>::infinity());
  CHECK(ruby_to_f("1e-400") == 0.0);
  CHECK(ruby_to_f("0x1A") == 0.0);
  CHECK(ruby_to_f("x") == 0.0);
}

TEST_CASE("convert to integer") {
  CHECK(whole(" 1,234,567.8 ") == "1234567");
  CHECK(whole("-3.99") == "-3");
  CHECK(whole("+7") == "7");
  CHECK(whole(".5") == "0");
  CHECK(whole("1_000") == "1000");
  CHECK(whole("1.5e3") == "1500");
  CHECK(whole("1.5E-1") == "0");
  CHECK(whole("1234.5e-2") == "12");
  CHECK(whole("0x1a") == "26");
  CHECK(whole("-0XFF") == "-255");
  CHECK(whole("0x1.8p1") == "3");
  CHECK(whole("0xffffffffffffffffffff") == "1208925819614629174706175");
  CHECK(whole("123456789012345678901234567890") == "123456789012345678901234567890");
  CHECK(whole("1.0e20") == "100000000000000000000");
  CHECK(whole("007") == "7");
  for (const char* bad : {"", " ", "abc", "1e3", "1 2", "0x", "0xg", "1__0", "_1", "1_", "1.5e", "-", ".",
                          "1.2.3", "1.0e999999999"})
    CHECK_MESSAGE(whole(bad) == "-", bad);
  CHECK(convert_to_integer(-3.99)->value == -3);
  CHECK(convert_to_integer(1e20)->big == "100000000000000000000");
  CHECK_FALSE(convert_to_integer(std::nan("")).has_value());
  CHECK(whole(swap_decimal_marks("1.234,9")) == "1234");
}

TEST_CASE("convert to float") {
  CHECK(real("1,234.5") == "1234.5");
  CHECK(real(" -.5 ") == "-0.5");
  CHECK(real("1E3") == "1000.0");
  CHECK(real("1_000.5") == "1000.5");
  CHECK(real("0x1A") == "26.0");
  CHECK(real("-0x1.8p1") == "-3.0");
  CHECK(real("1e999") == "Infinity");
  CHECK(real("12") == "12.0");
  for (const char* bad : {"", "1.", "abc", "1e", "1.5.2", "0x", "nan", "infinity", "1 2", "."})
    CHECK_MESSAGE(real(bad) == "-", bad);
}

TEST_CASE("texts as BigDecimal reads them") {
  const auto whole = [](std::string_view text) {
    const auto number = big_decimal_to_integer(text);
    return !number ? "none" : number->fits() ? std::to_string(number->value) : number->big;
  };
  CHECK(whole("-1.9") == "-1");
  CHECK(whole("+12e2") == "1200");
  CHECK(whole(".5") == "0");
  CHECK(whole("5.") == "5");
  CHECK(whole("123456789e12") == "123456789000000000000");
  CHECK(whole("0e2147483647") == "0");
  for (const auto* text : {"", ".", "+", "1e", "1e+-2", "1 ", " 1", "0x1", "1_0", "1e2147483647", "NaN"})
    CHECK(whole(text) == "none");
  CHECK(parse_big_decimal("12")->kind == BigDecimal::Kind::integer);
  CHECK(parse_big_decimal("-1.50")->real == -1.5);
  CHECK(parse_big_decimal("1E-400")->text == "1E-400");
  CHECK(parse_big_decimal("-00.12345678901234567890")->text == "-0.12345678901234567890");
  CHECK_FALSE(parse_big_decimal("1,5"));
}

TEST_CASE("letter case") {
  CHECK(upper("plain ascii 1") == "PLAIN ASCII 1");
  CHECK(upper("straße é ñ ﬁ") == "STRASSE É Ñ FI");
  CHECK(lower("ÀÉ ÑABC İ") == "àé ñabc i\u0307");
  CHECK(lower("ΟΔΟΣ") == "οδοσ");  // each letter for itself, as Ruby does
  CHECK(capitalized("éCOLE ÉTÉ") == "École été");
  CHECK(capitalized("hELLO wORLD") == "Hello world");
  CHECK(capitalized("ßA") == "Ssa");
  CHECK(capitalized("").empty());
  CHECK(upper("a\xff"
              "é") ==
        "A\xff"
        "É");
}

TEST_CASE("strip takes blanks at both ends and NUL at the end") {
  CHECK(strip(" \t x y\r\n") == "x y");
  CHECK(strip(std::string_view("x\0 \0", 4)) == "x");
  CHECK(strip(std::string_view("\0x", 2)).size() == 2);
  CHECK(strip("\u00a0x") == "\u00a0x");
  CHECK(strip("   ").empty());
}
