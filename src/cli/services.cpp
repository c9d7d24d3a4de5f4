#include "cli/services.hpp"

namespace sluice::cli {

struct Services::Impl {
  const settings::Settings& settings;
};

Services::Services(const settings::Settings& settings) : impl_(new Impl{settings}) {}
Services::~Services() = default;

std::string Services::index_address() const {
  return "http://" + impl_->settings.text("index.http.host") + ":" + impl_->settings.text("index.http.port");
}

Status Services::start(runtime::Engine&, bool) { return {}; }
void Services::add(runtime::Pipeline&) {}
void Services::stop() {}

}  // namespace sluice::cli
