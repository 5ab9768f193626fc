/// For the tests of the journal: one record of each type, with values that need every byte of their encodings.
#pragma once

#include <vector>

#include "volume/records.h"

namespace lifeboat::volume {

inline std::vector<Record> sample_records() {
  BlockSet marks;
  marks.add(0, 0xffffffffU);
  marks.add(1000, 0x10U);
  return {
      ImageRecord{"20260101T000000Z-abc", true, 77, 300},
      NodeRecord{.inode = 5,
                 .parent = 1,
                 .name = "t1.ibd",
                 .type = vault::FileType::kFile,
                 .mode = 0640,
                 .uid = 0xffffffffU,
                 .gid = 1000,
                 .mtime_ns = -1,
                 .size = kFileBytesMax,
                 .link_target = {},
                 .changed = true,
                 .image_path = "db/t1.ibd",
                 .image_size = 131073},
      RemoveRecord{6},
      RenameRecord{5, 1, "t2.ibd"},
      AttributesRecord{5, 0600, 1, 2, 1'700'000'000'000'000'000},
      ResizeRecord{5, 70'000, 12},
      FreezeRecord{},
      MarksRecord{5, LayerRole::kFrozen, 9, 200'000, 13, marks},
      LayerRecord{5, LayerRole::kCurrent, true, 10, kNoLimit, {4097, 8000}, marks},
      LayerRecord{5, LayerRole::kFrozen, false, 0, 4096, {}, {}},
      BaseRecord{5, true, 11, {{0, 1}, {5, 700}}},
      HydratedRecord{5, 11, {{2, 3}}},
      EvictedRecord{5, {{0, 1}}},
      GoneRecord{"db/gone.frm"},
      OpenedRecord{0x0123456789abcdefU},
  };
}

}  // namespace lifeboat::volume
