#include "cli/command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/printable.h"
#include "vault/credential_file.h"
#include "vault/key_slots.h"

namespace lifeboat::cli {

ProgressStyle Context::progress_style() const {
  if (globals_.progress == "json") return ProgressStyle::kJson;
  if (globals_.progress == "bar") return ProgressStyle::kBar;
  if (globals_.progress == "none") return ProgressStyle::kNone;
  return ::isatty(STDERR_FILENO) != 0 ? ProgressStyle::kBar : ProgressStyle::kNone;
}

std::unique_ptr<store::Store> Context::open_store() const {
  if (globals_.vault_url.empty()) {
    fail(Code::kUsage, "no vault named",
         "Pass --vault file:///dir or --vault s3://bucket/prefix?endpoint=…, or set LIFEBOAT_VAULT.");
  }
  return store::open_store(globals_.vault_url);
}

vault::Credential Context::credential() const {
  if (!globals_.recovery_key_file.empty()) return vault::read_recovery_key(globals_.recovery_key_file);
  if (globals_.passphrase_file.empty()) {
    fail(Code::kUsage, "no key for the vault",
         "Pass --passphrase-file FILE or --recovery-key-file FILE, or set LIFEBOAT_PASSPHRASE_FILE.");
  }
  return vault::read_passphrase(globals_.passphrase_file);
}

std::unique_ptr<vault::Vault> Context::open_vault() const {
  return vault::Vault::open(open_store(), credential());
}

void Context::print(const json::value& value, std::string_view text) const {
  std::string out = json() ? valid_utf8(json::serialize(value)) : printable_lines(text);
  if (out.empty() || out.back() != '\n') out += '\n';
  write_full(STDOUT_FILENO, as_bytes(out), "the result to standard output");
}

void Context::print_recovery_key(vault::Vault& vault, const vault::Id& slot, const json::value& value,
                                 std::string_view text) const {
  try {
    print(value, text);
    // A disk may take the bytes and lose them later (NFS, quotas). What is no file can't be synced.
    if (::fsync(STDOUT_FILENO) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
      fail_errno("sync standard output", errno);
    }
  } catch (const Exception& e) {
    vault::remove_slot(vault, slot);
    fail(e.code(), format("{}; the recovery key was not shown whole and is void", e.error().text()),
         "Make another with: lifeboat vault key add --recovery");
  }
}

std::string format_table(std::vector<std::vector<std::string>> rows) {
  std::vector<std::size_t> widths;
  for (std::vector<std::string>& row : rows) {
    for (std::string& cell : row) cell = printable(cell);
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : format("{:<{}}  ", row[i], widths[i]);
    }
    out += line + "\n";
  }
  return out;
}

}  // namespace lifeboat::cli
