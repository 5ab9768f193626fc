// Other people's sessions: reading them, telling the dead from the living, ending them. Declared in session.h.

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "vault/format.h"
#include "vault/sealed_object.h"
#include "vault/session.h"
#include "vault/session_record.h"
#include "vault/token.h"

namespace lifeboat::vault {
namespace {

struct Listed {
  std::uint64_t number = 0;
  SystemTime modified;
};

/// The newest object of each session.
std::map<Id, Listed> list_newest(Vault& vault, std::string_view prefix) {
  std::map<Id, Listed> newest;
  vault.store().list(prefix, [&](const store::ObjectInfo& info) {
    const auto object = parse_session_object_name(info.name);
    if (!object) return;
    const auto [at, added] = newest.try_emplace(object->id, Listed{object->number, info.modified});
    if (!added && at->second.number < object->number) at->second = {object->number, info.modified};
  });
  return newest;
}

std::string prefix_of(const Id& id) {
  return format("{}{}-", kSessionsPrefix, id_text(id));
}

SessionInfo unreadable(const Listed& listed, std::string_view why) {
  SessionInfo info;
  info.started = listed.modified;
  info.expires = listed.modified + kSessionLifetime;
  info.damage = why;
  return info;
}

SessionInfo parse(Vault& vault, const Id& id, const Listed& listed, const Bytes& object) {
  const std::string name = session_object_name(id, listed.number);
  try {
    if (read_token(vault.keys(), ObjectKind::kSession, name, object, {kEndedWord})) {
      SessionInfo info;
      info.ended = true;
      return info;
    }
    const Bytes payload = open_object(vault.keys(), ObjectKind::kSession, name, object);
    SessionRecord record = decode_session(as_text(payload));
    // Over a network a request of a killed process may still arrive. A volume keeps its image when its process is gone.
    const bool local = vault.store().latency().count() == 0;
    record.info.dead = local && record.info.kind != SessionKind::kKeep && record.place.gone();
    return std::move(record.info);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
    return unreadable(listed, e.what());
  }
}

/// Empty if it has ended and was tidied up while we looked.
std::optional<SessionInfo> read_session(Vault& vault, const Id& id, Listed listed) {
  while (true) {
    try {
      SessionInfo info = parse(vault, id, listed, vault.store().get(session_object_name(id, listed.number)));
      info.id = id;
      info.number = listed.number;
      return info;
    } catch (const Exception& e) {
      if (e.code() != Code::kNotFound) throw;
    }
    // Renewed or ended since it was listed.
    const auto again = list_newest(vault, prefix_of(id));
    if (again.empty()) return std::nullopt;
    listed = again.begin()->second;
  }
}

}  // namespace

std::string SessionInfo::text() const {
  if (!damage.empty()) return format("session {} (damaged)", id_text(id));
  if (kind == SessionKind::kKeep) return format("a volume of host {} (keep, until {})", host, format_time(expires));
  return format("pid {} on host {} ({})", pid, host, session_kind_name(kind));
}

std::vector<SessionInfo> list_sessions(Vault& vault) {
  std::vector<SessionInfo> sessions;
  const auto newest = list_newest(vault, kSessionsPrefix);
  if (newest.empty()) return sessions;
  const SystemTime now = vault.store().clock();
  for (const auto& [id, listed] : newest) {
    auto info = read_session(vault, id, listed);
    if (!info) continue;
    info->dead = info->dead || (!info->ended && info->expires <= now);
    sessions.push_back(std::move(*info));
  }
  std::ranges::sort(sessions, {}, &SessionInfo::started);
  return sessions;
}

std::vector<SessionInfo> live_sessions(Vault& vault) {
  std::vector<SessionInfo> live;
  for (SessionInfo& session : list_sessions(vault)) {
    if (session.ended) continue;
    if (session.dead) {
      if (end_session(vault, session)) continue;
      session.dead = false;  // its owner was only slow
    }
    live.push_back(std::move(session));
  }
  return live;
}

bool end_session(Vault& vault, const SessionInfo& session) {
  const std::uint64_t number = session.number + 1;
  const std::string name = session_object_name(session.id, number);
  try {
    vault.store().put(name, make_token(vault.keys(), ObjectKind::kSession, name, kEndedWord));
  } catch (const Exception& e) {
    if (e.code() != Code::kExists) throw;
    const auto again = list_newest(vault, prefix_of(session.id));
    if (again.empty()) return true;
    const auto info = read_session(vault, session.id, again.begin()->second);
    return !info || info->ended;
  }
  // The number may have been free because the owner is far beyond it.
  const auto newest = list_newest(vault, prefix_of(session.id));
  if (newest.empty() || newest.begin()->second.number <= number) return true;
  vault.store().remove(name);
  return false;
}

void remove_session(Vault& vault, const SessionInfo& session) {
  std::vector<std::uint64_t> numbers;
  vault.store().list(prefix_of(session.id), [&](const store::ObjectInfo& info) {
    if (const auto object = parse_session_object_name(info.name)) numbers.push_back(object->number);
  });
  // The one that ends it goes last: while it is there its owner cannot go on.
  std::ranges::sort(numbers);
  for (const std::uint64_t number : numbers) vault.store().remove(session_object_name(session.id, number));
}

void end_keeping(Vault& vault, std::string_view holder, const std::set<Id>& except) {
  std::vector<SessionInfo> ended;
  for (SessionInfo& session : list_sessions(vault)) {
    if (session.kind != SessionKind::kKeep || session.holder != holder || except.contains(session.id)) continue;
    if (session.ended || end_session(vault, session)) ended.push_back(std::move(session));
  }
  try {
    for (const SessionInfo& session : ended) remove_session(vault, session);
  } catch (const Exception& e) {
    log::debug("objects of ended sessions are left to prune: {}", e.what());
  }
}

}  // namespace lifeboat::vault
