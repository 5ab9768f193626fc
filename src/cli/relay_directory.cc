#include "cli/relay_directory.h"

#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "relay/status_file.h"
#include "volume/state_dir.h"

namespace lifeboat::cli {
namespace {

constexpr std::size_t kPathMax = 4096;

Path running_relays() {
  return volume::default_state_root() / "relays";
}

bool runs(const Path& directory) {
  const auto status = relay::find_status(directory);
  return status && relay::is_running(*status);
}

/// What relays left that were killed.
void remove_dead(const Path& root) {
  for (const std::string& name : list_directory(root)) {
    pid_t pid = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool is_pid = read.ec == std::errc{} && read.ptr == name.data() + name.size();
    if (is_pid && !process_start_time(pid)) std::filesystem::remove(root / name);
  }
}

}  // namespace

Path relay_directory(const std::string& given) {
  if (!given.empty()) {
    if (!std::filesystem::is_directory(given)) {
      fail(Code::kNotFound, format("{}: no such directory", given), "Give the --dir of `relay run`.");
    }
    return std::filesystem::absolute(given);
  }
  std::vector<std::string> found;
  const Path root = running_relays();
  if (std::filesystem::is_directory(root)) {
    for (const std::string& name : list_directory(root)) {
      const auto content = find_and_read_file(root / name, kPathMax);
      if (content && runs(Path(as_text(*content)))) found.emplace_back(as_text(*content));
    }
  }
  if (found.empty()) {
    fail(Code::kNotFound, "no relay runs on this host, as far as this user can tell",
         "Log in as the user that runs it, or give its directory with --dir. Is its host gone? The vault alone is "
         "enough: lifeboat rescue "
         "--standalone.");
  }
  if (found.size() > 1) {
    fail(Code::kUsage, lifeboat::format("{} relays run on this host: {}", found.size(), fmt::join(found, ", ")),
         "Say which with --dir.");
  }
  return found.front();
}

std::string os_user() {
  const char* const sudo = ::geteuid() == 0 ? std::getenv("SUDO_USER") : nullptr;
  if (sudo != nullptr && *sudo != '\0') return format("os:{}", sudo);
  const passwd* const entry = ::getpwuid(::geteuid());
  return entry != nullptr ? format("os:{}", entry->pw_name) : format("os:{}", ::geteuid());
}

RunningRelay::RunningRelay(const Path& directory) : file_(running_relays() / std::to_string(::getpid())) {
  try {
    make_directories(file_.parent_path());
    remove_dead(file_.parent_path());
    write_file_durably(file_, as_bytes(directory.string()));
  } catch (const Exception& e) {
    log::warn("commands need --dir to find this relay: {}", e.what());
  }
}

RunningRelay::~RunningRelay() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace lifeboat::cli
