#include "vault/findings.h"

#include "vault/table_name.h"

namespace lifeboat::vault {

bool Findings::contains(const std::string& object) const {
  const auto at = found_.lower_bound({object, ""});
  return at != found_.end() && at->first.first == object;
}

void Findings::add(const std::string& object, const std::string& what) {
  found_.try_emplace({object, what});
}

void Findings::add(const std::string& object, const std::string& what, const TreePlace& place) {
  std::vector<Touched>& touched = found_[{object, what}];
  const std::uint64_t from = place.first * kChunkBytes;
  const std::uint64_t to = place.last * kChunkBytes;
  if (!touched.empty()) {
    Touched& last = touched.back();
    if (last.image == place.image && last.path == place.path && last.is_file == place.is_file && last.to >= from) {
      last.to = std::max(last.to, to);
      return;
    }
  }
  touched.push_back({place.image, place.path, place.is_file ? table_of_path(place.path) : "", place.is_file, from, to});
}

std::vector<Finding> Findings::take(SystemTime found_at) {
  std::vector<Finding> result;
  for (auto& [key, touched] : found_) result.push_back({key.first, key.second, found_at, std::move(touched)});
  found_.clear();
  return result;
}

}  // namespace lifeboat::vault
