// A directory node either decodes to what encodes to an equal node, or is refused as damaged.
#include "base/error.h"
#include "vault/directory_nodes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat;
  try {
    const vault::DirectoryNode node = vault::decode_directory_node({data, size}, "fuzz");
    for (const vault::FileEntry& entry : node.entries) LIFEBOAT_CHECK(vault::valid_path(entry.path));
    LIFEBOAT_CHECK(vault::decode_directory_node(vault::encode_directory_node(node), "again") == node);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) __builtin_trap();
  }
  return 0;
}
