#include "binlog/multibyte.h"

namespace lifeboat::binlog {
namespace {

struct Range {
  unsigned low;
  unsigned high;
  bool holds(unsigned byte) const { return byte >= low && byte <= high; }
};

std::size_t two_bytes(bool lead, bool trail) {
  return lead && trail ? 2 : 1;
}

}  // namespace

// Numbers of collations as both servers have them; MariaDB's NOPAD variants (+1024) share their character set.
Multibyte multibyte_of_collation(unsigned collation) {
  switch (collation >= 1024 && collation < 2048 ? collation - 1024 : collation) {
    case 1:   // big5_chinese_ci
    case 84:  // big5_bin
      return Multibyte::kBig5;
    case 28:  // gbk_chinese_ci
    case 87:  // gbk_bin
      return Multibyte::kGbk;
    case 13:  // sjis_japanese_ci
    case 88:  // sjis_bin
    case 95:  // cp932_japanese_ci
    case 96:  // cp932_bin
      return Multibyte::kSjis;
    case 248:  // gb18030_chinese_ci (MySQL)
    case 249:  // gb18030_bin
    case 250:  // gb18030_unicode_520_ci
      return Multibyte::kGb18030;
    default:
      return Multibyte::kPlain;
  }
}

std::size_t multibyte_length(Multibyte charset, std::string_view text) {
  if (charset == Multibyte::kPlain || text.size() < 2) return 1;
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  const unsigned trail = byte(1);
  static constexpr Range kLow{0x40, 0x7E};
  switch (charset) {
    case Multibyte::kBig5:
      return two_bytes(Range{0xA1, 0xF9}.holds(lead), kLow.holds(trail) || Range{0xA1, 0xFE}.holds(trail));
    case Multibyte::kGbk:
      return two_bytes(Range{0x81, 0xFE}.holds(lead), kLow.holds(trail) || Range{0x80, 0xFE}.holds(trail));
    case Multibyte::kSjis:
      return two_bytes(Range{0x81, 0x9F}.holds(lead) || Range{0xE0, 0xFC}.holds(lead),
                       kLow.holds(trail) || Range{0x80, 0xFC}.holds(trail));
    case Multibyte::kGb18030: {
      static constexpr Range kLead{0x81, 0xFE};
      static constexpr Range kDigit{0x30, 0x39};
      if (kLead.holds(lead) && kDigit.holds(trail) && kLead.holds(byte(2)) && kDigit.holds(byte(3))) return 4;
      return two_bytes(kLead.holds(lead), kLow.holds(trail) || Range{0x80, 0xFE}.holds(trail));
    }
    case Multibyte::kPlain:
      break;
  }
  return 1;
}

}  // namespace lifeboat::binlog
