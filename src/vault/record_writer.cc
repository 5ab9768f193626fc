#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "vault/pack_builder.h"
#include "vault/records.h"

namespace lifeboat::vault {

namespace {
/// Two, so that one slow fsync or upload does not hold up the next pack.
constexpr int kCommitThreads = 2;
/// Full packs waiting for a commit thread: bounds what a store that buffers a pack keeps in memory.
constexpr std::size_t kWaitingPacksMax = 2;
}  // namespace

/// A pack is at any time in one place: with the thread that adds to it, idle, waiting to be committed, or with a commit
/// thread. `mutex` is held for moving packs about only, never while one is worked on.
struct RecordWriter::State {
  struct OpenPack {
    std::unique_ptr<PackBuilder> pack;
    bool for_nodes = false;
    std::thread::id last_user;
  };

  State(Vault& vault_in, std::size_t pack_bytes_in) : vault(vault_in), pack_bytes(pack_bytes_in) {
    for (int i = 0; i < kCommitThreads; ++i) {
      threads.emplace_back([this](const std::stop_token& stop) { commit_packs(stop); });
    }
  }
  ~State() {
    for (std::jthread& thread : threads) thread.request_stop();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// A pack for this thread alone: the one it used last, so that what it adds lies together, else any, else a new one.
  OpenPack take_pack(bool for_nodes);
  void give_back(OpenPack pack);
  /// Closes a pack and queues it for commit, waiting while too many are queued.
  void hand_over(std::unique_ptr<PackBuilder> pack);
  void commit_packs(const std::stop_token& stop);
  void wait_until_committed();
  void throw_if_failed() const;
  /// Keeps the exception in flight if it is the first.
  void keep_error();

  Vault& vault;
  const std::size_t pack_bytes;
  std::atomic<std::uint64_t> bytes{0};

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<OpenPack> idle;
  bool nodes_apart = false;  ///< from the first full pack on
  std::deque<std::unique_ptr<PackBuilder>> waiting;
  int committing = 0;
  std::vector<Id> committed;
  std::exception_ptr error;
  std::vector<std::jthread> threads;  ///< last: they use the rest
};

void RecordWriter::State::throw_if_failed() const {
  if (error) std::rethrow_exception(error);
}

void RecordWriter::State::keep_error() {
  const std::lock_guard lock(mutex);
  if (!error) error = std::current_exception();
  changed.notify_all();
}

RecordWriter::State::OpenPack RecordWriter::State::take_pack(bool for_nodes) {
  {
    const std::lock_guard lock(mutex);
    throw_if_failed();
    auto found = idle.end();
    for (auto at = idle.begin(); at != idle.end(); ++at) {
      if (nodes_apart && at->for_nodes != for_nodes) continue;
      found = at;
      if (at->last_user == std::this_thread::get_id()) break;
    }
    if (found != idle.end()) {
      OpenPack pack = std::move(*found);
      idle.erase(found);
      return pack;
    }
    for_nodes = for_nodes && nodes_apart;
  }
  auto pack = std::make_unique<PackBuilder>(vault);
  bytes += pack->size();
  return {std::move(pack), for_nodes, {}};
}

void RecordWriter::State::give_back(OpenPack pack) {
  pack.last_user = std::this_thread::get_id();
  const std::lock_guard lock(mutex);
  idle.push_back(std::move(pack));
}

void RecordWriter::State::hand_over(std::unique_ptr<PackBuilder> pack) {
  const std::uint64_t size = pack->size();
  pack->close();
  bytes += pack->size() - size;
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return waiting.size() < kWaitingPacksMax || error; });
  throw_if_failed();
  nodes_apart = true;
  waiting.push_back(std::move(pack));
  changed.notify_all();
}

void RecordWriter::State::commit_packs(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  while (changed.wait(lock, stop, [&] { return !waiting.empty(); }) && !stop.stop_requested()) {
    std::unique_ptr<PackBuilder> pack = std::move(waiting.front());
    waiting.pop_front();
    ++committing;
    changed.notify_all();
    lock.unlock();
    bool done = false;
    try {
      pack->commit();
      done = true;
    } catch (...) {
      keep_error();
    }
    const Id id = pack->id();
    pack.reset();
    lock.lock();
    --committing;
    if (done) committed.push_back(id);
    changed.notify_all();
  }
}

void RecordWriter::State::wait_until_committed() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return (waiting.empty() && committing == 0) || error; });
  throw_if_failed();
}

RecordWriter::RecordWriter(Vault& vault, std::size_t pack_bytes) : state_(std::make_unique<State>(vault, pack_bytes)) {}

RecordWriter::~RecordWriter() = default;

RecordRef RecordWriter::add(RecordKind kind, PayloadCodec codec, std::initializer_list<ByteView> payload) {
  try {
    State::OpenPack open = state_->take_pack(kind == RecordKind::kNode);
    const RecordRef ref = open.pack->add(kind, codec, payload);
    state_->bytes += ref.length;
    if (open.pack->size() < state_->pack_bytes) {
      state_->give_back(std::move(open));
    } else {
      state_->hand_over(std::move(open.pack));
    }
    return ref;
  } catch (...) {
    state_->keep_error();
    throw;
  }
}

void RecordWriter::finish() {
  std::vector<State::OpenPack> packs;
  {
    const std::lock_guard lock(state_->mutex);
    state_->throw_if_failed();
    packs.swap(state_->idle);
  }
  try {
    for (State::OpenPack& open : packs) state_->hand_over(std::move(open.pack));
  } catch (...) {
    state_->keep_error();
    throw;
  }
  state_->wait_until_committed();
}

std::uint64_t RecordWriter::bytes_written() const {
  return state_->bytes;
}

std::vector<Id> RecordWriter::packs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->committed;
}

}  // namespace lifeboat::vault
