// A chunk node either decodes to what encodes to an equal node, or is refused as damaged.
#include "base/error.h"
#include "vault/chunk_nodes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  try {
    const vault::ChunkNode node = vault::decode_chunk_node({data, size}, "fuzz");
    LIFEBOAT_CHECK(vault::decode_chunk_node(vault::encode_chunk_node(node), "again") == node);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
