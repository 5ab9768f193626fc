#include "vault/marks.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/sealed_object.h"
#include "vault/token.h"

namespace lifeboat::vault {
namespace {

constexpr std::string_view kUndoneWord = "undone";
constexpr std::string_view kSweptWord = "swept";

std::string mark_name(const Id& id) {
  return format("{}{}", kMarksPrefix, id_text(id));
}
std::string undo_name(const Id& id) {
  return format("{}{}", kUndoPrefix, id_text(id));
}

/// Ids of the objects under `prefix`; names that are not ids go to `damaged`.
std::vector<Id> listed_ids(Vault& vault, std::string_view prefix, std::vector<std::string>& damaged) {
  std::vector<Id> ids;
  vault.store().list(prefix, [&](const store::ObjectInfo& object) {
    try {
      ids.push_back(id_from_text(std::string_view(object.name).substr(prefix.size())));
    } catch (const Exception&) {
      damaged.push_back(format("{}: not a name of ours", object.name));
    }
  });
  return ids;
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

Mark parse_mark(const Id& id, ByteView payload) {
  const json::value value = parse_json(as_text(payload), "mark");
  if (!value.is_object()) fail(Code::kCorruption, "mark is not an object");
  const json::object& object = value.get_object();
  Mark mark{.id = id, .time = from_unix_ms(json_integer(object, "time")), .images = string_list(object, "images")};
  for (const std::string& pack : string_list(object, "packs")) mark.packs.push_back(id_from_text(pack));
  if (object.contains("logs")) mark.log_parts = string_list(object, "logs");
  mark.reason = json_string(object, "reason");
  return mark;
}

MarkState settled_state(Vault& vault, const Id& id) {
  const std::string name = undo_name(id);
  const Bytes object = vault.store().get(name, kTokenBytes);
  const auto word = read_token(vault.keys(), ObjectKind::kUndo, name, object, {kUndoneWord, kSweptWord});
  if (!word) fail(Code::kCorruption, format("{}: truncated", name));
  return *word == kUndoneWord ? MarkState::kUndone : MarkState::kSweeping;
}

/// As settled_state, where damage and absence are answers, too.
MarkState state_or_unclear(Vault& vault, const Id& id, std::vector<std::string>& damaged) {
  try {
    return settled_state(vault, id);
  } catch (const Exception& e) {
    if (e.code() == Code::kNotFound) return MarkState::kSweeping;  // done with since it was listed
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
    damaged.emplace_back(e.what());
    return MarkState::kUnclear;
  }
}

}  // namespace

std::string_view mark_state_name(MarkState state) {
  switch (state) {
    case MarkState::kPending:
      return "pending";
    case MarkState::kUndone:
      return "undone";
    case MarkState::kSweeping:
      return "sweeping";
    case MarkState::kUnclear:
      return "unclear";
  }
  return "?";
}

std::vector<Mark> read_marks(Vault& vault, std::vector<std::string>& damaged) {
  std::map<Id, MarkState> settled;
  for (const Id& id : listed_ids(vault, kUndoPrefix, damaged)) settled[id] = state_or_unclear(vault, id, damaged);
  std::vector<Mark> marks;
  for (const Id& id : listed_ids(vault, kMarksPrefix, damaged)) {
    const std::string name = mark_name(id);
    try {
      Mark mark = parse_mark(id, get_object(vault, ObjectKind::kMark, name));
      if (const auto at = settled.find(id); at != settled.end()) mark.state = at->second;
      marks.push_back(std::move(mark));
    } catch (Exception& e) {
      if (e.code() == Code::kNotFound) continue;  // done with since it was listed
      if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
      damaged.push_back(format("{}: {}", name, e.what()));
    }
  }
  std::ranges::sort(marks, {}, &Mark::time);
  return marks;
}

Mark put_mark(Vault& vault, Marked marked, std::string_view reason) {
  Mark mark{.id = random_id(),
            .time = vault.store().clock(),
            .images = std::move(marked.images),
            .packs = std::move(marked.packs),
            .log_parts = std::move(marked.log_parts),
            .reason = std::string(reason)};
  json::array pack_ids;
  for (const Id& pack : mark.packs) pack_ids.emplace_back(id_text(pack));
  json::object object{{"time", unix_ms(mark.time)},
                      {"images", json::array(mark.images.begin(), mark.images.end())},
                      {"packs", std::move(pack_ids)},
                      {"reason", mark.reason}};
  if (!mark.log_parts.empty()) object["logs"] = json::array(mark.log_parts.begin(), mark.log_parts.end());
  put_object(vault, ObjectKind::kMark, mark_name(mark.id), as_bytes(json::serialize(object)));
  return mark;
}

MarkState settle_mark(Vault& vault, const Id& mark, MarkState as) {
  LIFEBOAT_CHECK(as == MarkState::kUndone || as == MarkState::kSweeping);
  const std::string name = undo_name(mark);
  const std::string_view word = as == MarkState::kUndone ? kUndoneWord : kSweptWord;
  try {
    vault.store().put(name, make_token(vault.keys(), ObjectKind::kUndo, name, word));
    return as;
  } catch (const Exception& e) {
    if (e.code() != Code::kExists) throw;
  }
  return settled_state(vault, mark);
}

MarkState settle_unclear(Vault& vault, const Mark& mark) {
  const auto gone = [&](const std::string& name) { return !vault.store().find(name); };
  const bool begun =
      std::ranges::any_of(mark.images,
                          [&](const ImageName& image) { return gone(std::string(kImagesPrefix) + image); }) ||
      std::ranges::any_of(mark.packs, [&](const Id& pack) { return gone(pack_name(pack)); }) ||
      std::ranges::any_of(mark.log_parts, gone);
  if (!begun) return MarkState::kUndone;
  vault.store().remove(undo_name(mark.id));
  return settle_mark(vault, mark.id, MarkState::kSweeping);
}

void remove_unreadable_marks(Vault& vault) {
  std::vector<std::string> not_ours;
  for (const Id& id : listed_ids(vault, kMarksPrefix, not_ours)) {
    try {
      static_cast<void>(parse_mark(id, get_object(vault, ObjectKind::kMark, mark_name(id))));
    } catch (const Exception& e) {
      if (e.code() == Code::kCorruption) remove_mark(vault, id);
    }
  }
}

void remove_mark(Vault& vault, const Id& mark) {
  vault.store().remove(mark_name(mark));
  vault.store().remove(undo_name(mark));
}

void remove_orphaned_undo(Vault& vault) {
  std::vector<std::string> damaged;
  const std::vector<Id> undo = listed_ids(vault, kUndoPrefix, damaged);
  const std::vector<Id> marks = listed_ids(vault, kMarksPrefix, damaged);
  for (const Id& id : undo) {
    if (std::ranges::find(marks, id) == marks.end()) vault.store().remove(undo_name(id));
  }
}

Hidden read_hidden(Vault& vault) {
  std::vector<std::string> damaged;
  Hidden hidden;
  for (const Mark& mark : read_marks(vault, damaged)) {
    hidden.marks.push_back(mark.id);
    if (!mark.in_force()) continue;
    hidden.images.insert(mark.images.begin(), mark.images.end());
    hidden.packs.insert(mark.packs.begin(), mark.packs.end());
  }
  for (const std::string& what : damaged) log::warn("a removal mark is left out: {}", what);
  return hidden;
}

std::set<ImageName> hidden_images(Vault& vault) {
  return read_hidden(vault).images;
}

void check_not_hidden(Vault& vault, const ImageName& image) {
  if (!hidden_images(vault).contains(image)) return;
  fail(Code::kConflict, format("image {} is marked for removal", image),
       format("Take that back with `lifeboat vault undelete {}`, then run the command again.", image));
}

}  // namespace lifeboat::vault
