// A header passes exactly if it is the one that would be written; config and header are decoded as they come.

#include "vault/config.h"
#include "vault/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  using namespace lifeboat::vault;
  const ByteView input(data, size);
  may_refuse([&] {
    const Id id = check_header_of_any_vault(input, ObjectKind::kConfig, kConfigName);
    LIFEBOAT_CHECK(std::ranges::equal(input.first(kHeaderBytes), make_header(ObjectKind::kConfig, id, kConfigName)));
    decode_config(input);
  });
  may_refuse([&] {
    const Bytes config = with_header(input, ObjectKind::kConfig, kConfigName);
    LIFEBOAT_CHECK(decode_config(config).vault_id == fuzzing_keys().vault_id());
    LIFEBOAT_CHECK(config.size() == kConfigBytes);
    verify_config(fuzzing_keys(), config);
    LIFEBOAT_CHECK(encode_config(fuzzing_keys(), decode_config(config).created) == config);
  });
  return 0;
}
