// Store URLs as people write them: refused with kUsage only; an accepted S3 location's own URL means the same again,
// and nothing in it could end a request line.

#include "base/error.h"
#include "store/s3_location.h"

namespace {

using namespace lifeboat::store;

S3Location parse(std::string_view text) {
  return parse_s3_location(parse_url(text), text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  S3Location location;
  try {
    const std::string_view text = lifeboat::as_text({data, size});
    const Url url = parse_url(text);
    if (url.scheme != "s3") return 0;
    location = parse_s3_location(url, text);
  } catch (const lifeboat::Exception& e) {
    LIFEBOAT_CHECK(e.code() == lifeboat::Code::kUsage);
    return 0;
  }
  const S3Location again = parse(location.url());
  LIFEBOAT_CHECK(again.url() == location.url());
  LIFEBOAT_CHECK(again.host == location.host && again.path_of("x") == location.path_of("x"));
  const std::string request = location.scheme + location.host + location.path_of(location.prefix + "x");
  for (const char c : request) LIFEBOAT_CHECK(c > ' ' && c <= '~');
  return 0;
}
