#include "vault/session.h"

#include <time.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/sealed_object.h"
#include "vault/session_record.h"

namespace lifeboat::vault {
namespace {

/// Since boot, the time that this host was suspended included: std::chrono::steady_clock stands still then.
std::chrono::milliseconds since_boot() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::milliseconds(time.tv_nsec / 1'000'000);
}

std::chrono::milliseconds lifetime(SessionKind kind) {
  return kind == SessionKind::kKeep ? std::chrono::milliseconds(kKeepLifetime) : kSessionLifetime;
}

/// Each renewal is an object, which stays for a prune to remove where these credentials cannot.
std::chrono::milliseconds renewal_interval(SessionKind kind) {
  return kind == SessionKind::kKeep ? std::chrono::hours(6) : kSessionLifetime / 5;
}

bool only_reads(SessionKind kind) {
  return kind == SessionKind::kRead || kind == SessionKind::kKeep;
}

}  // namespace

struct Session::State {
  State(Vault& vault_in, SessionKind kind, ImageName image, std::string holder) : vault(vault_in) {
    record.place = ProcessPlace::ours();
    record.info.kind = kind;
    record.info.image = std::move(image);
    record.info.holder = std::move(holder);
  }

  SystemTime store_now() {
    const std::scoped_lock lock(clock_mutex);
    return asked_store + (since_boot() - asked_at);
  }

  /// Asked at every renewal: no clock of a virtual machine knows how long the machine was paused.
  SystemTime ask_store() {
    const SystemTime now = vault.store().clock();
    const std::scoped_lock lock(clock_mutex);
    asked_store = now;
    asked_at = since_boot();
    return now;
  }

  /// Puts `object` under the next number, and is sure of it: false if somebody has taken the number, or has ended this
  /// session before and tidied up.
  bool put_next(const Bytes& object) {
    const std::string name = session_object_name(id, next);
    try {
      vault.store().put(name, object);
    } catch (const Exception& e) {
      if (e.code() != Code::kExists) throw;
      // Perhaps our own: a put whose answer was lost.
      if (vault.store().get(name) != object) return false;
    }
    if (next > 0 && !vault.store().find(session_object_name(id, next - 1))) {
      remove(next);
      return false;
    }
    if (next > 0) remove(next - 1);
    ++next;
    return true;
  }

  /// A reader builds on nothing, so where it was taken for dead (its host slept for long) it can just go on, under
  /// another id.
  void begin_anew() {
    log::warn("the session for image {} was ended by somebody else, perhaps because this host stood still; begun anew",
              record.info.image);
    id = random_id();
    next = 0;
    lost = false;
  }

  /// One renewal, or the end. False, then and ever after, if somebody else has ended it.
  bool advance(bool end) {
    const std::scoped_lock lock(mutex);
    if (record.info.ended) return !lost;
    if (!lost && renew(end)) return true;
    if (end || !only_reads(record.info.kind)) return false;
    begin_anew();
    return renew(false);
  }

  /// A name is sealed once: an object whose put failed is put again before anything else.
  bool renew(bool end) {
    if (!unconfirmed.empty() && !settle()) return false;
    const SystemTime now = ask_store();
    if (next == 0) record.info.started = now;
    record.info.expires = now + lifetime(record.info.kind);
    record.info.ended = end;
    unconfirmed = seal_object(vault.keys(), ObjectKind::kSession, session_object_name(id, next),
                              as_bytes(encode_session(record)));
    return settle();
  }

  bool settle() {
    lost = !put_next(unconfirmed);
    unconfirmed.clear();
    return !lost;
  }

  /// Best effort: what stays expires and is tidied up by prune.
  void remove(std::uint64_t number) noexcept {
    try {
      vault.store().remove(session_object_name(id, number));
    } catch (const std::exception& e) {
      log::debug("session {} is left to prune: {}", id_text(id), e.what());
    }
  }

  void renew_until(const std::stop_token& stop) {
    std::mutex unused;
    std::unique_lock lock(unused);
    const auto interval = renewal_interval(record.info.kind);
    while (!wake.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
      try {
        if (!advance(false)) return;
      } catch (const std::exception& e) {
        log::warn("renewing session {} failed: {}", id_text(id), e.what());
      }
    }
  }

  Vault& vault;
  std::mutex clock_mutex;  ///< the two below
  SystemTime asked_store;
  std::chrono::milliseconds asked_at{};
  std::condition_variable_any wake;
  std::mutex mutex;  ///< all below
  Id id = random_id();
  SessionRecord record;
  std::uint64_t next = 0;
  Bytes unconfirmed;
  bool lost = false;
  std::jthread renewer;
};

Session::Session(Vault& vault, SessionKind kind, ImageName image, std::string holder)
    : state_(std::make_unique<State>(vault, kind, std::move(image), std::move(holder))) {
  state_->advance(false);
  state_->renewer = std::jthread([state = state_.get()](const std::stop_token& stop) { state->renew_until(stop); });
}

Session::~Session() {
  if (state_ == nullptr) return;  // left
  try {
    static_cast<void>(finish());
  } catch (const std::exception& e) {
    log::debug("session {} is left to expire: {}", id_text(state_->id), e.what());
  }
}

void Session::obey(const std::vector<Id>& marks) {
  const std::scoped_lock lock(state_->mutex);
  state_->record.info.knows.insert(marks.begin(), marks.end());
}

void Session::check() {
  if (state_->advance(false)) return;
  fail(Code::kConflict, "this session in the vault was ended by somebody else",
       "The store could not be reached for minutes, or this process was stopped, or `vault unlock --force` was used. "
       "Run the command again.");
}

bool Session::finish() {
  state_->renewer.request_stop();
  if (!state_->advance(true)) return false;
  state_->remove(state_->next - 1);
  return true;
}

void Session::leave() {
  state_.reset();
}

Id Session::id() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->id;
}

SystemTime Session::store_now() const {
  return state_->store_now();
}

ReadSession::ReadSession(Vault& vault, const ImageName& image) {
  try {
    session_.emplace(vault, SessionKind::kRead, image);
  } catch (const Exception& e) {
    log::warn("a prune will not know that image {} is in use: {}", image, e.what());
  }
}

}  // namespace lifeboat::vault
