// An image's payload either decodes to what encodes to an equal image, or is refused as damaged.
#include "base/error.h"
#include "vault/image_object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  try {
    const vault::ImageObject image = vault::decode_image("20261122-185434-3f9a2c", {data, size});
    const Bytes encoded = vault::encode_image(image.info, image.root);
    LIFEBOAT_CHECK(vault::decode_image(image.info.name, encoded).root == image.root);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
