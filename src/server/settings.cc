#include "server/settings.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lifeboat::server {
namespace {

constexpr std::array<std::string_view, 47> kKnown = {
    "aria_encrypt_tables",
    "aria_log_file_size",
    "aria_page_checksum",
    "character_set_server",
    "collation_server",
    "default_storage_engine",
    "default_time_zone",
    "div_precision_increment",
    "encrypt_binlog",
    "encrypt_tmp_files",
    "explicit_defaults_for_timestamp",
    "file_key_management_encryption_algorithm",
    "ft_max_word_len",
    "ft_min_word_len",
    "group_concat_max_len",
    "innodb_checksum_algorithm",
    "innodb_compression_algorithm",
    "innodb_data_file_path",
    "innodb_data_home_dir",
    "innodb_default_encryption_key_id",
    "innodb_default_row_format",
    "innodb_encrypt_log",
    "innodb_encrypt_tables",
    "innodb_encrypt_temporary_tables",
    "innodb_file_per_table",
    "innodb_ft_max_token_size",
    "innodb_ft_min_token_size",
    "innodb_lock_wait_timeout",
    "innodb_log_file_size",
    "innodb_log_group_home_dir",
    "innodb_page_size",
    "innodb_strict_mode",
    "innodb_undo_directory",
    "innodb_undo_tablespaces",
    "log_bin",
    "log_bin_trust_function_creators",
    "lower_case_table_names",
    "max_allowed_packet",
    "max_connections",
    "old_mode",
    "plugin_load",
    "plugin_load_add",
    "sql_mode",
    "table_open_cache",
    "transaction_isolation",
    "tx_isolation",
    "wsrep_on",
};

}  // namespace

std::span<const std::string_view> known_settings() {
  return kKnown;
}

bool is_known_setting(std::string_view name) {
  return std::ranges::binary_search(kKnown, name);
}

std::map<std::string, std::string> relevant_settings(const std::map<std::string, std::string>& options) {
  // Short and old spellings of the same thing.
  static const std::map<std::string, std::string, std::less<>> kAliases = {
      {"default_character_set", "character_set_server"},
      {"default_collation", "collation_server"},
      {"storage_engine", "default_storage_engine"},
      {"timezone", "default_time_zone"},
      {"table_cache", "table_open_cache"}};
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : options) {
    const auto alias = kAliases.find(name);
    const std::string& canonical = alias == kAliases.end() ? name : alias->second;
    if (is_known_setting(canonical)) out[canonical] = value;
  }
  return out;
}

bool is_on(const std::map<std::string, std::string>& settings, const std::string& name) {
  const auto found = settings.find(name);
  if (found == settings.end()) return false;
  std::string value = found->second;
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value == "1" || value == "on" || value == "true" || value == "yes" || value == "force";
}

}  // namespace lifeboat::server
