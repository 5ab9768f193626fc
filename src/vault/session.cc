#include "vault/session.h"

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRenewalInterval = kSessionLifetime / 5;
/// An owner stops trusting its session this long before others do: between its last check and the image's appearance
/// lies one put.
constexpr std::chrono::minutes kSafetyMargin{3};

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

struct WriterSession::State {
  explicit State(Vault& vault_in) : vault(vault_in) {}

  std::string object_name(std::uint64_t number) const {
    return format("{}{}-{}", kSessionsPrefix, id_text(id), number);
  }
  SystemTime store_now() const {
    return started_store + std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started);
  }

  /// Puts the next renewal and removes the one before, which has become pointless. From one thread at a time.
  void renew() {
    const Clock::time_point from = Clock::now();
    const std::uint64_t number = renewals++;  // not used again even if the put fails: it may have arrived
    const json::object object{{"kind", "write"},
                              {"host", host_name()},
                              {"pid", ::getpid()},
                              {"started", unix_ms(started_store)},
                              {"expires", unix_ms(store_now() + kSessionLifetime)}};
    put_object(vault, ObjectKind::kSession, object_name(number), as_bytes(json::serialize(object)));
    {
      const std::scoped_lock lock(mutex);
      alive_until = from + kSessionLifetime - kSafetyMargin;
    }
    if (number > 0) remove(number - 1);
  }

  /// Best effort: credentials without the right to remove are fine, the object expires.
  void remove(std::uint64_t number) noexcept {
    try {
      vault.store().remove(object_name(number));
    } catch (const std::exception& e) {
      log::debug("session {} stays until it expires: {}", id_text(id), e.what());
    }
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, kRenewalInterval, [&] { return stop.stop_requested(); })) {
      lock.unlock();
      try {
        renew();
      } catch (const std::exception& e) {
        log::warn("renewing the session {} failed: {}", id_text(id), e.what());
      }
      lock.lock();
    }
  }

  Vault& vault;
  Id id = random_id();
  SystemTime started_store;
  Clock::time_point started;
  mutable std::mutex mutex;
  std::condition_variable_any wake;
  Clock::time_point alive_until;
  std::uint64_t renewals = 0;
  std::jthread renewer;
};

WriterSession::WriterSession(Vault& vault) : state_(std::make_unique<State>(vault)) {
  state_->started_store = vault.store().clock();
  state_->started = Clock::now();
  state_->renew();
  state_->renewer = std::jthread([state = state_.get()](const std::stop_token& stop) { state->run(stop); });
}

WriterSession::~WriterSession() {
  state_->renewer.request_stop();
  state_->renewer.join();
  state_->remove(state_->renewals - 1);
}

void WriterSession::check() const {
  const std::scoped_lock lock(state_->mutex);
  if (Clock::now() < state_->alive_until) return;
  fail(Code::kConflict, "the writer's session in the vault was not renewed in time",
       "The store could not be reached for minutes, or this process was stopped. Run the command again.");
}

SystemTime WriterSession::store_now() const {
  return state_->store_now();
}

}  // namespace lifeboat::vault
