#include "vault/session.h"

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

using Clock = std::chrono::steady_clock;
constexpr auto kRenewalInterval = kSessionLifetime / 5;

}  // namespace

struct Session::State {
  State(Vault& vault_in, SessionKind kind, ImageName image) : vault(vault_in) {
    record.place = ProcessPlace::ours();
    record.info.kind = kind;
    record.info.image = std::move(image);
    record.info.started = vault.store().clock();
    started = Clock::now();
  }

  SystemTime store_now() const {
    return record.info.started + std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started);
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

  /// One renewal, or the end. A name is sealed once: an object whose put failed is put again before anything else.
  bool advance(bool end) {
    const std::scoped_lock lock(mutex);
    if (lost || record.info.ended) return !lost;
    if (!unconfirmed.empty() && !settle()) return false;
    record.info.expires = store_now() + kSessionLifetime;
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
    while (!wake.wait_for(lock, stop, kRenewalInterval, [&] { return stop.stop_requested(); })) {
      try {
        if (!advance(false)) return;
      } catch (const std::exception& e) {
        log::warn("renewing session {} failed: {}", id_text(id), e.what());
      }
    }
  }

  Vault& vault;
  Id id = random_id();
  Clock::time_point started;
  std::condition_variable_any wake;
  std::mutex mutex;  ///< all below
  SessionRecord record;
  std::uint64_t next = 0;
  Bytes unconfirmed;
  bool lost = false;
  std::jthread renewer;
};

Session::Session(Vault& vault, SessionKind kind, ImageName image)
    : state_(std::make_unique<State>(vault, kind, std::move(image))) {
  state_->advance(false);
  state_->renewer = std::jthread([state = state_.get()](const std::stop_token& stop) { state->renew_until(stop); });
}

Session::~Session() {
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

const Id& Session::id() const {
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
