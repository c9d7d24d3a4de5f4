#include "plugins/geo/database.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/log.hpp"
#include "base/time.hpp"

namespace sluice::plugins::geo {
namespace {

constexpr int64_t kLookEvery = 5'000'000'000;  // nanoseconds
constexpr int kIpv4Begin = 96;                 // bits before an IPv4 address in a tree for IPv6

DatabaseKind kind_of(std::string_view type) {
  struct Name {
    std::string_view part;
    DatabaseKind kind;
  };
  static constexpr Name kNames[] = {{"City", DatabaseKind::city},
                                    {"Country", DatabaseKind::country},
                                    {"Domain", DatabaseKind::domain},
                                    {"ASN", DatabaseKind::asn},
                                    {"ISP", DatabaseKind::isp},
                                    {"Enterprise", DatabaseKind::enterprise},
                                    {"Anonymous-IP", DatabaseKind::anonymous_ip}};
  for (const auto& name : kNames)
    if (type.find(name.part) != std::string_view::npos) return name.kind;
  return DatabaseKind::unknown;
}

bool identity(const std::string& path, uint64_t& inode, int64_t& modified) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return false;
  inode = info.st_ino;
  modified = info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
  return true;
}

// Four numbers without zeros before them, as inet_pton() takes them.
bool read_ipv4(std::string_view text, uint32_t& bits) {
  uint32_t part = 0;
  int digits = 0, dots = 0;
  bits = 0;
  for (const char c : text) {
    const auto digit = static_cast<uint32_t>(static_cast<unsigned char>(c)) - '0';
    if (digit <= 9 && (digits == 0 || part != 0)) {
      part = part * 10 + digit;
      if (part > 255) return false;
      ++digits;
    } else if (c == '.' && digits != 0 && dots < 3) {
      bits = bits << 8 | part;
      part = 0;
      digits = 0;
      ++dots;
    } else {
      return false;
    }
  }
  bits = bits << 8 | part;
  return digits != 0 && dots == 3;
}

}  // namespace

std::string ipv6_text(const in6_addr& address) {
  std::string text;
  for (int i = 0; i < 16; i += 2)
    text += fmt::format("{}{:x}", i ? ":" : "", (address.s6_addr[i] << 8) | address.s6_addr[i + 1]);
  return text;
}

std::string network_text(const std::string& canonical, int prefix) {
  unsigned char bytes[16] = {};
  const bool v6 = inet_pton(AF_INET6, canonical.c_str(), bytes) == 1;
  if (!v6 && inet_pton(AF_INET, canonical.c_str(), bytes) != 1) return {};
  const int bits = v6 ? 128 : 32;
  for (int i = prefix; i < bits; ++i) bytes[i / 8] &= static_cast<unsigned char>(~(0x80 >> (i % 8)));
  if (v6) {
    in6_addr address{};
    std::memcpy(&address, bytes, sizeof address);
    return fmt::format("{}/{}", ipv6_text(address), prefix);
  }
  return fmt::format("{}.{}.{}.{}/{}", bytes[0], bytes[1], bytes[2], bytes[3], prefix);
}

Result<std::shared_ptr<const Database>> Database::open(const std::string& path) {
  std::shared_ptr<Database> database(new Database);
  database->path_ = path;
  (void)identity(path, database->inode_, database->modified_);
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database->mmdb_);
  if (status != MMDB_SUCCESS)
    return Status::config(
        fmt::format("the database {} cannot be opened: {}", path,
                    status == MMDB_IO_ERROR ? std::string(std::strerror(errno)) : MMDB_strerror(status)));
  database->open_ = true;
  database->type_name_ = database->mmdb_.metadata.database_type;
  database->kind_ = kind_of(database->type_name_);
  database->read_branches();
  return std::shared_ptr<const Database>(std::move(database));
}

Database::~Database() {
  if (open_) MMDB_close(&mmdb_);
}

Found Database::lookup(const std::string& address, std::string& canonical) const {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const sockaddr* socket = nullptr;
  bool mapped = false;
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    socket = reinterpret_cast<const sockaddr*>(&v4);
    canonical = address;
  } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      std::memcpy(&v4.sin_addr, &v6.sin6_addr.s6_addr[12], 4);
      v4.sin_family = AF_INET;
      char text[INET_ADDRSTRLEN];
      canonical = inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
      socket = reinterpret_cast<const sockaddr*>(&v4);
      mapped = true;
    } else {
      v6.sin6_family = AF_INET6;
      socket = reinterpret_cast<const sockaddr*>(&v6);
      canonical = ipv6_text(v6.sin6_addr);
    }
  }
  if (!socket) return {};
  int error = MMDB_SUCCESS;
  const auto found = MMDB_lookup_sockaddr(&mmdb_, socket, &error);
  if (error != MMDB_SUCCESS) return {};
  int prefix = found.netmask;
  // A database for IPv6 counts the bits before an IPv4 address too.
  if ((socket->sa_family == AF_INET || mapped) && mmdb_.metadata.ip_version == 6 && prefix >= kIpv4Begin)
    prefix -= kIpv4Begin;
  return {found.found_entry, found.entry.offset, prefix};
}

// The node or entry below a node.
Database::Branch Database::next(const Branch& branch, bool bit) const {
  using Kind = Branch::Kind;
  const auto prefix = static_cast<uint8_t>(branch.prefix + 1);
  MMDB_search_node_s node;
  if (branch.kind != Kind::node || MMDB_read_node(&mmdb_, branch.number, &node) != MMDB_SUCCESS)
    return {Kind::unknown, prefix, 0};
  switch (bit ? node.right_record_type : node.left_record_type) {
    case MMDB_RECORD_TYPE_SEARCH_NODE:
      return {Kind::node, prefix, static_cast<uint32_t>(bit ? node.right_record : node.left_record)};
    case MMDB_RECORD_TYPE_EMPTY:
      return {Kind::nothing, prefix, 0};
    case MMDB_RECORD_TYPE_DATA:
      return {Kind::entry, prefix, (bit ? node.right_record_entry : node.left_record_entry).offset};
    default:
      return {Kind::unknown, prefix, 0};
  }
}

void Database::read_branches() {
  Branch top{Branch::Kind::node, 0, 0};
  // A tree for IPv6 has the IPv4 addresses where all bits before them are 0.
  if (mmdb_.metadata.ip_version == 6)
    for (int i = 0; i < kIpv4Begin; ++i) top = next(top, false);
  if (top.kind != Branch::Kind::node) return;
  top.prefix = 0;
  branches_.resize(size_t{1} << kFirstBits);
  read_branches(top, 0);
}

// Fills in what comes after `above`, which begins at an address.
void Database::read_branches(Branch above, uint32_t address) {
  if (above.kind == Branch::Kind::node && above.prefix < kFirstBits) {
    read_branches(next(above, false), address);
    read_branches(next(above, true), address | 1u << (31 - above.prefix));
    return;
  }
  const auto begin = branches_.begin() + (address >> (32 - kFirstBits));
  std::fill_n(begin, size_t{1} << (kFirstBits - above.prefix), above);
}

bool Database::lookup_ipv4(std::string_view text, Found& found) const {
  uint32_t bits = 0;
  if (branches_.empty() || !read_ipv4(text, bits)) return false;
  Branch branch = branches_[bits >> (32 - kFirstBits)];
  while (branch.kind == Branch::Kind::node && branch.prefix < 32)
    branch = next(branch, (bits >> (31 - branch.prefix) & 1) != 0);
  found = {branch.kind == Branch::Kind::entry, branch.number, branch.prefix};
  return branch.kind == Branch::Kind::entry || branch.kind == Branch::Kind::nothing;
}

bool Database::stale() const {
  uint64_t inode = 0;
  int64_t modified = 0;
  return identity(path_, inode, modified) && (inode != inode_ || modified != modified_);
}

std::shared_ptr<const Database> WatchedDatabase::get() {
  auto database = current_.load(std::memory_order_acquire);
  const int64_t now = steady_nanos();
  int64_t due = next_look_.load(std::memory_order_relaxed);
  if (now < due || !next_look_.compare_exchange_strong(due, now + kLookEvery)) return database;
  if (due == 0 || !database->stale()) return database;
  auto fresh = Database::open(database->path());
  if (!fresh.ok()) {
    log::warn("logstash.filters.geoip", "The changed database cannot be used; the old one stays",
              {{"reason", fresh.message()}});
    return database;
  }
  log::info("logstash.filters.geoip", "The database was replaced and is in use now",
            {{"path", database->path()}, {"type", (*fresh)->type_name()}});
  current_.store(*fresh, std::memory_order_release);
  return *fresh;
}

namespace {

constexpr uint32_t bit(DatabaseKind kind) { return 1u << static_cast<uint32_t>(kind); }
constexpr uint32_t kCity = bit(DatabaseKind::city), kCountry = bit(DatabaseKind::country),
                   kDomain = bit(DatabaseKind::domain), kAsn = bit(DatabaseKind::asn),
                   kIsp = bit(DatabaseKind::isp), kEnterprise = bit(DatabaseKind::enterprise),
                   kAnonymous = bit(DatabaseKind::anonymous_ip);
constexpr uint32_t kPlaces = kCity | kCountry | kEnterprise, kOwners = kAsn | kIsp | kEnterprise,
                   kAddress = kPlaces | kOwners | kAnonymous;

// The kinds are those whose default set holds the field, legacy layout first, then ECS; then those that can
// give it.
constexpr Field kFields[] = {
    {"IP", "ip", "[ip]", "", kCity | kCountry | kAsn | kIsp | kEnterprise,
     kCity | kCountry | kAsn | kIsp | kEnterprise, kAddress},
    {"CITY_NAME", "city_name", "[geo][city_name]", "city names en", kCity | kEnterprise, kCity | kEnterprise,
     kCity | kEnterprise},
    {"CONTINENT_CODE", "continent_code", "[geo][continent_code]", "continent code", kCity, kCity, kCity},
    {"CONTINENT_NAME", "continent_name", "[geo][continent_name]", "continent names en",
     kCountry | kEnterprise, kCountry | kEnterprise, kPlaces},
    {"COUNTRY_NAME", "country_name", "[geo][country_name]", "country names en",
     kCity | kCountry | kEnterprise, kCity | kCountry | kEnterprise, kPlaces},
    {"COUNTRY_CODE2", "country_code2", "[geo][country_iso_code]", "country iso_code",
     kCity | kCountry | kEnterprise, kCity | kCountry | kEnterprise, kPlaces},
    {"COUNTRY_CODE3", "country_code3", "", "country iso_code", kCity, kCity, kCity},
    {"DOMAIN", "domain", "[domain]", "domain", kDomain, kDomain, kDomain},
    {"POSTAL_CODE", "postal_code", "[geo][postal_code]", "postal code", kCity, kCity, kCity},
    {"DMA_CODE", "dma_code", "[mmdb][dma_code]", "location metro_code", kCity, kCity, kCity},
    {"REGION_NAME", "region_name", "[geo][region_name]", "subdivisions -1 names en", kCity | kEnterprise,
     kCity | kEnterprise, kCity | kEnterprise},
    {"REGION_CODE", "region_code", "[geo][region_code]", "subdivisions -1 iso_code", kCity, 0, kCity},
    {"REGION_ISO_CODE", "region_iso_code", "[geo][region_iso_code]", "", kEnterprise, kCity | kEnterprise,
     kCity | kEnterprise},
    {"TIMEZONE", "timezone", "[geo][timezone]", "location time_zone", kCity, kCity, kCity | kEnterprise},
    {"LOCATION", "location", "[geo][location]", "", kCity | kEnterprise, kCity | kEnterprise,
     kCity | kEnterprise},
    {"LATITUDE", "latitude", "[geo][location][lat]", "location latitude", kCity, kCity, kCity},
    {"LONGITUDE", "longitude", "[geo][location][lon]", "location longitude", kCity, kCity, kCity},
    {"AUTONOMOUS_SYSTEM_NUMBER", "asn", "[as][number]", "autonomous_system_number", kAsn | kIsp, kAsn | kIsp,
     kOwners},
    {"AUTONOMOUS_SYSTEM_ORGANIZATION", "as_org", "[as][organization][name]", "autonomous_system_organization",
     kAsn | kIsp, kAsn | kIsp, kOwners},
    {"ISP", "isp", "[mmdb][isp]", "isp", kIsp, kIsp, kIsp},
    {"ORGANIZATION", "organization", "[mmdb][organization]", "organization", kIsp, kIsp, kIsp},
    {"NETWORK", "network", "[ip_traits][network]", "", 0, 0, kAsn | kEnterprise},
    {"HOSTING_PROVIDER", "hosting_provider", "[ip_traits][hosting_provider]", "is_hosting_provider",
     kAnonymous, kAnonymous, kAnonymous | kEnterprise},
    {"TOR_EXIT_NODE", "tor_exit_node", "[ip_traits][tor_exit_node]", "is_tor_exit_node", kAnonymous,
     kAnonymous, kAnonymous | kEnterprise},
    {"ANONYMOUS_VPN", "anonymous_vpn", "[ip_traits][anonymous_vpn]", "is_anonymous_vpn", kAnonymous,
     kAnonymous, kAnonymous | kEnterprise},
    {"ANONYMOUS", "anonymous", "[ip_traits][anonymous]", "is_anonymous", kAnonymous, kAnonymous,
     kAnonymous | kEnterprise},
    {"PUBLIC_PROXY", "public_proxy", "[ip_traits][public_proxy]", "is_public_proxy", kAnonymous, kAnonymous,
     kAnonymous | kEnterprise},
    {"RESIDENTIAL_PROXY", "residential_proxy", "[ip_traits][residential_proxy]", "is_residential_proxy",
     kAnonymous, kAnonymous, kAnonymous | kEnterprise},
};

}  // namespace

std::span<const Field> all_fields() { return kFields; }

const Field* find_field(std::string_view option) {
  for (const auto& field : kFields) {
    if (field.option.size() != option.size()) continue;
    bool same = true;
    for (size_t i = 0; i < option.size() && same; ++i)
      same = std::toupper(static_cast<unsigned char>(option[i])) == field.option[i];
    if (same) return &field;
  }
  return nullptr;
}

}  // namespace sluice::plugins::geo
