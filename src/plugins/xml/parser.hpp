// XML documents through libxml2, with nothing but the text itself: no files, no network, no unbounded
// entities.
#pragma once

#include <libxml/parser.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::plugins::xml {

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;

/// What the option parse_options says, as flags of libxml2.
struct ParseOptions {
  int flags = XML_PARSE_RECOVER | XML_PARSE_NONET;
  [[nodiscard]] bool strict() const { return (flags & XML_PARSE_RECOVER) == 0; }
  /// Names between `,` or `|`, written as Nokogiri's constants in any case. `unknown` names one that is none.
  static std::optional<ParseOptions> parse(std::string_view text, std::string& unknown);
};

/// Reads one document after the other. Used by one thread at a time.
class Parser {
 public:
  enum class Mode : uint8_t {
    as_told,  // by the options
    /// Every mistake fails the document, and entities that are not known stand for themselves: what Ruby's
    /// REXML does. References stay nodes, and how texts are written is known.
    rexml,
  };
  Parser(Mode mode, ParseOptions options);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// The document in `text`. Null when it has a mistake that the options do not forgive; with recovery, also
  /// when there is nothing in it.
  Document read(std::string_view text);
  [[nodiscard]] const std::string& error() const { return error_; }
  /// A text node of the last document as it is written, with its references to characters (in mode rexml).
  [[nodiscard]] std::string_view written(const xmlNode& text) const;

 private:
  static void take_characters(void* context, const xmlChar* text, int size);
  void note_written(std::string_view text, std::string_view reference);
  void renew();
  Mode mode_;
  ParseOptions options_;
  xmlParserCtxt* context_ = nullptr;
  std::string error_;
  std::vector<std::string> written_;  // of nodes with references; their _private is the number, from 1
};

/// The bytes of a string of libxml2.
inline std::string_view text_of(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}
inline const xmlChar* xml_text(const char* text) { return reinterpret_cast<const xmlChar*>(text); }

}  // namespace sluice::plugins::xml
