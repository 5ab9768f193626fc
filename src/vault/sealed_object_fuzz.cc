// A small object as it comes, and one whose seal is right around the input: codec byte and payload.

#include "vault/fuzzing.h"
#include "vault/sealed_object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  using namespace lifeboat::vault;
  static constexpr std::string_view kName = "pins/x";
  const Keys& keys = fuzzing_keys();
  const ByteView input(data, size);
  may_refuse([&] { open_object(keys, ObjectKind::kPin, kName, input); });
  may_refuse([&] { open_object(keys, ObjectKind::kPin, kName, with_header(input, ObjectKind::kPin, kName)); });

  Bytes object = with_header({}, ObjectKind::kPin, kName);
  const Bytes header = object;
  object.resize(header.size() + input.size() + codec::kSealTagBytes);
  keys.object_key(kName).seal({}, header, {input}, ByteSpan(object).subspan(header.size()));
  may_refuse([&] {
    const Bytes payload = open_object(keys, ObjectKind::kPin, kName, object);
    LIFEBOAT_CHECK(open_object(keys, ObjectKind::kPin, kName, seal_object(keys, ObjectKind::kPin, kName, payload)) ==
                   payload);
  });
  return 0;
}
