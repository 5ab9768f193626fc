/// The driver that keeps objects in an S3 bucket (Amazon's, Ceph's, or any that has conditional PUT).
///
/// Needed of the server: SigV4, `If-None-Match: *` on PUT (checked before the first write), multipart upload,
/// ListObjectsV2 with start-after, Range, read-after-write consistency. The bucket must exist.
#pragma once

#include <memory>

#include "store/s3_client.h"
#include "store/store.h"

namespace lifeboat::store {

std::unique_ptr<Store> open_s3_store(S3Location location, S3Credentials credentials, const S3Tuning& tuning = {});

}  // namespace lifeboat::store
