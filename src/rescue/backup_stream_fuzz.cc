#include <algorithm>
#include <map>

#include "base/error.h"
#include "rescue/backup_stream.h"

namespace {

/// Holds the decoder to its word: content in order, of files that have begun and not ended.
class Checker : public lifeboat::rescue::BackupSink {
 public:
  void begin(const std::string& path, bool /*rewrite*/) override { LIFEBOAT_CHECK(open_.emplace(path, 0).second); }
  void write(const std::string& path, std::uint64_t offset, lifeboat::ByteView content) override {
    LIFEBOAT_CHECK(open_.contains(path) && !content.empty() && offset + content.size() > offset);
  }
  void end(const std::string& path) override { LIFEBOAT_CHECK(open_.erase(path) == 1); }
  void rename(const std::string& from, const std::string& to) override {
    LIFEBOAT_CHECK(!open_.contains(from) && !to.empty() && to.front() != '/');
  }
  void remove(const std::string& path) override { LIFEBOAT_CHECK(!open_.contains(path)); }

 private:
  std::map<std::string, int> open_;
};

}  // namespace

/// The first byte says into what pieces the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  lifeboat::ByteView stream(data + 1, size - 1);
  Checker checker;
  lifeboat::rescue::BackupStreamDecoder decoder(checker);
  try {
    while (!stream.empty()) {
      const lifeboat::ByteView next = stream.first(std::min(piece, stream.size()));
      decoder.feed(next);
      stream = stream.subspan(next.size());
    }
    decoder.finish();
  } catch (const lifeboat::Exception&) {  // refused, as it should be
  }
  return 0;
}
