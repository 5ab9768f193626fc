/// Getting chunks of the image that are not local, each once however many ask, and keeping them in the base.
#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "base/error.h"
#include "base/log.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {
/// Local disk that fetched chunks leave free: they can be had again, what is written cannot.
constexpr std::uint64_t kReserveBytes = std::uint64_t{1} << 30U;
constexpr std::uint64_t kRoomCheckBytes = std::uint64_t{16} << 20U;
}  // namespace

/// One chunk on its way. Guarded by flights_mutex.
struct Volume::State::Flight {
  bool done = false;
  std::exception_ptr error;
  FetchedChunk chunk;
};

std::shared_ptr<vault::ImageReader> Volume::State::image_reader() {
  const std::scoped_lock lock(reader_mutex);
  return reader;
}

std::optional<vault::FileEntry> Volume::State::image_entry(Node& node, File& file, std::uint32_t epoch) {
  std::string path;
  std::shared_ptr<vault::ImageReader> from;
  {
    // Image, path and epoch belong together only while no commit ends.
    const std::shared_lock guard(gate);
    const std::shared_lock lock(file.lock);
    const std::scoped_lock entry_lock(file.entry_mutex);
    if (file.base_epoch != epoch) return std::nullopt;
    if (file.entry) return file.entry;
    path = node.image_path;
    from = image_reader();
  }
  std::optional<vault::FileEntry> entry = from->find(path);
  if (!entry || entry->type != vault::FileType::kFile) {
    fail(Code::kCorruption, format("{}: not in image {} although the volume was made from it", path, from->info().name),
         "Scrub the vault to see what is damaged.");
  }
  const std::shared_lock lock(file.lock);
  const std::scoped_lock entry_lock(file.entry_mutex);
  if (file.base_epoch == epoch) file.entry = *entry;
  return entry;
}

void Volume::State::fetch(const NodePtr& node, File& file, Missing missing, Fetched& fetched) {
  std::vector<std::shared_ptr<Flight>> flights_wanted;
  std::vector<std::shared_ptr<Flight>> own;
  {
    const std::shared_lock file_lock(file.lock);
    const std::uint32_t epoch = file.base_epoch;
    const std::scoped_lock lock(flights_mutex);
    for (std::uint64_t chunk = missing.first; chunk < missing.last; ++chunk) {
      if (file.hydrated.test(chunk)) continue;
      std::shared_ptr<Flight>& flight = flights[{&file, chunk}];
      if (!flight || flight->chunk.epoch != epoch) {
        flight = std::make_shared<Flight>();
        flight->chunk = {chunk, epoch, nullptr};
        own.push_back(flight);
      }
      flights_wanted.push_back(flight);
    }
  }
  if (!own.empty()) fly(node, file, own);
  std::unique_lock lock(flights_mutex);
  for (const std::shared_ptr<Flight>& flight : flights_wanted) {
    flights_wake.wait(lock, [&] { return flight->done; });
    if (flight->error) std::rethrow_exception(flight->error);
    if (flight->chunk.content) fetched.push_back(flight->chunk);
  }
}

void Volume::State::fly(const NodePtr& node, File& file, std::span<const std::shared_ptr<Flight>> own) {
  const std::uint32_t epoch = own.front()->chunk.epoch;
  const auto land = [&](Flight& flight, std::shared_ptr<const Bytes> content, const std::exception_ptr& error) {
    const std::scoped_lock lock(flights_mutex);
    flight.done = true;
    flight.error = error;
    flight.chunk.content = std::move(content);
    const auto entry = flights.find({&file, flight.chunk.chunk});
    if (entry != flights.end() && entry->second.get() == &flight) flights.erase(entry);
    flights_wake.notify_all();
  };
  const auto land_all = [&](const std::exception_ptr& error) {
    for (const std::shared_ptr<Flight>& flight : own) {
      std::unique_lock lock(flights_mutex);
      const bool done = flight->done;
      lock.unlock();
      if (!done) land(*flight, nullptr, error);
    }
  };
  node->waited_for += own.size();
  chunks_waited_for += own.size();
  try {
    const std::shared_ptr<vault::ImageReader> from = image_reader();
    if (!from) {
      fail(Code::kUnavailable, format("inode {}: not local yet, and the vault is not at hand", node->number),
           "Mount the volume with its vault, or wait for full hydration before taking the vault away.");
    }
    const std::optional<vault::FileEntry> entry = image_entry(*node, file, epoch);
    if (!entry) return land_all(nullptr);  // a commit has just ended: whoever waits asks again
    std::vector<vault::ChunkRequest> requests;
    std::size_t next = 0;
    const auto keep_and_land = [&](Flight& flight, ByteView content) {
      try {
        keep(file, flight.chunk.chunk, epoch, content);
      } catch (const Exception& error) {
        log::debug("not kept: {}", error.error().text());  // whoever waits gets it all the same
      }
      land(flight, std::make_shared<const Bytes>(content.begin(), content.end()), nullptr);
    };
    const auto land_hole = [&](std::uint64_t until) {
      static const Bytes kZeros(kChunkBytes);
      for (; next < own.size() && own[next]->chunk.chunk < until; ++next) keep_and_land(*own[next], kZeros);
    };
    from->for_each_chunk(*entry, own.front()->chunk.chunk, own.back()->chunk.chunk + 1,
                         [&](std::uint64_t chunk, const vault::ChunkRef& ref) {
                           land_hole(chunk);
                           if (next < own.size() && own[next]->chunk.chunk == chunk) requests.push_back({ref, next++});
                         });
    land_hole(~std::uint64_t{0});
    from->read_chunks(requests, 2, [&](const vault::ChunkRequest& request, ByteView content) {
      keep_and_land(*own[request.tag], content);
    });
  } catch (...) {
    land_all(std::current_exception());
  }
}

bool Volume::State::room_to_keep() {
  if (room_checked.fetch_add(kChunkBytes) % kRoomCheckBytes == 0) {
    const bool disk = free_space(data_directory) > kReserveBytes;
    const bool bound = options.space_max == 0 || static_cast<std::uint64_t>(std::max<std::int64_t>(space.used, 0)) <
                                                     options.space_max - options.space_max / 8;
    room_left = disk && bound;
  }
  return room_left;
}

void Volume::State::keep(File& file, std::uint64_t chunk, std::uint32_t epoch, ByteView content) {
  const bool zeros = all_zero(content);
  if (!zeros && !room_to_keep()) return;
  std::shared_lock lock(file.lock);
  if (!zeros && !file.base) {
    lock.unlock();
    {
      const std::unique_lock exclusive(file.lock);
      if (!file.base) file.base = new_data_file();
    }
    lock.lock();
  }
  if (epoch != file.base_epoch || file.hydrated.test(chunk) || chunk >= file.hydrated.size()) return;
  try {
    if (zeros) {
      if (file.base) file.base->punch(chunk * kChunkBytes, kChunkBytes);
    } else {
      file.base->write(content, chunk * kChunkBytes);
      file.base->charge(content.size());
    }
  } catch (const Exception& error) {
    if (error.code() != Code::kOutOfSpace) throw;
    room_left = false;  // served from memory this time
    return;
  }
  // In this order, so that a checkpoint never takes it for journaled.
  file.hydrated_pending.set(chunk);
  file.hydrated.set(chunk);
}

}  // namespace lifeboat::volume
