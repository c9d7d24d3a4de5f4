// What may be a tenant's name: it becomes part of an index name, so it has to be legal there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::plugins {

/// The longest tenant name in bytes: an index name holds 255, and prefix and date want their share.
inline constexpr size_t kMaxTenantBytes = 100;

/// True when `name` can stand in an index name as it is: lower case, none of `\ / * ? " < > | , # :`, blanks
/// or control characters, no `-`, `_`, `+` or `.` at its start, not empty and not too long.
bool tenant_name_legal(std::string_view name);

/// Makes `found` legal: lower case, illegal characters become `-`, leading `-`, `_`, `+` and `.` go. False
/// when nothing is left or it is longer than kMaxTenantBytes: cutting could make two tenants one.
bool normalize_tenant(std::string_view found, std::string& name);

/// The value of an attribute of a certificate's subject: "CN=acme,O=Acme Ltd" (RFC 4514, with escapes and
/// quotes) or
/// "/O=Acme Ltd/CN=acme". The first one when there are several. False when the subject has none.
bool subject_attribute(std::string_view subject, std::string_view attribute, std::string& value);

}  // namespace sluice::plugins
