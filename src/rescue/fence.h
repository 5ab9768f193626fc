/// A damaged server kept from taking writes while another takes its place, so that two sides never both do: read_only,
/// which lets in what replication brings, and who has the right to write even so.
///
/// Threads: free functions, one at a time each. Errors: those of relay::SourceConnection; kRefused if it does not take,
/// or not within a while.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relay/source_connection.h"

namespace lifeboat::rescue {

/// User and number of each connection that read_only does not stop. Who only reads a binary log is none.
inline constexpr std::string_view kWritersInSpite =
    "SELECT DISTINCT p.user, p.id FROM information_schema.processlist p JOIN information_schema.user_privileges u "
    "ON u.grantee LIKE CONCAT('\\'', p.user, '\\'@%') WHERE u.privilege_type = 'READ_ONLY ADMIN' "
    "AND p.user <> 'system user' AND p.command NOT LIKE 'Binlog Dump%' AND p.id <> CONNECTION_ID()";

/// Why nobody accepts a connection there: the server is stopped, or cut off. Nothing if somebody does: also one that
/// says nothing then may go on taking writes.
std::optional<std::string> why_not_reached(const relay::SourceLogin& login);
bool is_read_only(const relay::SourceLogin& login);
/// The accounts connected now that read_only does not stop.
std::vector<std::string> fence_server(const relay::SourceLogin& login);
/// What its binary log ends with: asked once all are fenced.
std::string fenced_position(const relay::SourceLogin& login);
void unfence_server(const relay::SourceLogin& login, bool read_only);

}  // namespace lifeboat::rescue
