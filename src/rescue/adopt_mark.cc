#include "rescue/adopt_mark.h"

#include "base/json_file.h"

namespace lifeboat::rescue {

namespace {

Path mark_path(const server::BranchRecord& branch) {
  return branch.directory / "adopting.json";
}

}  // namespace

void mark_adoption(const server::BranchRecord& branch, const json::object& of) {
  save_json_file(mark_path(branch), of);
}

void unmark_adoption(const server::BranchRecord& branch) {
  std::filesystem::remove(mark_path(branch));
  sync_directory(branch.directory);
}

std::optional<json::object> find_adoption_mark(const server::BranchRecord& branch) {
  return find_json_file(mark_path(branch));
}

}  // namespace lifeboat::rescue
