/// Where volumes live on this host: `<state root>/volumes/<name>/`, with in it
///   `volume.json`  what it is: id, image, mountpoint, bound, how to reach its vault (paths and URL, never a secret)
///   `process.json` pid and start time of the volume process, while one runs
///   `local/`       the engine's state (docs/internals/volume-format.md)
///   `status.json`  how it stood when it was last unmounted cleanly
///   `control`      unix socket of the volume process
///   `log`          what the volume process says
/// Threads: functions without state. Errors: Exception.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/process.h"

namespace lifeboat::volume {

enum class VolumeState {
  kNotMounted,  ///< no process
  kMounted,     ///< its process runs
  kDead,        ///< its process is gone without an unmount: mounting it again replays its journal
};
std::string_view volume_state_name(VolumeState state);  ///< "not mounted", "mounted", "dead"

/// One volume as its files tell.
struct VolumeRecord {
  std::string name;
  std::string id;  ///< random; what the vault knows it by
  Path state_dir;
  Path mountpoint;    ///< where it is, or was last, mounted
  std::string image;  ///< what it was created from
  std::uint64_t space_max = 0;
  std::string vault_url;
  Path passphrase_file;
  Path recovery_key_file;
  VolumeState state = VolumeState::kNotMounted;
  ProcessIdentity process;
};

/// $LIFEBOAT_STATE, else /var/lib/lifeboat for root, else ~/.local/state/lifeboat.
Path default_state_root();
Path volume_directory(const Path& state_root, std::string_view name);
/// Throws kUsage unless `name` is 1 to 64 of [A-Za-z0-9._-] and does not begin with a dot or dash.
void check_volume_name(std::string_view name);
/// The last part of a path made into a legal name.
std::string volume_name_for(const Path& mountpoint);

/// Every volume under the root, by name.
std::vector<VolumeRecord> find_volumes(const Path& state_root);
std::optional<VolumeRecord> find_volume(const Path& state_root, std::string_view name);
/// By name or mountpoint; empty text: the only one there is. Throws kNotFound or kUsage naming the candidates.
VolumeRecord open_volume_record(const Path& state_root, std::string_view name_or_mountpoint);
/// Durably.
void save_volume_record(const VolumeRecord& record);

/// The content of `volume.json` (what is saved) and of `process.json`, from untrusted bytes; throw kCorruption naming
/// `what`.
VolumeRecord decode_volume_record(ByteView content, std::string_view what);
ProcessIdentity decode_process(ByteView content, std::string_view what);

Path control_socket(const Path& state_dir);
Path log_file(const Path& state_dir);
Path process_file(const Path& state_dir);
/// How the volume stood when it was last unmounted cleanly.
Path last_status_file(const Path& state_dir);
Path engine_directory(const Path& state_dir);

}  // namespace lifeboat::volume
