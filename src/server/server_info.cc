#include "server/server_info.h"

#include <limits>

#include "base/error.h"

namespace lifeboat::server {
namespace {

json::array to_array(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

/// Reads members that may be absent: an image made by an older Lifeboat lacks some.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  std::string text(std::string_view key) const { return object_.contains(key) ? json_string(object_, key) : ""; }

  std::uint64_t number(std::string_view key) const {
    if (!object_.contains(key)) return 0;
    const std::int64_t value = json_integer(object_, key);
    if (value < 0) bad(key);
    return static_cast<std::uint64_t>(value);
  }

  std::uint32_t number32(std::string_view key) const {
    const std::uint64_t value = number(key);
    if (value > std::numeric_limits<std::uint32_t>::max()) bad(key);
    return static_cast<std::uint32_t>(value);
  }

  bool flag(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) bad(key);
    return value->get_bool();
  }

  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> out;
    for (const json::value& value : array(key)) {
      if (!value.is_string()) bad(key);
      out.emplace_back(value.get_string());
    }
    return out;
  }

  json::array array(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) return {};
    if (!value->is_array()) bad(key);
    return value->get_array();
  }

  json::object object(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) return {};
    if (!value->is_object()) bad(key);
    return value->get_object();
  }

  [[noreturn]] static void bad(std::string_view key) {
    fail(Code::kCorruption, format("server description: member '{}' is not as expected", key));
  }

 private:
  const json::object& object_;
};

Flavour flavour_of(std::string_view name) {
  if (name == "mariadb") return Flavour::kMariaDb;
  if (name == "mysql") return Flavour::kMySql;
  return Flavour::kUnknown;
}

}  // namespace

std::string_view flavour_name(Flavour flavour) {
  switch (flavour) {
    case Flavour::kMariaDb:
      return "mariadb";
    case Flavour::kMySql:
      return "mysql";
    case Flavour::kUnknown:
      break;
  }
  return "unknown";
}

bool is_data_directory(const ServerInfo& info) {
  return !info.version.empty() || !info.system_files.empty();
}

json::object to_json(const ServerInfo& info) {
  json::object out{{"flavour", flavour_name(info.flavour)},
                   {"version", info.version},
                   {"version_source", info.version_source},
                   {"page_bytes", info.page_bytes},
                   {"undo_tablespaces", info.undo_tablespaces},
                   {"redo_bytes", info.redo_bytes},
                   {"redo_encrypted", info.redo_encrypted},
                   {"checkpoint_lsn", info.checkpoint_lsn},
                   {"tables", info.tables},
                   {"encrypted_tables", info.encrypted_tables},
                   {"compressed_tables", info.compressed_tables},
                   {"engines", to_array(info.engines)},
                   {"outside", to_array(info.outside)},
                   {"unreadable", to_array(info.unreadable)},
                   {"aria", info.aria},
                   {"binlog_base", info.binlog_base},
                   {"replication_files", to_array(info.replication_files)},
                   {"galera", info.galera}};
  json::array files;
  for (const SystemFile& file : info.system_files) files.push_back({{"name", file.name}, {"bytes", file.bytes}});
  out["system_files"] = std::move(files);
  if (info.redo_to_apply) out["redo_to_apply"] = *info.redo_to_apply;
  if (info.lower_case_table_names) out["lower_case_table_names"] = *info.lower_case_table_names;
  json::object settings;
  for (const auto& [name, value] : info.settings) settings[name] = value;
  out["settings"] = std::move(settings);
  return out;
}

ServerInfo server_info_from_json(const json::object& object) {
  const Members members(object);
  ServerInfo info;
  info.flavour = flavour_of(members.text("flavour"));
  info.version = members.text("version");
  info.version_source = members.text("version_source");
  info.page_bytes = members.number32("page_bytes");
  info.undo_tablespaces = members.number32("undo_tablespaces");
  info.redo_bytes = members.number("redo_bytes");
  info.redo_encrypted = members.flag("redo_encrypted");
  info.checkpoint_lsn = members.number("checkpoint_lsn");
  info.tables = members.number("tables");
  info.encrypted_tables = members.number("encrypted_tables");
  info.compressed_tables = members.number("compressed_tables");
  info.engines = members.texts("engines");
  info.outside = members.texts("outside");
  info.unreadable = members.texts("unreadable");
  info.aria = members.flag("aria");
  info.binlog_base = members.text("binlog_base");
  info.replication_files = members.texts("replication_files");
  info.galera = members.flag("galera");
  for (const json::value& file : members.array("system_files")) {
    if (!file.is_object()) Members::bad("system_files");
    const Members entry(file.get_object());
    info.system_files.push_back({entry.text("name"), entry.number("bytes")});
  }
  if (object.contains("redo_to_apply")) info.redo_to_apply = members.number("redo_to_apply");
  if (object.contains("lower_case_table_names")) {
    info.lower_case_table_names = static_cast<int>(members.number32("lower_case_table_names"));
  }
  for (const auto& [name, value] : members.object("settings")) {
    if (!value.is_string()) Members::bad("settings");
    info.settings[std::string(name)] = std::string(value.get_string());
  }
  return info;
}

}  // namespace lifeboat::server
