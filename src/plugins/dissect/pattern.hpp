// A dissect pattern: fields between delimiters (`%{date} %{+time} %{level->} %{message}`), found by searching
// for the delimiters alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::plugins::dissect {

/// What is done with the text that a field stands for.
enum class FieldKind : uint8_t {
  normal,    ///< `%{name}`: the event's field is set
  append,    ///< `%{+name}`, `%{+name/2}`: added to the event's field
  indirect,  ///< `%{&name}`: the field whose name is the text of `name` is set
  skip,      ///< `%{}`, `%{?name}`: nothing, but `%{&name}` may refer to it
};

/// Bytes [begin, end) of the pattern's text.
struct Place {
  size_t begin = 0;
  size_t end = 0;
};

struct Field {
  FieldKind kind = FieldKind::normal;
  std::string name;
  int order = 0;        ///< of an append field: those with a lower number come first
  bool padded = false;  ///< `->`: the delimiter behind the field may stand several times
  Place place;          ///< what stands between the braces
};

/// Something to say about a pattern.
struct Remark {
  std::string message;
  std::string help;
  Place place;
};

/// A compiled pattern. Immutable, used by any number of threads.
class Pattern {
 public:
  /// False when Logstash would refuse the pattern; `error` says why. `doubts` receives what is legal and most
  /// likely not meant.
  static bool compile(std::string_view text, Pattern& pattern, Remark& error, std::vector<Remark>& doubts);

  /// The fields in the order in which they stand. The last one may be a nameless skip field for the text
  /// behind the last delimiter.
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  /// Numbers of the fields that set something, in the order in which they must: normal ones, then append
  /// fields by their numbers, then indirect ones.
  [[nodiscard]] const std::vector<size_t>& saved() const { return saved_; }
  /// What joins the text of append field number `field` to what was there before.
  [[nodiscard]] std::string_view joint(size_t field) const;

  /// Finds the text of each field; `parts` has room for all of them. False when a delimiter is missing.
  bool split(std::string_view text, std::string_view* parts) const;

 private:
  void read_fields(std::string_view text);
  bool read_name(std::string_view text, Field& field, Remark& error) const;
  void order_saved();
  void collect_doubts(std::string_view text, std::vector<Remark>& doubts) const;
  bool skip_delimiter(size_t field, std::string_view text, size_t& at) const;

  std::vector<Field> fields_;
  std::vector<std::string> before_;  // the delimiter in front of each field
  std::vector<size_t> saved_;
  bool tail_ = false;  // the last field is the one for the text behind the last delimiter
};

}  // namespace sluice::plugins::dissect
