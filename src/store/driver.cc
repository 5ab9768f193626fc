#include "store/driver.h"

namespace lifeboat::store {

void fail_not_found(std::string_view url, std::string_view name, std::source_location place) {
  fail(Code::kNotFound, format("{}: there is no object {}", url, name), {}, place);
}

void fail_exists(std::string_view url, std::string_view name, std::source_location place) {
  fail(Code::kExists, format("{}: object {} exists already", url, name), {}, place);
}

void fail_short(std::string_view url, std::string_view name, std::uint64_t size, std::uint64_t wanted,
                std::source_location place) {
  fail(Code::kCorruption, format("{}: object {} ends at byte {}, expected at least {}", url, name, size, wanted),
       "The object was cut short in the store; scrub the vault to see what it belongs to.", place);
}

void fail_large(std::string_view url, std::string_view name, std::uint64_t max_size, std::source_location place) {
  fail(Code::kCorruption, format("{}: object {} is larger than the {} bytes it may have", url, name, max_size), {},
       place);
}

}  // namespace lifeboat::store
