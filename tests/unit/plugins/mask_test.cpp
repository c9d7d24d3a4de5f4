#include <doctest/doctest.h>

#include <random>

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "plugins/mask/check_digits.hpp"
#include "plugins/mask/text_masker.hpp"

using sluice::steady_nanos;
using namespace sluice::plugins::mask;

namespace {

Settings settings(Mode mode) {
  Settings all;
  all.kinds = 0x1f;
  for (const auto name : kKindNames)
    all.treatments.push_back({std::string(name), mode, "[" + std::string(name) + "]"});
  all.key = "key";
  return all;
}

// What is to be found, and what random texts need to come near to it.
constexpr std::string_view kFinds[] = {"4111111111111111",
                                       "4111 1111 1111 1111",
                                       "3782-822463-10005",
                                       "DE89370400440532013000",
                                       "DE89 3704 0044 0532 0130 00",
                                       "joe@example.com",
                                       "jürgen%40münchen.de",
                                       "192.0.2.7",
                                       "2001:db8::1",
                                       "::ffff:192.0.2.7",
                                       "123-45-6789",
                                       "86 095 742 719",
                                       "12345678Z",
                                       "RSSMRA85T10A562S",
                                       "AB 12 34 56 C",
                                       "111.444.777-35",
                                       "2341 2341 2346",
                                       "2 55 08 14 168 025 38"};
constexpr std::string_view kPieces[] = {
    "@",   "%40",  "%", ":",  "::",  ".",    "-",    " ",    "  ",           "0", "1", "12",
    "123", "1234", "a", "ab", "é",   "\xc3", "\xa9", "\xff", "\xe2\x80\x9c", "/", "[", "]",
    "_",   "x",    "Z", "\n", "com", "255",  "256",  "fe80", "%eth0"};
constexpr std::string_view kBetween[] = {", ", "; ", "\n", "\"", " (", ") ", "=", "\t|", "“"};

template <size_t N>
std::string_view any_of(const std::string_view (&all)[N], std::mt19937& random) {
  return all[random() % N];
}

std::string random_text(std::mt19937& random) {
  std::string text;
  for (size_t n = random() % 12; n > 0; --n) {
    switch (random() % 8) {
      case 0:
        text += static_cast<char>(random());
        break;
      case 1:
      case 2:
      case 3:
        text += any_of(kFinds, random);
        break;
      default:
        text += any_of(kPieces, random);
    }
  }
  return text;
}

std::string with_luhn(std::string digits) {
  for (char c = '0'; c <= '9'; ++c)
    if (luhn_valid(digits + c)) return digits + c;
  return {};
}

}  // namespace

TEST_CASE("mask: finds are in order, in the text and apart, whatever the bytes") {
  std::mt19937 random(1);
  const Scanner scanner(0x1f, kAllCountries);
  std::vector<Span> found;
  for (int i = 0; i < 100000; ++i) {
    const std::string text = random_text(random);
    found.clear();
    scanner.scan(text, found);
    size_t at = 0;
    for (const auto& span : found) {
      REQUIRE(span.begin >= at);
      REQUIRE(span.end > span.begin);
      REQUIRE(span.end <= text.size());
      REQUIRE(span.kind < first_own);
      at = span.end;
    }
  }
}

TEST_CASE("mask: valid text stays valid") {
  std::mt19937 random(2);
  for (const Mode mode : {Mode::redact, Mode::hash, Mode::partial}) {
    const Settings all = settings(mode);
    TextMasker masker(all);
    for (int i = 0; i < 30000; ++i) {
      const std::string text = random_text(random);
      if (masker.mask(text) == TextMasker::Outcome::clean || !sluice::utf8_valid(text)) continue;
      CAPTURE(text);
      CHECK(sluice::utf8_valid(masker.result()));
    }
  }
}

TEST_CASE("mask: whatever stands in a text by itself is found, and labels are not") {
  std::mt19937 random(4);
  const Settings all = settings(Mode::redact);
  TextMasker masker(all);
  for (int i = 0; i < 30000; ++i) {
    std::string text;
    size_t finds = 0;
    for (size_t n = random() % 6; n > 0; --n) {
      const bool find = random() % 2 == 0;
      finds += find ? 1 : 0;
      text += find ? any_of(kFinds, random) : std::string_view("word");
      text += any_of(kBetween, random);
    }
    masker.mask(text);
    CAPTURE(text);
    REQUIRE(masker.found().size() == finds);
    if (finds) CHECK(masker.mask(std::string(masker.result())) == TextMasker::Outcome::clean);
  }
}

TEST_CASE("mask: every card number with a right check digit is found, and none with a wrong one") {
  std::mt19937 random(3);
  const Settings all = settings(Mode::redact);
  TextMasker masker(all);
  for (int i = 0; i < 20000; ++i) {
    std::string digits = "4";
    for (int n = 0; n < 14; ++n) digits += static_cast<char>('0' + random() % 10);
    std::string card = with_luhn(digits);
    CHECK(masker.mask("pay " + card + ", please") == TextMasker::Outcome::masked);
    CHECK(masker.result() == "pay [card], please");
    card.back() = card.back() == '9' ? '0' : static_cast<char>(card.back() + 1);
    masker.mask("pay " + card + ", please");
    CHECK(masker.found().empty());
  }
}

TEST_CASE("mask: the time is proportional to the text, whatever it holds") {
  const Settings all = settings(Mode::redact);
  TextMasker masker(all);
  constexpr size_t kSize = 1 << 20;
  for (const std::string_view piece :
       {"a",    "1",  "@",        "a@",    "a@b.",       "@a.b",     "%40",        ":",    "::", "1:",
        "ab:",  "1.", "1.1.1.1.", "4111 ", "4111 1111 ", "DE89",     "DE89 3704 ", "1-",   "a.", "a-",
        "xn--", "é",  "é@",       "\xc3",  "\xff@",      "1 22 33 ", "AB 12 ",     "1234 "}) {
    std::string text;
    while (text.size() < kSize) text += piece;
    const int64_t begin = steady_nanos();
    masker.mask(text);
    CAPTURE(std::string(piece));
    CHECK(steady_nanos() - begin < 1'500'000'000);
  }
}
