/// Creating objects in S3, whole or not at all and never over another.
///
/// Small objects are one PUT with `If-None-Match: *`, which the server decides. Larger ones are a multipart upload,
/// sent in parts of kPartBytes as they come; its completion carries the same condition, but older servers (Ceph
/// before 20) ignore it there. Absence is therefore checked first as well, at the start and right before the
/// completion; what remains is that of two writers finishing the same large name within that instant the later one
/// would win. Lifeboat never does this: names of large objects hold 128 random bits.
///
/// Every write carries a random mark in the object's metadata. When the answer to a PUT or a completion was lost,
/// the mark tells on the next attempt whether the object there is ours.
#pragma once

#include <memory>
#include <mutex>
#include <semaphore>
#include <string_view>
#include <vector>

#include "store/s3_client.h"
#include "store/store.h"

namespace lifeboat::store {

inline constexpr std::size_t kPartBytes = std::size_t{8} << 20U;
/// Parts on their way at the same time, over all writers of a store: bounds memory.
inline constexpr int kPartsInFlightMax = 4;

/// What the writers of one store share: leave to send a part, and the buffers, which are used again (fresh pages would
/// cost a tenth of an upload). Threads: safe from any thread.
class PartPool {
 public:
  /// Empty, with room for a part.
  Bytes take_buffer();
  void give_back(Bytes buffer);

  void acquire_slot() { slots_.acquire(); }
  void release_slot() { slots_.release(); }

 private:
  std::counting_semaphore<kPartsInFlightMax> slots_{kPartsInFlightMax};
  std::mutex mutex_;
  std::vector<Bytes> free_;
};

/// Creates an object by one conditional PUT; kExists if there is one.
void put_s3_object(S3Client& client, std::string_view name, ByteView bytes);

/// Borrows both. Destruction without commit stops parts on their way and removes the upload.
std::unique_ptr<ObjectWriter> make_s3_writer(S3Client& client, PartPool& pool, std::string_view name);

}  // namespace lifeboat::store
