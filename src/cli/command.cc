#include "cli/command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"

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
  const std::string& file = globals_.recovery_key_file.empty() ? globals_.passphrase_file : globals_.recovery_key_file;
  if (file.empty()) {
    fail(Code::kUsage, "no key for the vault",
         "Pass --passphrase-file FILE or --recovery-key-file FILE, or set LIFEBOAT_PASSPHRASE_FILE.");
  }
  return {codec::Secret(read_secret_file(file))};
}

std::unique_ptr<vault::Vault> Context::open_vault() const {
  return vault::Vault::open(open_store(), credential());
}

void Context::print(const json::value& value, std::string_view text) const {
  const std::string out = json() ? json::serialize(value) : std::string(text);
  std::fwrite(out.data(), 1, out.size(), stdout);
  if (out.empty() || out.back() != '\n') std::fputc('\n', stdout);
  std::fflush(stdout);
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
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
