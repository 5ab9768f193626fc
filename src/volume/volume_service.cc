#include "volume/volume_service.h"

#include <csignal>
#include <ctime>
#include <future>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/units.h"
#include "volume/mount_table.h"

namespace lifeboat::volume {
namespace {

/// From the snapshot: its client holds something still meanwhile, which is over in milliseconds.
constexpr std::chrono::seconds kConfirmPatience{10};

bool is_true(const json::object& request, std::string_view key) {
  const json::value* value = request.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

FuseOptions fuse_options(const VolumeRecord& record) {
  return {.mountpoint = record.mountpoint,
          .name = record.name,
          .local_directory = record.state_dir,
          .space_max = record.space_max,
          .threads = 0};
}

}  // namespace

VolumeService::VolumeService(Volume& volume, vault::Vault* vault, const VolumeRecord& record, bool hydrate)
    : volume_(volume),
      vault_(vault),
      record_(record),
      images_in_use_(vault, volume, record.id),
      mount_(volume, fuse_options(record)),
      hydrator_(volume, !hydrate),
      housekeeper_([this](const std::stop_token& stop) { keep_house(stop); }),
      teller_([this](const std::stop_token& stop) { tell_vault(stop); }),
      control_(control_socket(record.state_dir),
               [this](std::string_view what, const json::object& request, const ControlServer::SendProgress& progress) {
                 return handle(what, request, progress);
               }) {}

void VolumeService::serve_until(const sigset_t& signals) {
  constexpr timespec kTick{.tv_sec = 0, .tv_nsec = 20'000'000};
  while (!mount_.ended()) {
    if (const int number = ::sigtimedwait(&signals, nullptr, &kTick); number > 0) {
      log::info("signal {}: unmounting", number);
      return;
    }
  }
}

void VolumeService::end() {
  if (!launch_list_taken_) take_launch_list();
  if (!mount_.ended()) {
    volume_.sync_all();
    try {
      mount_.unmount();
    } catch (const Exception& e) {
      log::warn("{}: detached all the same", e.error().text());
      detach_mount(record_.mountpoint);
    }
  }
  volume_.sync_all();
}

void VolumeService::take_launch_list() {
  LaunchList list = volume_.launch_list();
  const std::scoped_lock lock(house_mutex_);
  launch_list_taken_ = true;
  if (!list.runs.empty()) launch_list_ = std::move(list);
  house_changed_.notify_all();
}

/// A convenience for the next boot: its failure is no failure of the volume.
void VolumeService::store_launch_list() {
  std::optional<LaunchList> list;
  {
    const std::scoped_lock lock(house_mutex_);
    list = std::exchange(launch_list_, std::nullopt);
  }
  if (!list || vault_ == nullptr) return;
  try {
    volume::store_launch_list(*vault_, list->image, list->runs);
  } catch (...) {
    log::warn("launch list not saved: {}", current_error().text());
  }
}

void VolumeService::keep_house(const std::stop_token& stop) {
  std::string last_error;
  while (!stop.stop_requested()) {
    try {
      volume_.maintain();
      last_error.clear();
    } catch (...) {
      const std::string error = current_error().text();
      if (error != last_error) log::error("housekeeping: {}", error);
      last_error = error;
    }
    std::unique_lock lock(house_mutex_);
    house_changed_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
  }
}

void VolumeService::tell_vault(const std::stop_token& stop) {
  for (;;) {
    images_in_use_.follow();
    store_launch_list();
    if (stop.stop_requested()) return;  // here, so that all is told however soon it is unmounted again
    std::unique_lock lock(house_mutex_);
    house_changed_.wait_for(lock, stop, std::chrono::seconds(1), [this] { return launch_list_.has_value(); });
  }
}

json::object VolumeService::status() {
  const VolumeStatus status = volume_.status();
  return {{"volume", record_.name},
          {"state", volume_state_name(VolumeState::kMounted)},
          {"mountpoint", record_.mountpoint.string()},
          {"pid", record_.process.pid},
          {"image", status.image},
          {"bytes", status.bytes},
          {"local_bytes", status.local_bytes},
          {"dirty_bytes", status.dirty_bytes},
          {"hydrated_bytes", status.hydrated_bytes},
          {"hydrated", status.hydrated},
          {"space_max", record_.space_max},
          {"committing", committing_ > 0},
          {"hydration", hydrator_.status()}};
}

json::object VolumeService::handle(std::string_view what, const json::object& request,
                                   const ControlServer::SendProgress& progress) {
  if (what == "status") return status();
  if (what == "commit") return commit(request, progress);
  if (what == "confirm") return confirm(request);
  if (what == "settle") {
    volume_.settle();
    return {{"settled", true}};
  }
  if (what == "umount") return unmount();
  if (what == "sync") {
    volume_.sync_all();
    return {{"synced", true}};
  }
  if (what == "launch_saved") {
    take_launch_list();
    return {{"saved", true}};
  }
  if (what == "hydrate") {
    hydrator_.pause(is_true(request, "pause"));
    if (is_true(request, "hurry")) hydrator_.hurry();
    return hydrator_.status();
  }
  fail(Code::kUsage, format("control request \"{}\": not known", what),
       "Known are status, commit, confirm, settle, sync, hydrate, launch_saved and umount.");
}

json::object VolumeService::commit(const json::object& request, const ControlServer::SendProgress& progress) {
  const Stopwatch watch;
  vault::ImageInfo describe;
  describe.time = now();
  describe.origin = request.contains("origin") ? json_string(request, "origin")
                                               : format("commit of volume {} on {}", record_.name, host_name());
  const json::value* server = request.if_contains("server");
  if (server != nullptr && server->is_object()) describe.server = server->get_object();
  std::mutex telling;
  const auto tell = [&](const json::object& line) {
    const std::scoped_lock lock(telling);
    progress(line);
  };
  SnapshotListener on_snapshot;
  if (is_true(request, "confirm")) {
    on_snapshot = [&](vault::ImageInfo& info) {
      confirmation_.expect();
      tell({{"snapshot", true}});
      for (const auto& [key, value] : confirmation_.wait(kConfirmPatience)) info.server[key] = value;
    };
  }
  CommitProgress counted;
  std::future<vault::ImageInfo> result =
      std::async(std::launch::async, [&] { return volume_.commit(describe, counted, on_snapshot); });
  ++committing_;
  bool ended = false;
  while (!ended) {
    ended = result.wait_for(std::chrono::seconds(1)) == std::future_status::ready;
    try {
      tell({{"seconds", watch.seconds()},
            {"done_bytes", counted.done_bytes.load()},
            {"dirty_bytes", counted.total_bytes.load()}});
    } catch (const Exception& e) {
      log::debug("commit goes on without its client: {}", e.error().text());
      result.wait();
      ended = true;
    }
  }
  --committing_;
  const vault::ImageInfo made = result.get();
  images_in_use_.follow();
  return {{"image", made.name}, {"bytes", made.bytes}, {"new_bytes", made.new_bytes}, {"seconds", watch.seconds()}};
}

json::object VolumeService::confirm(const json::object& request) {
  const json::value* server = request.if_contains("server");
  if (is_true(request, "give_up")) {
    confirmation_.give(std::nullopt);
  } else if (server != nullptr && server->is_object()) {
    confirmation_.give(server->get_object());
  } else {
    fail(Code::kUsage, "control request \"confirm\": an object \"server\" is missing");
  }
  return {{"confirmed", true}};
}

json::object VolumeService::unmount() {
  if (committing_ > 0) {
    fail(Code::kBusy, format("volume {}: a commit is running", record_.name), "Wait until it is done, then try again.");
  }
  volume_.sync_all();
  mount_.unmount();
  return {{"unmounted", record_.mountpoint.string()}};
}

}  // namespace lifeboat::volume
