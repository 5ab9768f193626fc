#include "rescue/seed_copy.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "rescue/backup_image.h"
#include "rescue/seed_pace.h"
#include "rescue/tool_output.h"
#include "server/encryption.h"
#include "server/option_file.h"
#include "server/settings.h"
#include "vault/export.h"
#include "vault/import.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kReadBytes = std::size_t{128} << 10U;
/// In what mariadb-backup says when the source has written over redo log that was not copied yet.
constexpr std::string_view kRedoLogLost = "only able to copy log";

Tool backup_tool(const SeedRequest& request) {
  if (!request.backup_command.empty()) return {.argv = {"sh", "-c", request.backup_command}, .advice = kSeedAdvice};
  // Everything it needs to know comes from the option file, and from the server itself.
  return {.argv = {"mariadb-backup", "--defaults-file=/dev/stdin", "--backup", "--stream=mbstream",
                   "--log-copy-interval=100"},
          .stdin_text = client_option_file(request.source, request.authority),
          .package = "mariadb-backup",
          .advice = kSeedAdvice};
}

void finish(ToolOutput& tool) {
  try {
    tool.finish();
  } catch (const Exception& e) {
    if (e.error().message.find(kRedoLogLost) == std::string::npos) throw;
    fail(e.code(), e.error().message,
         "The source writes its redo log faster than it was copied. Seed while it writes less, with --throttle none or "
         "a higher rate, or give it a larger innodb_log_file_size. What was stored is not stored again.");
  }
}

/// Returns how long it waited for the pace's sake, in seconds.
double read_stream(const SeedRequest& request, BackupStreamDecoder& decoder, Progress& progress) {
  SeedPace pace(request.bytes_per_second, request.source);
  ToolOutput tool(backup_tool(request));
  Bytes buffer(kReadBytes);
  try {
    for (ByteView piece = tool.read(buffer); !piece.empty(); piece = tool.read(buffer)) {
      decoder.feed(piece);
      const StreamContent content = decoder.take_content();
      progress.add(piece.size() - content.redo_log);  // the estimate of how much there is has none of it
      pace.pass_redo(content.redo_log);
      pace.pass(content.tablespaces);
    }
  } catch (const Exception& e) {
    // What comes from a tool that fails may make no sense: its own words tell more.
    if (e.code() != Code::kCorruption) throw;
    const std::string words = tool.last_words();
    if (words.empty()) throw;
    fail(Code::kCorruption, format("{}; the backup tool said: {}", e.error().text(), words), e.error().hint);
  }
  finish(tool);
  decoder.finish();
  return pace.waited_seconds();
}

vault::ImageInfo prepare_copy(const CopyBoot& boot, const vault::ImageInfo& copied, vault::Vault& vault) {
  const Path scratch = boot.branch.mount.state_root / format("prepare-{}", copied.name);
  std::filesystem::remove_all(scratch);
  const std::unique_ptr<const Path, void (*)(const Path*)> cleared(&scratch, [](const Path* path) {
    std::error_code ignored;
    std::filesystem::remove_all(*path, ignored);
  });
  {
    vault::ImageReader reader(vault, copied.name);
    Progress progress(boot.progress, "export", copied.bytes);
    vault::export_image(reader, {.directory = scratch, .threads = boot.threads, .progress = &progress});
  }
  run_tool({.argv = {"mariadb-backup", "--prepare", format("--target-dir={}", scratch.string())},
            .package = "mariadb-backup"});
  Progress progress(boot.progress, "import", copied.bytes);
  vault::ImportOptions import{
      .directory = scratch, .parent = copied.name, .describe = copied, .threads = boot.threads, .progress = &progress};
  import.describe.origin = format("{}, prepared, not booted", boot.origin);
  return vault::import_directory(vault, import);
}

void say_what_comes(const SeedSource& source) {
  if (source.bytes == 0) {
    log::info("copying; how much there is is not known");
  } else {
    log::info("copying about {}; the size is the server's own estimate, so the time left that is shown is a guess",
              format_size(source.bytes));
  }
}

}  // namespace

std::optional<vault::ImageName> find_earlier_seed(vault::Vault& vault, const std::string& source) {
  std::vector<std::string> damaged;  // no reason not to make a new one
  const std::vector<vault::ImageInfo> images = vault::list_images(vault, &damaged);
  const auto newest = std::find_if(images.rbegin(), images.rend(), [&](const vault::ImageInfo& image) {
    const json::value* seed = image.server.if_contains(kSeedMember);
    return seed != nullptr && seed->is_object() && seed->get_object().contains("source") &&
           seed->get_object().at("source") == json::value(source);
  });
  if (newest == images.rend()) return std::nullopt;
  return newest->name;
}

json::object seed_to_json(const SeedRequest& request) {
  return {{"source", request.source.address.endpoint.text()},
          {"method", request.method == SeedMethod::kDump ? "dump" : "physical"},
          {"log_kept", request.relay_directory.has_value()}};
}

CopiedImage copy_files(const SeedRequest& request, const SeedSource& source, vault::Vault& vault) {
  const std::string name = request.source.address.endpoint.text();
  std::optional<vault::ImageReader> parent;
  if (const auto earlier = find_earlier_seed(vault, name)) parent.emplace(vault, *earlier);
  CopiedImage copied;
  copied.image.time = now();
  copied.image.origin = format("seed of {}, not booted", name);
  say_what_comes(source);
  run_gently([&] {
    // Only the threads that compress and seal are started idle: the tool, which at its end holds the source's commits
    // back, waits for them once two dozen megabytes lie before them, and not before.
    std::optional<BackupImage> image;
    run_idly([&] { image.emplace(vault, parent ? &*parent : nullptr, request.threads); });
    BackupStreamDecoder decoder(*image);
    {
      Progress progress(request.progress, "seed", source.bytes);
      copied.waited_seconds = read_stream(request, decoder, progress);
    }
    BackupFacts facts = facts_of(image->settle());
    // Settings that the server told override those in the backup, which are the fewest.
    for (const auto& [setting, value] : source.settings) facts.server.settings[setting] = value;
    take_options(request.defaults_file, facts.server, copied.image);
    copied.image.server = server::to_json(facts.server);
    copied.image.server[kSeedMember] = seed_to_json(request);
    copied.position = std::move(facts.position);
    copied.image = image->publish(std::move(copied.image));
  });
  return copied;
}

void take_options(const Path& defaults_file, server::ServerInfo& server, vault::ImageInfo& image) {
  if (!defaults_file.empty()) {
    const auto options = server::read_server_options(defaults_file, server.version);
    for (const auto& [name, value] : server::relevant_settings(options)) server.settings[name] = value;
    image.attachments = server::collect_key_files(options, defaults_file.parent_path());
  }
  if (server::needs_keys(server) && image.attachments.empty()) {
    fail(Code::kLocked, "tables or logs are encrypted, and no key is kept with the image",
         "Give the server's option file with --defaults-file, so that its key file travels with the image.");
  }
}

BootedCopy boot_copy(const CopyBoot& boot, const vault::ImageInfo& copied, vault::Vault& vault) {
  if (!boot.prepare) {
    try {
      return {.branch = std::make_unique<SeedBranch>(boot.branch, copied.name), .prepared = {}};
    } catch (const Exception& e) {
      if (e.code() != Code::kUnavailable) throw;
      log::warn("the copy does not boot as it is, and is prepared by mariadb-backup first: {}", e.error().text());
    }
  }
  BootedCopy booted;
  booted.prepared = prepare_copy(boot, copied, vault);
  booted.branch = std::make_unique<SeedBranch>(boot.branch, booted.prepared->name);
  return booted;
}

}  // namespace lifeboat::rescue
