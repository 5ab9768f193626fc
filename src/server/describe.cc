// What an image keeps beside the files: the inspection, the relevant options, and the key files a server cannot start
// without.

#include "base/error.h"
#include "server/encryption.h"
#include "server/inspect.h"
#include "server/option_file.h"
#include "server/settings.h"

namespace lifeboat::server {
namespace {

void warn_of_gaps(const ServerInfo& info, bool has_options, std::vector<std::string>& warnings) {
  if (!is_data_directory(info)) {
    warnings.emplace_back(
        "this looks like no server's data directory (no ibdata1, and nothing tells a version): the image will hold the "
        "files, but will not boot");
    return;
  }
  if (info.version.empty()) warnings.emplace_back("nothing in the directory tells the server's version");
  if (info.system_files.empty()) {
    warnings.emplace_back(
        "there is no ibdata1: is this the whole data directory? InnoDB tables will not open without it");
  }
  if (info.redo_bytes == 0 && !info.system_files.empty()) {
    warnings.emplace_back(
        "there is no ib_logfile0: unless the server was shut down cleanly, InnoDB cannot recover without it");
  }
  for (const std::string& name : info.outside) {
    warnings.push_back(format("{} leads outside the directory: what it points to is not in the image", name));
  }
  for (const std::string& name : info.unreadable) {
    warnings.push_back(format("{}: its first page makes no sense; the table may be damaged", name));
  }
  if (info.flavour == Flavour::kMariaDb && info.binlog_base.empty() && is_on(info.settings, "log_bin")) {
    warnings.emplace_back("the binary logs lie elsewhere: commits that were only prepared cannot be resolved by them");
  }
  if (!has_options) {
    warnings.emplace_back(
        "no --defaults-file given: sql_mode, character sets and the like will be the server's defaults");
  }
}

}  // namespace

Description describe_directory(const Path& directory, const std::optional<Path>& defaults_file) {
  Description description;
  ServerInfo info = inspect_directory(directory);
  if (defaults_file) {
    const auto options = read_server_options(*defaults_file, info.version);
    info.settings = relevant_settings(options);
    description.attachments = collect_key_files(options, defaults_file->parent_path());
  }
  warn_of_gaps(info, defaults_file.has_value(), description.warnings);
  if (needs_keys(info) && description.attachments.empty()) {
    description.warnings.emplace_back(
        "tables or logs are encrypted and no key is kept: give --defaults-file with the file_key_management settings, "
        "or the image can be booted only where its keys are");
  }
  description.server = to_json(info);
  return description;
}

}  // namespace lifeboat::server
