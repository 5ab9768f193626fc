#include "rescue/adopt_mark.h"

namespace lifeboat::rescue {

namespace {

Path mark_path(const server::BranchRecord& branch) {
  return branch.directory / "adopting.json";
}

}  // namespace

void mark_adoption(const server::BranchRecord& branch, const json::object& of) {
  write_file_durably(mark_path(branch), as_bytes(json::serialize(of) + "\n"));
}

void unmark_adoption(const server::BranchRecord& branch) {
  std::filesystem::remove(mark_path(branch));
  sync_directory(branch.directory);
}

std::optional<json::object> find_adoption_mark(const server::BranchRecord& branch) {
  const Path path = mark_path(branch);
  const auto text = find_and_read_file(path);
  if (!text) return std::nullopt;
  const json::value parsed = parse_json(as_text(*text), path.string());
  if (!parsed.is_object()) fail(Code::kCorruption, format("{}: is no JSON object", path.string()));
  return parsed.get_object();
}

}  // namespace lifeboat::rescue
