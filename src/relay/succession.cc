#include "relay/succession.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/json_file.h"
#include "relay/relay.h"

namespace lifeboat::relay {
namespace {

constexpr std::string_view kSuccessionFile = "succession.json";
constexpr std::chrono::seconds kLockPatience{5};

json::object to_json(const Succession& succession) {
  json::array successors;
  for (const Successor& each : succession.successors) {
    successors.push_back(json::object{
        {"source", each.source.text()}, {"like", each.like.text()}, {"listen", each.listen}, {"by", each.by}});
  }
  json::array retired;
  for (const Retired& each : succession.retired) {
    json::object object{{"source", each.source}, {"by", each.by}};
    object["moved"] = each.moved;
    retired.push_back(std::move(object));
  }
  return {{"successors", std::move(successors)}, {"retired", std::move(retired)}};
}

Succession succession_from_json(const json::object& object) {
  Succession succession;
  for (const json::value& value : json_array(object, "successors")) {
    const json::object& each = json_object(value, "a successor");
    succession.successors.push_back({.source = SourceAddress::parse(json_string(each, "source")),
                                     .like = SourceAddress::parse(json_string(each, "like")),
                                     .listen = json_string(each, "listen"),
                                     .by = json_string(each, "by")});
  }
  for (const json::value& value : json_array(object, "retired")) {
    const json::object& each = json_object(value, "a retired source");
    succession.retired.push_back(
        {.source = json_string(each, "source"), .by = json_string(each, "by"), .moved = json_flag(each, "moved")});
  }
  return succession;
}

void save(const Path& relay_directory, const Succession& succession) {
  save_json_file(relay_directory / kSuccessionFile, to_json(succession));
}

/// Two that change it at once: of one the step would be lost, and nobody would follow what it put in place.
FileLock lock_for_change(const Path& relay_directory) {
  return {relay_directory / "succession.lock", kSuccessionFile, kLockPatience};
}

/// By the first that does, who takes it back.
void retire(Succession& succession, const Retired& retired) {
  const auto found = std::ranges::find(succession.retired, retired.source, &Retired::source);
  if (found == succession.retired.end()) {
    succession.retired.push_back(retired);
  } else if (found->by == retired.by) {
    *found = retired;
  }
}

/// Who stood there before has the same place; another who had replaced the same source has it no more.
void put(Succession& succession, const Successor& successor) {
  const std::string name = source_name(successor.source.endpoint);
  bool found = false;
  for (Successor& each : succession.successors) {
    const std::string before = source_name(each.source.endpoint);
    const bool again = each.by == successor.by;
    found = found || again;
    // It has another address by now, or another server has its place.
    if (before != name && (again || each.like == successor.like)) {
      retire(succession, {.source = before, .by = successor.by, .moved = again});
    }
    if (again) each = successor;
  }
  if (!found) succession.successors.push_back(successor);
}

}  // namespace

const Retired* Succession::find_retired(const std::string& source_name) const {
  const auto found = std::ranges::find(retired, source_name, &Retired::source);
  return found == retired.end() ? nullptr : &*found;
}

Succession read_succession(const Path& relay_directory) {
  const Path path = relay_directory / kSuccessionFile;
  const auto content = find_and_read_file(path);
  if (!content) return {};
  try {
    return succession_from_json(parse_json_object(as_text(*content), path.string()));
  } catch (const Exception& e) {
    fail(Code::kCorruption, format("{}: {}", path.string(), e.error().message),
         "It says which servers have replaced the relay's sources. Move it away, and start the relay with the --source "
         "that production is now.");
  }
}

void succeed(const Path& relay_directory, const SuccessionStep& step) {
  const FileLock lock = lock_for_change(relay_directory);
  Succession succession = read_succession(relay_directory);
  put(succession, {.source = step.source, .like = step.like, .listen = step.listen, .by = step.by});
  for (const std::string& source : step.retired) {
    retire(succession, {.source = source, .by = step.by, .moved = step.moved});
  }
  // An address comes back when production does.
  const std::string name = source_name(step.source.endpoint);
  std::erase_if(succession.retired, [&](const Retired& each) { return each.source == name; });
  save(relay_directory, succession);
}

void take_back(const Path& relay_directory, const std::string& by) {
  const FileLock lock = lock_for_change(relay_directory);
  Succession succession = read_succession(relay_directory);
  const auto found = std::ranges::find(succession.successors, by, &Successor::by);
  if (found == succession.successors.end()) return;
  const std::string source = source_name(found->source.endpoint);
  std::erase_if(succession.successors, [&](const Successor& each) { return each.by == by; });
  std::erase_if(succession.retired, [&](const Retired& each) { return each.by == by; });
  succession.retired.push_back({.source = source, .by = by});
  save(relay_directory, succession);
}

}  // namespace lifeboat::relay
