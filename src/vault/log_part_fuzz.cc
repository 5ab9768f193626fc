// A log part as it comes, and one whose seals are right around the input; and names of parts.

#include "vault/fuzzing.h"
#include "vault/log_part.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  using namespace lifeboat::vault;
  const Keys& keys = fuzzing_keys();
  const ByteView input(data, size);
  if (const auto name = parse_log_part_object(as_text(input))) {
    LIFEBOAT_CHECK(log_part_object(*name) == as_text(input));
  }
  const LogPartName name{.stream = {1}, .file = 2, .begin = 3, .end = 3 + size};
  may_refuse([&] { open_log_part(keys, name, input); });
  may_refuse([&] { open_log_part(keys, name, with_header(input, ObjectKind::kLogPart, log_part_object(name))); });
  const LogPart part =
      open_log_part(keys, name, seal_log_part(keys, name, input.first(std::min<std::size_t>(size, 99)), input));
  LIFEBOAT_CHECK(std::ranges::equal(part.content, input));
  return 0;
}
