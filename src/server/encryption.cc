#include "server/encryption.h"

#include <fcntl.h>

#include "base/error.h"
#include "server/settings.h"

namespace lifeboat::server {
namespace {

constexpr std::string_view kKeys = "file_key_management_filename";
constexpr std::string_view kPassword = "file_key_management_filekey";
constexpr std::size_t kKeyFileMax = std::size_t{1} << 20U;
constexpr std::string_view kFilePrefix = "FILE:";

Path resolve(const std::string& named, const Path& beside) {
  return Path(named).is_absolute() ? Path(named) : beside / named;
}

}  // namespace

bool needs_keys(const ServerInfo& info) {
  return info.redo_encrypted || info.encrypted_tables > 0 || is_on(info.settings, "encrypt_binlog") ||
         is_on(info.settings, "aria_encrypt_tables");
}

json::object collect_key_files(const std::map<std::string, std::string>& options, const Path& beside) {
  json::object out;
  const auto keys = options.find(std::string(kKeys));
  if (keys == options.end()) return out;
  out[kKeys] = to_base64(read_file(resolve(keys->second, beside), kKeyFileMax));
  const auto password = options.find(std::string(kPassword));
  if (password == options.end()) return out;
  // Either the password itself or FILE: and the name of a file that holds it.
  if (password->second.starts_with(kFilePrefix)) {
    const std::string file = password->second.substr(kFilePrefix.size());
    out[kPassword] = to_base64(read_file(resolve(file, beside), kKeyFileMax));
  } else {
    out[kPassword] = to_base64(as_bytes(password->second));
  }
  return out;
}

KeyFiles::KeyFiles(const json::object& attachments, const Path& directory) : directory_(directory) {
  if (!attachments.contains(kKeys)) return;
  make_directories(directory);
  try {
    write(attachments, kKeys);
    if (attachments.contains(kPassword)) write(attachments, kPassword);
  } catch (...) {
    remove();
    throw;
  }
}

void KeyFiles::write(const json::object& attachments, std::string_view name) {
  const Path file = directory_ / name;
  std::error_code ignored;
  std::filesystem::remove(file, ignored);  // of a start that was killed
  const UniqueFd fd = open_file(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  names_.emplace_back(name);
  write_full(fd.get(), from_base64(json_string(attachments, name)), file.string());
}

void KeyFiles::remove() {
  std::error_code ignored;
  for (const std::string& name : names_) std::filesystem::remove(directory_ / name, ignored);
}

std::vector<std::string> KeyFiles::arguments() const {
  if (!any()) return {};
  std::vector<std::string> out = {"--plugin-load-add=file_key_management",
                                  format("--loose-file-key-management-filename={}", (directory_ / kKeys).string())};
  if (names_.size() > 1) {
    out.push_back(format("--loose-file-key-management-filekey=FILE:{}", (directory_ / kPassword).string()));
  }
  return out;
}

}  // namespace lifeboat::server
