#include "vault/marks.h"

#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "vault/format.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {

namespace {

std::vector<std::string> object_names(Vault& vault, std::string_view prefix) {
  std::vector<std::string> names;
  vault.store().list(prefix,
                     [&](const store::ObjectInfo& object) { names.push_back(object.name.substr(prefix.size())); });
  return names;
}

std::vector<std::string> string_list(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) fail(Code::kCorruption, format("'{}' is not a list", key));
  std::vector<std::string> strings;
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) fail(Code::kCorruption, format("'{}' holds what is not a string", key));
    strings.emplace_back(item.get_string());
  }
  return strings;
}

void add_mark(Vault& vault, const std::string& id, Hidden& hidden) {
  const std::string name = format("{}{}", kMarksPrefix, id);
  try {
    const Bytes payload = get_object(vault, ObjectKind::kMark, name);
    const json::value mark = parse_json(as_text(payload), "mark");
    if (!mark.is_object()) fail(Code::kCorruption, "mark is not an object");
    for (std::string& image : string_list(mark.get_object(), "images")) hidden.images.insert(std::move(image));
    for (const std::string& pack : string_list(mark.get_object(), "packs")) hidden.packs.insert(id_from_text(pack));
  } catch (Exception& e) {
    if (e.code() == Code::kNotFound) return;  // swept since it was listed
    e.add_context(name);
    throw;
  }
}

}  // namespace

Hidden read_hidden(Vault& vault) {
  const std::vector<std::string> marks = object_names(vault, kMarksPrefix);
  if (marks.empty()) return {};
  const std::vector<std::string> undone = object_names(vault, kUndoPrefix);
  const std::set<std::string> undo(undone.begin(), undone.end());
  Hidden hidden;
  for (const std::string& id : marks) {
    if (!undo.contains(id)) add_mark(vault, id, hidden);
  }
  return hidden;
}

std::set<ImageName> hidden_images(Vault& vault) {
  return read_hidden(vault).images;
}

}  // namespace lifeboat::vault
