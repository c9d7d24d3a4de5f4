// Index templates that the output brings along, in the two forms that clusters take.
#pragma once

#include <string>
#include <string_view>

#include "base/status.hpp"

namespace sluice::elastic {

struct TemplateWish {
  bool ecs = false;
  bool composable = true;
  int major = 8;
  std::string mapping_type;  // for clusters before 7: the level below "mappings"
  std::string text;          // a template of the user's; empty: our own
  std::string ilm_policy;    // with a rollover alias: bound to it
  std::string ilm_alias;
};

/// The body to install. An error when the user's text is not a JSON object.
Result<std::string> template_body(const TemplateWish& wish);

}  // namespace sluice::elastic
