// Bodies and headers of S3's answers, from a server that may be anyone: refused with kCorruption only, and what is
// accepted keeps the promises of s3_answers.h. The first byte chooses the parser.

#include "base/error.h"
#include "store/s3_answers.h"
#include "store/xml.h"

namespace {

using namespace lifeboat::store;

void check_list(lifeboat::ByteView body) {
  const S3List list = parse_list(body, "m");
  std::string last = "m";
  for (const S3Object& object : list.objects) {
    LIFEBOAT_CHECK(object.key > last);
    last = object.key;
  }
  LIFEBOAT_CHECK(!list.truncated || !list.objects.empty());
}

void check_error(lifeboat::ByteView body) {
  for (const std::string& text : {parse_error(body).code, parse_error(body).message, parse_error(body).region}) {
    for (const char c : text) LIFEBOAT_CHECK((c < 0 || c >= 0x20) && c != 0x7F);
  }
}

void check_range(std::string_view text) {
  const auto range = parse_content_range(text);
  if (range) LIFEBOAT_CHECK(range->size == 0 || range->first + range->size <= range->total);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const lifeboat::ByteView body(data + 1, size - 1);
  try {
    switch (data[0] % 7) {
      case 0:
        check_list(body);
        break;
      case 1:
        check_error(body);
        break;
      case 2:
        parse_uploads(body);
        break;
      case 3:
        parse_part_bytes(body);
        break;
      case 4:
        LIFEBOAT_CHECK(!parse_upload_id(body).empty());
        break;
      case 5:
        check_range(lifeboat::as_text(body));
        break;
      default:
        parse_s3_time(lifeboat::as_text(body));
    }
  } catch (const lifeboat::Exception& e) {
    LIFEBOAT_CHECK(e.code() == lifeboat::Code::kCorruption);
  }
  return 0;
}
