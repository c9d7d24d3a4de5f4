#include "plugins/kv/edit.hpp"

#include "match/text_case.hpp"

namespace sluice::plugins::kv {
namespace {

std::optional<Stripping> stripping(plugin::Setup& setup, std::string_view option, bool ends) {
  const auto characters = setup.options.maybe_string(option);
  if (!characters) return std::nullopt;
  auto made = Stripping::compile(*characters, ends);
  if (made.ok()) return std::move(made).value();
  setup.error(option, "E0301", "The set of characters is not valid: " + made.message(),
              "The characters are put between [ and ]: write \\] \\[ \\^ and \\\\ for these four.");
  return std::nullopt;
}

}  // namespace

Edit Edit::from(plugin::Setup& setup, std::string_view trim, std::string_view remove,
                std::string_view letters) {
  Edit edit;
  edit.trim_ = stripping(setup, trim, true);
  edit.remove_ = stripping(setup, remove, false);
  const std::string named = setup.options.string(letters);
  if (named == "lowercase") edit.case_ = Case::lower;
  if (named == "uppercase") edit.case_ = Case::upper;
  if (named == "capitalize") edit.case_ = Case::capitalized;
  return edit;
}

std::string_view Edit::apply(std::string_view text, Scratch& scratch, match::Captures& captures) const {
  if (trim_) text = trim_->apply(text, scratch[0], captures);
  if (remove_) text = remove_->apply(text, scratch[1], captures);
  if (case_ == Case::as_is) return text;
  auto& out = scratch[2];
  out.clear();
  if (case_ == Case::lower) match::append_lower(text, out);
  if (case_ == Case::upper) match::append_upper(text, out);
  if (case_ == Case::capitalized) match::append_capitalized(text, out);
  return out;
}

}  // namespace sluice::plugins::kv
