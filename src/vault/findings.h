/// Damage, told so that its owner can act: the object, what is wrong with it, and every place in every image it
/// touches.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "vault/image.h"
#include "vault/tree_walk.h"

namespace lifeboat::vault {

/// A span of a file that can't be read.
struct Touched {
  ImageName image;
  std::string path;
  std::string table;       ///< "db/table"; empty if the file is no table's
  bool is_file = true;     ///< false: entries from `path` on can't be read
  std::uint64_t from = 0;  ///< bytes
  std::uint64_t to = 0;
};

struct Finding {
  std::string object;  ///< its name in the store
  std::string what;    ///< "chunk at 4096: damaged", "missing"
  SystemTime since;    ///< when it was first found
  std::vector<Touched> touched;
};

class Findings {
 public:
  bool contains(const std::string& object) const;
  void add(const std::string& object, const std::string& what);
  /// Places of one image that follow each other become one.
  void add(const std::string& object, const std::string& what, const TreePlace& place);
  std::vector<Finding> take(SystemTime found_at);

 private:
  std::map<std::pair<std::string, std::string>, std::vector<Touched>> found_;
};

}  // namespace lifeboat::vault
