#include "binlog/multibyte.h"

#include <algorithm>
#include <array>

namespace lifeboat::binlog {
namespace {

struct Range {
  unsigned low;
  unsigned high;
  bool holds(unsigned byte) const { return byte >= low && byte <= high; }
};

/// Collations of dec8, cp850, hp8, koi8r, koi8u, latin2, latin5, latin7, cp1250, cp1251, cp1256, cp1257, hebrew,
/// tis620, greek, armscii8, geostd8, cp852, cp866, keybcs2, macce and macroman.
constexpr std::array<unsigned, 61> kSingleByte = {2,  3,  4,  6,  7,  9,  14, 16, 18, 20, 21, 22, 23, 25, 26, 27,
                                                  29, 30, 32, 34, 36, 37, 38, 39, 40, 41, 42, 43, 44, 50, 51, 52,
                                                  53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 66, 67, 68, 69, 70, 71,
                                                  72, 73, 74, 75, 77, 78, 79, 80, 81, 89, 92, 93, 99};

std::size_t two_bytes(bool lead, bool trail) {
  return lead && trail ? 2 : 1;
}

}  // namespace

// Numbers of collations as both servers have them; MariaDB's NOPAD variants (+1024) share their character set.
Charset charset_of_collation(unsigned collation) {
  const unsigned number = collation >= 1024 && collation < 2048 ? collation - 1024 : collation;
  switch (number) {
    case 1:   // big5_chinese_ci
    case 84:  // big5_bin
      return Charset::kBig5;
    case 28:  // gbk_chinese_ci
    case 87:  // gbk_bin
      return Charset::kGbk;
    case 13:  // sjis_japanese_ci
    case 88:  // sjis_bin
    case 95:  // cp932_japanese_ci
    case 96:  // cp932_bin
      return Charset::kSjis;
    case 248:  // gb18030_chinese_ci (MySQL)
    case 249:  // gb18030_bin
    case 250:  // gb18030_unicode_520_ci
      return Charset::kGb18030;
    case 5:   // latin1_german1_ci
    case 8:   // latin1_swedish_ci
    case 15:  // latin1_danish_ci
    case 31:  // latin1_german2_ci
    case 47:  // latin1_bin
    case 48:  // latin1_general_ci
    case 49:  // latin1_general_cs
    case 94:  // latin1_spanish_ci
      return Charset::kLatin1;
    case 10:  // swe7_swedish_ci
    case 82:  // swe7_bin
      return Charset::kSwe7;
    default:
      return std::ranges::binary_search(kSingleByte, number) ? Charset::kSingleByte : Charset::kPlain;
  }
}

std::size_t multibyte_length(Charset charset, std::string_view text) {
  if (text.size() < 2) return 1;
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  const unsigned trail = byte(1);
  static constexpr Range kLow{0x40, 0x7E};
  switch (charset) {
    case Charset::kBig5:
      return two_bytes(Range{0xA1, 0xF9}.holds(lead), kLow.holds(trail) || Range{0xA1, 0xFE}.holds(trail));
    case Charset::kGbk:
      return two_bytes(Range{0x81, 0xFE}.holds(lead), kLow.holds(trail) || Range{0x80, 0xFE}.holds(trail));
    case Charset::kSjis:
      return two_bytes(Range{0x81, 0x9F}.holds(lead) || Range{0xE0, 0xFC}.holds(lead),
                       kLow.holds(trail) || Range{0x80, 0xFC}.holds(trail));
    case Charset::kGb18030: {
      static constexpr Range kLead{0x81, 0xFE};
      static constexpr Range kDigit{0x30, 0x39};
      if (kLead.holds(lead) && kDigit.holds(trail) && kLead.holds(byte(2)) && kDigit.holds(byte(3))) return 4;
      return two_bytes(kLead.holds(lead), kLow.holds(trail) || Range{0x80, 0xFE}.holds(trail));
    }
    case Charset::kPlain:
    case Charset::kLatin1:
    case Charset::kSingleByte:
    case Charset::kSwe7:
      break;
  }
  return 1;
}

}  // namespace lifeboat::binlog
