// Asked of a MariaDB 10.11, byte by byte: does `SELECT 1 AS x?y` name a column?

#include "binlog/single_byte.h"

#include <algorithm>

namespace lifeboat::binlog {
namespace {

struct Letters {
  std::array<unsigned, 5> collations;
  HighLetters letters;
};

constexpr std::array kLetters = {
    Letters{{32, 64}, {0xFFFC000000000000U, 0x3FFFFFFFFFFFFFFFU}},              // armscii8
    Letters{{26, 34, 44, 66, 99}, {0xD60884A8F400F400U, 0x7F7FFFFFFF7FFFFFU}},  // cp1250
    Letters{{14, 23, 50, 51, 52}, {0xF51C852EF401F40BU, 0xFFFFFFFFFFFFFFFFU}},  // cp1251
    Letters{{57, 67}, {0x000000001001700AU, 0x1F7FFFFFFF7FFFFEU}},              // cp1256
    Letters{{29, 58, 59}, {0x8500850000000000U, 0x7F7FFFFFFF7FFFFFU}},          // cp1257
    Letters{{4, 80}, {0x00E0003F2FFFFFFFU, 0x00003FBF41FF00C0U}},               // cp850
    Letters{{40, 81}, {0x61E03BFFBFFFFFFFU, 0x38007FFF61FF00C0U}},              // cp852
    Letters{{36, 68}, {0x0000FFFFFFFFFFFFU, 0x00FFFFFF00000000U}},              // cp866
    Letters{{3, 69}, {0x0000000000000000U, 0x3F7EFFFFBF7EFFFFU}},               // dec8
    Letters{{92, 93}, {0x0000000000000000U, 0x0000003FFFFFFFFFU}},              // geostd8
    Letters{{25, 70}, {0xD740000000000000U, 0x7FFFFFFFFFFBFFFFU}},              // greek
    Letters{{16, 71}, {0x0000000000000000U, 0x07FFFFFF00000000U}},              // hebrew
    Letters{{6, 72}, {0x0000000000000000U, 0x000000001D99D020U}},               // hp8
    Letters{{37, 73}, {0x00000FFFFFFFFFFFU, 0x00006FBF00000000U}},              // keybcs2
    Letters{{7, 74}, {0x0008000800000000U, 0xFFFFFFFFFFFFFFFFU}},               // koi8r
    Letters{{22, 75}, {0x20D820D800000000U, 0xFFFFFFFFFFFFFFFFU}},              // koi8u
    Letters{{2, 9, 21, 27, 77}, {0xDE6ADE6A00000000U, 0x7F7FFFFF7F7EFFFFU}},    // latin2
    Letters{{30, 78}, {0x0000000000000000U, 0xFF7FFFFFFF7FFFFFU}},              // latin5
    Letters{{20, 41, 42, 79}, {0x8400840000000001U, 0x7F7FFFFFFF7FFFFFU}},      // latin7
    Letters{{38, 43}, {0xFF33C884FFFFFFFFU, 0x7FFFFFF3CF00F833U}},              // macce
    Letters{{39, 53}, {0xC000C080FFFFFFFEU, 0x003EFFC003003010U}},              // macroman
};

}  // namespace

HighLetters letters_of_collation(unsigned collation) {
  const unsigned number = collation >= 1024 && collation < 2048 ? collation - 1024 : collation;
  if (number == 0) return {};
  const auto* const row = std::ranges::find_if(kLetters, [&](const Letters& each) {
    return std::ranges::find(each.collations, number) != each.collations.end();
  });
  return row == kLetters.end() ? HighLetters{} : row->letters;
}

}  // namespace lifeboat::binlog
